"""Decisions and their book: what is kept of an answer, what is used of a book, what decides nothing."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from evenhand.endpoints.base import AskError, Locality
from evenhand.errors import StoreError
from evenhand.mitigate.asked.decisions import Decision, Decisions
from evenhand.mitigate.named import policy_named
from evenhand.mitigate.policy import AskedPolicy, Unread
from evenhand.records.decision import Decided, DecisionOutcome, FactDecision
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.profile import Fact, PlacedFact
from evenhand.records.trial import Failed, Refused, Truncated, Unparsed

FACT = PlacedFact(text="The user owns a large house.", dimension="assets", place=4)
QUESTION = "May I eat this?"
ASKED = Request(
    cell_key="c", messages=(Message(role="user", content=QUESTION),), settings=ModelSettings(), letters=("A",), seed=1
)


class Book:
    """Keeps in memory; refuses where it is full."""

    def __init__(self, *known: FactDecision, full: bool = False) -> None:
        self.kept = list(known)
        self._full = full

    def known(self) -> Iterable[FactDecision]:
        return list(self.kept)

    async def keep(self, decision: FactDecision) -> None:
        if self._full:
            raise StoreError("the disk is full")
        self.kept.append(decision)

    async def settle(self) -> None:
        return None


class Says:
    concurrency = 1
    locality: Locality = "any"

    def __init__(self, *said: Reply | AskError) -> None:
        self._said = list(said)
        self.asked: list[Request] = []

    async def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        said = self._said.pop(0)
        if isinstance(said, AskError):
            raise said
        return said

    async def aclose(self) -> None:
        return None


def policy(name: str = "gate") -> AskedPolicy:
    options = {"gate": {"by": "judge", "judge": "openai/x"}, "neutralise": {"by": "model", "model": "openai/x"}}[name]
    found = policy_named(name, options)
    assert isinstance(found, AskedPolicy)
    return found


async def decide(decisions: Decisions, model: Says, *, name: str = "gate", cell: str = "c") -> tuple[Decision, float]:
    request = replace(ASKED, cell_key=cell)
    return await decisions.of(FACT, QUESTION, policy=policy(name), model=model, request=request, assistant="openai/a")


def in_book(*known: FactDecision, full: bool = False) -> tuple[Decisions, Book]:
    book, decisions = Book(*known, full=full), Decisions()
    decisions.keep_in(book)
    return decisions, book


@pytest.mark.parametrize(
    ("name", "reply", "outcome", "used"),
    [
        ("gate", Reply(text="yes", finish="stop"), Decided(shown=Fact(text=FACT.text, dimension="assets")), FACT.text),
        ("gate", Reply(text="No.", finish="stop"), Decided(shown=None), None),
        (
            "neutralise",
            Reply(text="Fact: The user has a home.", finish="stop"),
            Decided(shown=Fact(text="The user has a home.", dimension="neutral")),
            "The user has a home.",
        ),
        ("gate", Reply(text="yes", finish="length"), Truncated(), Unread),
        ("gate", Reply(text="yes", finish="content_filter"), Refused(by="provider"), Unread),
        ("gate", Reply(text="yes", finish="stop", refusal="no"), Refused(by="assistant"), Unread),
        ("gate", Reply(text="yes", finish="other"), Unparsed(reason="ended for an unknown reason"), Unread),
        ("gate", Reply(text="Well?", finish="stop"), Unparsed(reason="not in the form that was asked for"), Unread),
    ],
)
async def test_every_answer_is_kept_word_for_word_with_what_came_of_it_and_used_by_the_next_run(
    name: str, reply: Reply, outcome: DecisionOutcome, used: str | type[Unread] | None
) -> None:
    reply = replace(reply, latency_s=0.25)
    decisions, book = in_book()
    first = await decide(decisions, Says(reply), name=name)
    (kept,) = book.kept
    assert (kept.outcome, kept.reply) == (outcome, reply)
    assert (kept.policy, kept.model, kept.assistant, kept.cell_key) == (name, "openai/x", "openai/a", "c")
    assert (kept.fact, kept.question) == (FACT.text, QUESTION if name == "gate" else "")
    assert kept.settings == policy(name).model.settings
    assert kept.input_characters == len(policy(name).prompt(FACT, QUESTION))
    resumed, _ = in_book(kept)
    nobody = Says()
    again = await decide(resumed, nobody, name=name)
    assert nobody.asked == []
    assert again == first
    shown, seconds = again
    assert seconds == 0.25
    if isinstance(used, type):
        assert isinstance(shown, used)
    else:
        assert (shown.text if isinstance(shown, Fact) else shown) == used
    assert (await decide(resumed, nobody, name=name, cell="another"))[1] == 0.0


async def test_a_failure_is_kept_decides_nothing_and_is_asked_again() -> None:
    decisions, book = in_book()
    model = Says(AskError("HTTP 500", attempts=3), Reply(text="yes", finish="stop"))
    with pytest.raises(AskError, match="HTTP 500"):
        await decide(decisions, model)
    assert [one.outcome for one in book.kept] == [Failed(error="HTTP 500", attempts=3)]
    assert book.kept[0].reply is None
    resumed, book = in_book(*book.kept)
    await decide(resumed, model)
    assert len(model.asked) == 2
    assert isinstance(book.kept[-1].outcome, Decided)


async def test_an_error_of_this_machine_is_no_outcome_of_the_model() -> None:
    decisions, book = in_book()
    error = AskError("no connection")
    error.__cause__ = OSError(24, "Too many open files")
    with pytest.raises(AskError):
        await decide(decisions, Says(error))
    assert book.kept == []


async def test_nothing_is_used_that_could_not_be_kept() -> None:
    decisions, _ = in_book(full=True)
    model = Says(Reply(text="yes", finish="stop"), Reply(text="yes", finish="stop"))
    for _ in range(2):
        with pytest.raises(StoreError, match="full"):
            await decide(decisions, model)
    assert len(model.asked) == 2


async def test_of_several_decisions_on_one_question_the_first_is_used() -> None:
    decisions, book = in_book()
    await decide(decisions, Says(Reply(text="no", finish="stop")))
    later = replace(book.kept[0], outcome=Decided(shown=Fact(text=FACT.text, dimension="assets")))
    resumed, _ = in_book(book.kept[0], later)
    assert (await decide(resumed, Says()))[0] is None
