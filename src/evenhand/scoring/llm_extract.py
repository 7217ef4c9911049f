"""An assistant whose free answers a second model reads.

The second model sees the question and the answer, never the memory, so that it cannot be swayed by who the user is.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from evenhand.endpoints.base import Endpoint, Locality
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.scoring.templates import extraction_question

__all__ = ["ExtractedEndpoint"]


class ExtractedEndpoint:
    """Wraps an endpoint: every finished answer is put to `reader`, whose letter goes into `Reply.extracted`.

    Args:
        assistant: The assistant that is audited.
        reader: The model that reads letters from its answers.
        templates: The plan's frozen prompts.
        settings: Settings of the reading model; temperature 0 is usual.
    """

    def __init__(
        self, assistant: Endpoint, reader: Endpoint, *, templates: Mapping[str, str], settings: ModelSettings
    ) -> None:
        self._assistant = assistant
        self._reader = reader
        self._templates = templates
        self._settings = settings

    @property
    def concurrency(self) -> int:
        """The slower of the two decides."""
        return min(self._assistant.concurrency, self._reader.concurrency)

    @property
    def locality(self) -> Locality:
        """As the assistant's."""
        return self._assistant.locality

    async def reply(self, request: Request) -> Reply:
        """The assistant's reply with the letter the reader found in it; unfinished answers are not read.

        Raises:
            AskError: Either of the two gave no answer.
        """
        reply = await self._assistant.reply(request)
        if reply.finish != "stop" or reply.refusal or not reply.text.strip():
            return reply
        question = extraction_question(request.messages[-1].content, reply.text, templates=self._templates)
        asked = msgspec.structs.replace(
            request, messages=(Message(role="user", content=question),), settings=self._settings
        )
        read = await self._reader.reply(asked)
        letter = read.text.strip()
        return msgspec.structs.replace(reply, extracted="" if letter.upper().startswith("NONE") else letter)

    async def aclose(self) -> None:
        """Close both endpoints."""
        await self._assistant.aclose()
        await self._reader.aclose()
