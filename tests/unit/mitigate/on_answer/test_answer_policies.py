"""Policies on the answer: what is asked, what is made of it, and that no call is hidden."""

from __future__ import annotations

import math

import pytest

from evenhand.endpoints.base import AskError
from evenhand.mitigate.named import policy_named
from evenhand.mitigate.on_answer.agreement import agreed, middle_text, stated_lines
from evenhand.mitigate.on_answer.endpoint import PolicyEndpoint
from evenhand.mitigate.policy import AnswerPolicy
from evenhand.records.message import Message, ModelSettings, Reply, Request, TokenProbability, Usage
from evenhand.records.profile import Fact
from evenhand.scoring.probability import option_probabilities

HOME = Fact(text="The user owns a large house.", dimension="assets")
NUTS = Fact(text="The user is allergic to nuts.", dimension="need")
LETTERS = ("A", "B", "C")


def policy(name: str) -> AnswerPolicy:
    made = policy_named(name)
    assert isinstance(made, AnswerPolicy)
    return made


def request(memory: str = "", *, name: str | None = None, others: tuple[str, ...] = ()) -> Request:
    return Request(
        cell_key="c",
        messages=talk(memory),
        settings=ModelSettings(),
        letters=LETTERS,
        seed=1,
        policy=name,
        others=tuple(map(talk, others)),
        calls=max(1, len(others)),
    )


def talk(memory: str) -> tuple[Message, ...]:
    return (Message(role="system", content=memory), Message(role="user", content="Which?"))


class Scripted:
    """Says what its script has for the system message, and remembers what it was asked."""

    concurrency = 3
    locality = "any"

    def __init__(self, **script: Reply) -> None:
        self.script = script
        self.asked: list[tuple[Message, ...]] = []
        self.closed = False

    async def reply(self, request: Request) -> Reply:
        self.asked.append(request.messages)
        if request.messages[0].content == "gone":
            raise AskError("no answer")
        return self.script[request.messages[0].content]

    async def aclose(self) -> None:
        self.closed = True


def said(text: str, **fields: object) -> Reply:
    usage = Usage(input_tokens=10, output_tokens=2)
    return Reply(text=text, finish="stop", usage=usage, latency_s=1.0, **fields)  # type: ignore[arg-type]


def chances(**shares: float) -> tuple[TokenProbability, ...]:
    return tuple(TokenProbability(token=letter, logprob=math.log(share)) for letter, share in shares.items())


async def test_two_pass_answers_without_memory_first_and_sends_the_answer_back() -> None:
    assistant = Scripted(none=said("B"), memory=said("B, gently"))
    endpoint = PolicyEndpoint(assistant, {"two_pass": policy("two_pass")})  # type: ignore[arg-type]
    reply = await endpoint.reply(request("memory", name="two_pass", others=("none",)))
    assert [asked[0].content for asked in assistant.asked] == ["none", "memory"]
    assert [turn.role for turn in assistant.asked[1]] == ["system", "user", "assistant", "user"]
    assert assistant.asked[1][2].content == "B"
    assert reply.text == "B, gently"
    assert reply.sent == assistant.asked[1]
    assert [call.usage.input_tokens for call in reply.extra] == [10]
    assert reply.latency_s == 2.0
    assert policy("two_pass").memories((HOME,)) == ((),)


async def test_two_pass_ends_with_a_first_answer_that_is_none() -> None:
    cut = Reply(text="Well", finish="length")
    assistant = Scripted(none=cut, memory=said("A"))
    endpoint = PolicyEndpoint(assistant, {"two_pass": policy("two_pass")})  # type: ignore[arg-type]
    reply = await endpoint.reply(request("memory", name="two_pass", others=("none",)))
    assert (reply.text, reply.finish, len(assistant.asked)) == ("Well", "length", 1)


