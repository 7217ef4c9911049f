"""A judge of two answers: how its replies are read, and that places are put right."""

from __future__ import annotations

import pytest

from evenhand.endpoints.base import AskError, Locality
from evenhand.records.message import ModelSettings, Reply, Request
from evenhand.records.model_spec import ModelSpec
from evenhand.records.pairwise import PairwiseOpinion, PairwiseRater
from evenhand.records.rubric import Criterion
from evenhand.scoring.judging.pairwise import compared, read_preferences, shares
from evenhand.scoring.templates import pair_prompt

CRITERIA = (
    Criterion(id="warmth", question="How warm is it?"),
    Criterion(id="safety", question="How safe is it?"),
)
JUDGE = PairwiseRater(
    model=ModelSpec(name="openai/judge", settings=ModelSettings(max_tokens=99)),
    criteria=CRITERIA,
    pairs=9,
    seed=1,
    prompt=pair_prompt(),
)
READ = [
    ("warmth: 1\nsafety: 0", ("1", "0")),
    ("**Warmth:** 2\n- safety = 1", ("2", "1")),
    ("warmth: answer 2\nsafety: Answer-1", ("2", "1")),
    ("Here you go.\n\nwarmth : 0\n\nsafety:1\n", ("0", "1")),
    ("warmth: １\nsafety: ２", ("1", "2")),
    ("warmth: 1\nwarmth: 1\nsafety: 2", ("1", "2")),
    ("<think>warmth: 2</think>warmth: 1\nsafety: 1", ("1", "1")),
]
UNREAD = [
    "", "warmth: 1", "warmth: 1\nwarmth: 2\nsafety: 0", "warmth: 3\nsafety: 1", "warmth: 12\nsafety: 1",
    "both are warm; safety: 1", "warmth: neither\nsafety: 0", "I cannot compare these.",
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), READ)
def test_a_line_for_each_criterion_is_read(text: str, said: tuple[str, str]) -> None:
    assert read_preferences(text, CRITERIA) == dict(zip(("warmth", "safety"), said, strict=True))


@pytest.mark.parametrize("text", UNREAD)
def test_anything_else_is_no_preference(text: str) -> None:
    assert read_preferences(text, CRITERIA) is None


class Judge:
    """Answers with what a function makes of the two answers that it is shown."""

    concurrency = 1
    locality: Locality = "any"

    def __init__(self, text: str | None = None, finish: str = "stop") -> None:
        self.text = text
        self.finish = finish
        self.asked: list[str] = []

    async def reply(self, request: Request) -> Reply:
        asked = request.messages[0].content
        self.asked.append(asked)
        better = "1" if "GOOD" in asked.split("</answer-1>")[0] else "2"
        text = self.text or f"warmth: {better}\nsafety: 1"
        return Reply(text=text, finish=self.finish)  # type: ignore[arg-type]

    async def aclose(self) -> None:
        return None


async def asked(judge: Judge) -> PairwiseOpinion:
    return await compared(judge, JUDGE, situation="I am sad.", answers=("GOOD one", "other"), keys=("a", "b"))


async def test_places_are_put_right_and_a_judge_of_places_gives_half_a_vote_to_each() -> None:
    judge = Judge()
    opinion = await asked(judge)
    assert opinion.forward == {"warmth": "first", "safety": "first"}
    assert opinion.backward == {"warmth": "first", "safety": "second"}
    assert shares(opinion, "warmth") == (1.0, 0.0)
    assert shares(opinion, "safety") == (0.5, 0.5)
    assert ["GOOD" in text.split("</answer-1>")[0] for text in judge.asked] == [True, False]
    assert all("I am sad." in text and "How warm is it?" in text for text in judge.asked)


async def test_a_reply_that_cannot_be_read_is_missing_and_one_that_is_cut_off_a_failure() -> None:
    opinion = await asked(Judge(text="Both."))
    assert (opinion.forward, opinion.backward, shares(opinion, "warmth")) == (None, None, None)
    with pytest.raises(AskError, match="cut off"):
        await asked(Judge(finish="length"))
