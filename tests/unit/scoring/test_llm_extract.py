from __future__ import annotations

import pytest

from evenhand.endpoints.base import AskError, Locality
from evenhand.errors import UsageError
from evenhand.records.message import FinishReason, Message, ModelSettings, Reply, Request
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.llm_extract import ExtractedEndpoint
from evenhand.scoring.templates import ask_templates


class Scripted:
    """Answers always the same and keeps what it was asked."""

    def __init__(
        self, text: str, *, finish: FinishReason = "stop", concurrency: int = 8, refusal: str | None = None
    ) -> None:
        self.text, self.finish, self._concurrency, self.refusal = text, finish, concurrency, refusal
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
        return Reply(text=self.text, finish=self.finish, refusal=self.refusal)

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
    assert asked.messages[0].role == "user"
    assert "Kim waits." in asked.messages[0].content


@pytest.mark.parametrize(
    "said",
    [
        "NONE",
        "none.",
        "**NONE**",
        "<think>B?</think>NONE",
        "Neither",
        "n/a",
        "No option fits",
        "several",
        "Unclear.",
        "unknown",
    ],
)
async def test_no_letter_found_is_an_empty_reading(said: str) -> None:
    assert (await wrapped(Scripted("Hard to say."), Scripted(said)).reply(REQUEST)).extracted == ""


@pytest.mark.parametrize(
    "reader",
    [
        Scripted("The reply chooses A", finish="length"),
        Scripted("A", finish="content_filter"),
        Scripted("A", finish="other"),
        Scripted("A", refusal="No."),
        Scripted("I'm sorry, I can't help with that. A"),
        Scripted("<think>A"),
        Scripted("  "),
    ],
)
async def test_a_reader_that_is_cut_off_or_declines_fails_and_chooses_nothing(reader: Scripted) -> None:
    with pytest.raises(AskError, match="reading model"):
        await wrapped(Scripted("They are afraid."), reader).reply(REQUEST)


@pytest.mark.parametrize("said", ["Noneth option", "B, none other"])
async def test_a_reading_that_only_begins_like_none_or_holds_the_word_is_kept(said: str) -> None:
    assert (await wrapped(Scripted("Hard to say."), Scripted(said)).reply(REQUEST)).extracted == said


async def test_a_readers_thoughts_are_set_apart() -> None:
    assert (await wrapped(Scripted("Afraid."), Scripted("<think>A or B</think>\nB")).reply(REQUEST)).extracted == "B"


@pytest.mark.parametrize(
    "assistant", [Scripted("They are", finish="length"), Scripted("  "), Scripted("They are afraid.", refusal="No.")]
)
async def test_an_unfinished_answer_is_not_read(assistant: Scripted) -> None:
    reader = Scripted("A")
    reply = await wrapped(assistant, reader).reply(REQUEST)
    assert reply.extracted is None
    assert not reader.asked


async def test_the_slower_of_the_two_decides_and_both_are_closed() -> None:
    assistant, reader = Scripted("x", concurrency=64), Scripted("A", concurrency=4)
    endpoint = wrapped(assistant, reader)
    assert endpoint.concurrency == wrapped(reader, assistant).concurrency == 4
    assert endpoint.locality == "any"
    await endpoint.aclose()
    assert assistant.closed
    assert reader.closed


def test_the_extractor_needs_the_model_that_reads() -> None:
    with pytest.raises(UsageError, match="model=openai/NAME"):
        extractor_named("llm_extract", {})
