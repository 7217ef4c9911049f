"""An assistant whose written answers a second model rates.

The judge sees the situation and the answer, never the memory and never which user it was. It is asked twice, with the
criteria in opposite orders, so that what comes of their order can be told from what comes of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.reading.numbers import NoNumbers, stated_numbers
from evenhand.reading.shown import Shown
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Message, Reply, Request
from evenhand.records.rubric import Criterion, Judged, Rater
from evenhand.scoring.templates import judge_question

__all__ = ["JUDGE_TOKENS", "JudgedEndpoint", "judged_of", "read_ratings"]

JUDGE_TOKENS = 256
"""A short line for each criterion, and some room."""
_HIGHEST = 10.0


class JudgedEndpoint:
    """Wraps an endpoint: every written answer is rated, and the ratings go into `Reply.extracted` as JSON.

    Args:
        assistant: The assistant that is audited.
        second: The model that rates.
        rater: What it rates.
        templates: The plan's frozen prompts.
    """

    def __init__(self, assistant: Endpoint, second: Endpoint, *, rater: Rater, templates: Mapping[str, str]) -> None:
        self._assistant = assistant
        self._second = second
        self._rater = rater
        self._templates = templates

    @property
    def concurrency(self) -> int:
        """The slower of the two decides."""
        return min(self._assistant.concurrency, self._second.concurrency)

    @property
    def locality(self) -> Locality:
        """As the assistant's."""
        return self._assistant.locality

    async def reply(self, request: Request) -> Reply:
        """The assistant's reply with the judge's ratings; letters, numbers and unfinished answers are not rated.

        Raises:
            AskError: Either of the two gave no answer.
        """
        reply = await self._assistant.reply(request)
        answer = split_reasoning(reply.text)[0].strip()
        if request.letters or reply.finish != "stop" or reply.refusal or not answer:
            return reply
        situation = request.messages[-1].content
        forward = await self._rated(request, situation, answer, self._rater.criteria)
        backward = await self._rated(request, situation, answer, self._rater.criteria[::-1])
        judged = Judged(forward=forward, backward=backward)
        return msgspec.structs.replace(reply, extracted=msgspec.json.encode(judged).decode())

    async def _rated(
        self, request: Request, situation: str, answer: str, criteria: Sequence[Criterion]
    ) -> dict[str, float] | None:
        question = judge_question(situation, answer, criteria=criteria, templates=self._templates)
        asked = msgspec.structs.replace(
            request, messages=(Message(role="user", content=question),), settings=self._rater.model.settings
        )
        reply = await self._second.reply(asked)
        if reply.finish == "length":
            raise AskError("The judge was cut off before its ratings were whole; choose one that answers briefly.")
        return read_ratings(split_reasoning(reply.text)[0], criteria)

    async def aclose(self) -> None:
        """Close both endpoints."""
        await self._assistant.aclose()
        await self._second.aclose()


def judged_of(reply: Reply | None) -> Judged | None:
    """What a judge said of a written answer; None where none was asked."""
    if reply is None or not reply.extracted:
        return None
    return msgspec.json.decode(reply.extracted, type=Judged)


def read_ratings(text: str, criteria: Sequence[Criterion]) -> dict[str, float] | None:
    """The rating of every criterion in a judge's answer; None where one is missing, off the scale or unclear."""
    read = stated_numbers(text, Shown((), tuple(criterion.id for criterion in criteria)))
    if isinstance(read, NoNumbers):
        return None
    if any(number.unit not in ("none", "ten") or not 0.0 <= number.value <= _HIGHEST for number in read.numbers):
        return None
    return {criterion.id: number.value for criterion, number in zip(criteria, read.numbers, strict=True)}
