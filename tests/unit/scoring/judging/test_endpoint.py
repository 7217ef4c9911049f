"""A judge is asked twice and sees neither memory nor user."""

from __future__ import annotations

import pytest

from evenhand.endpoints.base import AskError
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.plan import ModelSpec
from evenhand.records.rubric import Rater
from evenhand.scoring.judging.endpoint import JudgedEndpoint, judged_of, read_ratings
from evenhand.scoring.judging.rubric import load_rubric
from evenhand.scoring.templates import judge_templates
from tests.support.scripted_run import ScriptedEndpoint

CRITERIA = load_rubric()
JUDGE = Rater(model=ModelSpec(name="m", settings=ModelSettings(max_tokens=99)), criteria=CRITERIA)
NAMES = [criterion.id for criterion in CRITERIA]
REQUEST = Request(
    cell_key="00",
    messages=(
        Message(role="system", content="The user is a retired sailor."),
        Message(role="user", content="My friend is silent."),
    ),
    settings=ModelSettings(),
    letters=(),
    seed=1,
)


def seen_by(rater: list[Request], text: str = "Ask your friend.") -> JudgedEndpoint:
    def rates(request: Request) -> Reply:
        rater.append(request)
        lines = [f"{name}: {3 if len(rater) == 1 else 7}" for name in NAMES]
        return Reply(text="\n".join(lines), finish="stop")

    assistant = ScriptedEndpoint(lambda _: Reply(text=text, finish="stop"))
    return JudgedEndpoint(assistant, ScriptedEndpoint(rates), rater=JUDGE, templates=judge_templates())


async def test_the_judge_sees_situation_and_answer_alone_with_the_criteria_in_both_orders() -> None:
    asked: list[Request] = []
    reply = await seen_by(asked).reply(REQUEST)
    assert len(asked) == 2
    for request in asked:
        (message,) = request.messages
        assert "My friend is silent." in message.content
        assert "Ask your friend." in message.content
        assert "sailor" not in message.content
        assert request.settings.max_tokens == 99
    places = [[request.messages[0].content.index(f"- {name}:") for name in NAMES] for request in asked]
    assert places[0] == sorted(places[0])
    assert places[1] == sorted(places[1], reverse=True)
    judged = judged_of(reply)
    assert judged is not None
    assert (judged.forward, judged.backward) == (dict.fromkeys(NAMES, 3.0), dict.fromkeys(NAMES, 7.0))


@pytest.mark.parametrize("text", ["", "<think>What now?"])
async def test_what_is_no_answer_is_not_rated(text: str) -> None:
    asked: list[Request] = []
    assert judged_of(await seen_by(asked, text).reply(REQUEST)) is None
    assert asked == []


async def test_a_judge_that_is_cut_off_gives_no_rating_and_the_cell_is_asked_again() -> None:
    assistant = ScriptedEndpoint(lambda _: Reply(text="Ask.", finish="stop"))
    second = ScriptedEndpoint(lambda _: Reply(text="effectiveness: 1", finish="length"))
    endpoint = JudgedEndpoint(assistant, second, rater=JUDGE, templates=judge_templates())
    with pytest.raises(AskError, match="cut off"):
        await endpoint.reply(REQUEST)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("warmth: 5", ""), "missing"),
        (("warmth: 5", "warmth: 11"), "off the scale"),
        (("warmth: 5", "warmth: 50%"), "%"),
    ],
)
def test_ratings_that_are_not_whole_are_none(change: tuple[str, str], why: str) -> None:
    whole = "\n".join(f"{name}: 5" for name in NAMES)
    assert read_ratings(whole, CRITERIA) == dict.fromkeys(NAMES, 5.0)
    assert read_ratings(whole.replace(*change), CRITERIA) is None, why
