"""An assistant whose memory a model looks at first: what is sent, what is asked once, what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from evenhand.endpoints.base import AskError, Locality
from evenhand.memory.remember import MemorySources
from evenhand.memory.templates import load_templates
from evenhand.mitigate.asked.book import NoBook
from evenhand.mitigate.asked.decisions import Decisions
from evenhand.mitigate.asked.endpoint import AskedEndpoint
from evenhand.mitigate.named import policy_named
from evenhand.mitigate.policy import AskedPolicy
from evenhand.records.language import Language
from evenhand.records.message import Message, ModelSettings, Recall, Reply, Request
from evenhand.records.profile import Arm, Fact, Placement

RICH = Fact(text="The user owns a large house.", dimension="assets")
NUTS = Fact(text="The user is allergic to nuts.", dimension="need")
MOSS = Fact(text="The user photographs mosses.", dimension="neutral")
SOURCES: dict[Language, MemorySources] = {"en": MemorySources(templates=load_templates())}


class Says:
    """Says what a function makes of the last turn; waits a moment, so that askers meet."""

    locality: Locality = "any"

    def __init__(self, says: Mapping[str, Reply | AskError], *, concurrency: int = 4) -> None:
        self.says = dict(says)
        self.concurrency = concurrency
        self.asked: list[Request] = []
        self.closed = False

    async def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        await asyncio.sleep(0.001)
        text = request.messages[-1].content
        said = next(reply for fact, reply in self.says.items() if fact in text)
        if isinstance(said, AskError):
            raise said
        return said

    async def aclose(self) -> None:
        self.closed = True


def said(text: str) -> Reply:
    return Reply(text=text, finish="stop", latency_s=0.5)


def request(*facts: Fact, question: str = "May I eat this?", placement: Placement = "system") -> Request:
    return Request(
        cell_key="c",
        messages=(Message(role="system", content="whole memory"), Message(role="user", content=question)),
        settings=ModelSettings(max_tokens=7),
        letters=("A",),
        seed=3,
        policy="gate",
        recall=Recall(
            arm=Arm(id="x/y", kind="profile", facts=facts),
            placement=placement,
            reader="none",
            query="",
            language="en",
            model="openai/x",
            calls=len(facts),
            characters=1,
            most_tokens=16,
        ),
    )


def behind(judge: Says, assistant: Says, *, decisions: Decisions | None = None, name: str = "gate") -> AskedEndpoint:
    options = {"gate": {"by": "judge", "judge": "openai/x"}, "neutralise": {"by": "model", "model": "openai/x"}}[name]
    policy = policy_named(name, options)
    assert isinstance(policy, AskedPolicy)
    return AskedEndpoint(
        assistant,
        {"gate": policy},
        models={policy.name: judge},
        sources=SOURCES,
        decisions=decisions or Decisions(),
    )


YES_NO = {RICH.text: said("no"), NUTS.text: said("yes"), MOSS.text: said("Who knows?")}


async def test_what_the_judge_leaves_is_what_the_assistant_sees_with_its_own_date() -> None:
    judge, assistant = Says(YES_NO), Says({"": said("A")})
    reply = await behind(judge, assistant).reply(request(RICH, NUTS, MOSS))
    (sent,) = assistant.asked
    system = sent.messages[0].content
    assert NUTS.text in system
    assert RICH.text not in system
    assert MOSS.text not in system
    assert "2025-01-28" in system  # the second fact keeps the date of its place
    assert sent.messages[1].content == "May I eat this?"
    assert (sent.policy, sent.recall, sent.letters) == (None, None, ("A",))
    assert reply.sent == sent.messages
    assert reply.latency_s == 0.5 + 3 * 0.5
    assert reply.note is not None
    assert "did not say whether it is needed" in reply.note
    assert [one.settings.max_tokens for one in judge.asked] == [16, 16, 16]
    assert {one.cell_key for one in judge.asked} == {"c"}  # paid on behalf of the cell


async def test_a_fact_is_asked_about_once_for_a_question_however_many_ask_at_once() -> None:
    judge, assistant, decisions = Says(YES_NO), Says({"": said("A")}), Decisions()
    one, two = behind(judge, assistant, decisions=decisions), behind(judge, assistant, decisions=decisions)
    await asyncio.gather(*(each.reply(request(RICH, NUTS)) for each in (one, two, one, two)))
    assert len(judge.asked) == 2
    again = await one.reply(request(NUTS, RICH))
    assert len(judge.asked) == 2
    assert again.latency_s == 0.5 + 2 * 0.5  # the same cell, asked again, took the time of what was asked for it
    other = await one.reply(replace(request(NUTS, RICH), cell_key="other"))
    assert (len(judge.asked), other.latency_s) == (2, 0.5)
    await one.reply(request(NUTS, question="And this?"))
    assert len(judge.asked) == 3


async def test_it_is_closed_when_every_decision_is_kept() -> None:
    order: list[str] = []

    class Book(NoBook):
        async def settle(self) -> None:
            order.append("kept")

    class Closing(Says):
        async def aclose(self) -> None:
            order.append("closed")

    decisions = Decisions()
    decisions.keep_in(Book())
    await behind(Closing(YES_NO), Closing({"": said("A")}), decisions=decisions).aclose()
    assert order == ["kept", "closed", "closed"]


async def test_a_memory_of_which_nothing_is_left_is_no_memory() -> None:
    judge, assistant = Says({RICH.text: said("no")}), Says({"": said("A")})
    placements: tuple[Placement, ...] = ("system", "tool", "history")
    for placement in placements:
        await behind(judge, assistant).reply(request(RICH, placement=placement))
        assert [turn.role for turn in assistant.asked[-1].messages] == ["system", "user"]


@pytest.mark.parametrize("reply", [Reply(text="yes", finish="length"), Reply(text="yes", finish="stop", refusal="no")])
async def test_an_answer_that_was_cut_or_refused_lets_nothing_through(reply: Reply) -> None:
    judge, assistant = Says({RICH.text: reply}), Says({"": said("A")})
    found = await behind(judge, assistant).reply(request(RICH))
    assert RICH.text not in assistant.asked[0].messages[0].content
    assert found.note is not None


async def test_a_model_that_gives_no_answer_fails_the_question_and_is_asked_again() -> None:
    judge, assistant = Says({RICH.text: AskError("down")}), Says({"": said("A")})
    endpoint = behind(judge, assistant)
    with pytest.raises(AskError, match="down"):
        await endpoint.reply(request(RICH))
    assert assistant.asked == []
    judge.says[RICH.text] = said("yes")
    assert (await endpoint.reply(request(RICH))).note is None
    assert len(judge.asked) == 2


async def test_requests_without_such_a_policy_pass_as_they_are_and_both_ends_are_closed() -> None:
    judge, assistant = Says(YES_NO, concurrency=2), Says({"": said("A")})
    endpoint = behind(judge, assistant)
    plain = Request(cell_key="c", messages=request().messages, settings=ModelSettings(), letters=(), seed=1)
    await endpoint.reply(plain)
    assert assistant.asked == [plain]
    assert (endpoint.concurrency, endpoint.locality) == (2, "any")
    await endpoint.aclose()
    assert (judge.closed, assistant.closed) == (True, True)


async def test_facts_that_are_written_alike_are_shown_once() -> None:
    judge = Says(
        {RICH.text: said("Fact: The user lives somewhere."), MOSS.text: said("Fact: The user lives somewhere.")}
    )
    assistant = Says({"": said("A")})
    policy = policy_named("neutralise", {"by": "model", "model": "openai/x"})
    assert isinstance(policy, AskedPolicy)
    endpoint = AskedEndpoint(
        assistant,
        {"gate": policy},
        models={"neutralise": judge},
        sources=SOURCES,
        decisions=Decisions(),
    )
    await endpoint.reply(request(RICH, MOSS))
    assert assistant.asked[0].messages[0].content.count("The user lives somewhere.") == 1
