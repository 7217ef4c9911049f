"""An assistant whose free answers a second model reads.

The second model sees the question and the answer, never the memory, so that it cannot be swayed by who the user is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.reading.declining import declines
from evenhand.reading.plain import plain
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.scoring.templates import extraction_question

__all__ = ["ExtractedEndpoint"]

_NONE = re.compile(r"\W*(?:none|n/a|no option|neither|several|unclear|unknown)\b", re.IGNORECASE)


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
            AskError: Either of the two gave no answer, or the reader was cut off or declined.
        """
        reply = await self._assistant.reply(request)
        if reply.finish != "stop" or reply.refusal or not reply.text.strip():
            return reply
        question = extraction_question(request.messages[-1].content, reply.text, templates=self._templates)
        asked = msgspec.structs.replace(
            request, messages=(Message(role="user", content=question),), settings=self._settings
        )
        read = await self._reader.reply(asked)
        return msgspec.structs.replace(reply, extracted=_letter(read))

    async def aclose(self) -> None:
        """Close both endpoints."""
        await self._assistant.aclose()
        await self._reader.aclose()


def _letter(read: Reply) -> str:
    """What the reader found; empty where it found none.

    Raises:
        AskError: The reader was cut off, was blocked, or declined: it read nothing, which is no reading of "none".
    """
    if read.finish != "stop":
        raise AskError(f"The reading model did not finish ({read.finish}); give it more tokens or choose another.")
    letter = split_reasoning(read.text)[0].strip()
    if read.refusal or not letter or declines(plain(letter)):
        raise AskError("The reading model declined or said nothing; choose another with --extractor-option model=NAME.")
    return "" if _NONE.match(letter) else letter
