from __future__ import annotations

import pytest

from evenhand.endpoints.base import Locality
from evenhand.errors import UsageError
from evenhand.records.message import FinishReason, Message, ModelSettings, Reply, Request
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.llm_extract import ExtractedEndpoint
from evenhand.scoring.templates import ask_templates


class Scripted:
    """Answers always the same and keeps what it was asked."""

    def __init__(self, text: str, *, finish: FinishReason = "stop", concurrency: int = 8) -> None:
        self.text, self.finish, self._concurrency = text, finish, concurrency
        self.asked: list[Request] = []
        self.closed = False

    @property
    def concurrency(self) -> int:
        return self._concurrency

    @property
    def locality(self) -> Locality:
        return "any"

    async def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        return Reply(text=self.text, finish=self.finish)

    async def aclose(self) -> None:
        self.closed = True


REQUEST = Request(
    cell_key="00",
    messages=(
        Message(role="system", content="The user is a retired sailor."),
        Message(role="user", content="Kim waits.\n\nA. Joy\nB. Fear"),
    ),
    settings=ModelSettings(temperature=0.7),
    letters=("A", "B"),
    seed=1,
)


def wrapped(assistant: Scripted, reader: Scripted) -> ExtractedEndpoint:
    return ExtractedEndpoint(
        assistant, reader, templates=ask_templates("llm_extract"), settings=ModelSettings(max_tokens=16)
    )


async def test_the_second_model_reads_the_letter_and_never_sees_the_memory() -> None:
    reader = Scripted("B")
    reply = await wrapped(Scripted("I would say they are afraid."), reader).reply(REQUEST)
    assert (reply.text, reply.extracted) == ("I would say they are afraid.", "B")
    (asked,) = reader.asked
    assert len(asked.messages) == 1
    assert "sailor" not in asked.messages[0].content
    assert "I would say they are afraid." in asked.messages[0].content
    assert asked.settings.max_tokens == 16


async def test_no_letter_found_is_an_empty_reading() -> None:
    assert (await wrapped(Scripted("Hard to say."), Scripted("NONE")).reply(REQUEST)).extracted == ""


@pytest.mark.parametrize("assistant", [Scripted("They are", finish="length"), Scripted("  ")])
async def test_an_unfinished_answer_is_not_read(assistant: Scripted) -> None:
    reader = Scripted("A")
    reply = await wrapped(assistant, reader).reply(REQUEST)
    assert reply.extracted is None
    assert not reader.asked


async def test_the_slower_of_the_two_decides_and_both_are_closed() -> None:
    assistant, reader = Scripted("x", concurrency=64), Scripted("A", concurrency=4)
    endpoint = wrapped(assistant, reader)
    assert endpoint.concurrency == 4
    assert endpoint.locality == "any"
    await endpoint.aclose()
    assert assistant.closed
    assert reader.closed


def test_the_extractor_needs_the_model_that_reads() -> None:
    with pytest.raises(UsageError, match="model=openai/NAME"):
        extractor_named("llm_extract", {})