async def test_consensus_asks_under_every_made_up_user_and_counts_every_call() -> None:
    assistant = Scripted(one=said("A"), two=said("B"), three=said("B"))
    endpoint = PolicyEndpoint(assistant, {"consensus": policy("consensus")})  # type: ignore[arg-type]
    reply = await endpoint.reply(request("real", name="consensus", others=("one", "two", "three")))
    assert [asked[0].content for asked in assistant.asked] == ["one", "two", "three"]  # never the real memory
    assert (reply.text, reply.sent, len(reply.extra)) == ("B", talk("two"), 2)
    await endpoint.aclose()
    assert assistant.closed
    assert (endpoint.concurrency, endpoint.locality) == (3, "any")


async def test_consensus_without_a_social_fact_asks_once() -> None:
    assert policy("consensus").memories((NUTS,)) == ()
    assistant = Scripted(real=said("C"))
    endpoint = PolicyEndpoint(assistant, {"consensus": policy("consensus")})  # type: ignore[arg-type]
    assert (await endpoint.reply(request("real", name="consensus"))).text == "C"
    assert (await endpoint.reply(request("real"))).text == "C"
    assert len(assistant.asked) == 2


async def test_consensus_agrees_on_nothing_where_half_of_the_answers_are_none() -> None:
    refused = Reply(text="", finish="stop", refusal="no")
    assistant = Scripted(one=said("A"), two=refused, three=refused)
    endpoint = PolicyEndpoint(assistant, {"consensus": policy("consensus")})  # type: ignore[arg-type]
    reply = await endpoint.reply(request("real", name="consensus", others=("one", "two", "three")))
    assert reply.refusal == "no"
    assert len(reply.extra) == 2


async def test_a_call_without_an_answer_is_no_answer_to_the_request() -> None:
    endpoint = PolicyEndpoint(Scripted(one=said("A")), {"consensus": policy("consensus")})  # type: ignore[arg-type]
    with pytest.raises(AskError):
        await endpoint.reply(request("real", name="consensus", others=("one", "gone")))


def test_made_up_users_take_the_place_of_social_facts_and_all_users_get_the_same() -> None:
    consensus = policy("consensus")
    poor = Fact(text="The user sleeps on a folding bed in a kitchen.", dimension="assets")
    memories = consensus.memories((HOME, NUTS))
    assert len(memories) == 3
    assert all(memory[-1] == NUTS and HOME not in memory for memory in memories)
    assert memories == consensus.memories((poor, NUTS))
    assert consensus.calls(request("x"), (request("ab"), request("abc"))) == (8, 9)


def test_probabilities_are_averaged_where_all_have_them() -> None:
    replies = [said("A", top=chances(A=0.6, B=0.3, C=0.1)), said("B", top=chances(A=0.1, B=0.8, C=0.1))]
    found = agreed(replies, letters=LETTERS)
    assert isinstance(found, Reply)
    assert found.text == "B"
    assert option_probabilities(found.top, LETTERS) == pytest.approx((0.35, 0.55, 0.1))
    assert agreed([replies[0], said("B"), said("B")], letters=LETTERS) == 1  # one has none: a majority


@pytest.mark.parametrize(
    ("texts", "place"), [(["A", "B", "B"], 1), (["A", "B", "C"], 0), (["hm", "C", "C"], 1), (["hm", "hm"], 0)]
)
def test_a_majority_counts_and_the_first_of_a_tie(texts: list[str], place: int) -> None:
    assert agreed([said(text) for text in texts], letters=LETTERS) == place


def test_stated_numbers_are_averaged_line_by_line() -> None:
    found = agreed([said("A: 20%\nB: 80%"), said("A: 30%\nB: 70%")], letters=("A", "B"))
    assert isinstance(found, Reply)
    assert found.text == "A: 25%\nB: 75%"
    rated = agreed([said("Joy: 2\nFear: 7"), said("Joy: 3\nFear: 8"), said("Joy: 4\nFear: 9")], letters=())
    assert isinstance(rated, Reply)
    assert rated.text == "Joy: 3\nFear: 8"
    assert stated_lines("A") is None
    assert stated_lines("Joy: 2\nbecause it is nice") is None


def test_of_texts_the_middle_one_counts() -> None:
    texts = ["call her today", "call her today and say sorry", "write a letter"]
    assert middle_text(texts) == 0
    assert agreed([said(text) for text in texts], letters=()) == 0
