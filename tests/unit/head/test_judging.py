"""What is known of a judge can be written and read back, also where its numbers cannot be computed."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.head.judging import RatedAnswer, checks_of
from evenhand.records.model_spec import ModelSpec
from evenhand.records.rubric import Criterion, Judged, Rater, RaterCheck

RATER = Rater(model=ModelSpec(name="openai/judge"), criteria=(Criterion(id="warmth", question="How warm is it?"),))


def _answer(item: int, words: int, forward: float, backward: float) -> RatedAnswer:
    judged = Judged(forward={"warmth": forward}, backward={"warmth": backward})
    return RatedAnswer(item=f"item-{item}", words=words, judged=judged)


def _check(answers: list[RatedAnswer]) -> RaterCheck:
    (check,) = checks_of(RATER, answers, seed=1)
    return msgspec.json.decode(msgspec.json.encode(check), type=RaterCheck)


@pytest.mark.parametrize("answers", [1, 2, 8])
def test_a_judge_whose_ratings_are_all_alike_is_read_back(answers: int) -> None:
    check = _check([_answer(n // 2, 10 + n, 5.0, 5.0) for n in range(answers)])
    assert check.answers == answers
    assert (check.alpha, check.low, check.high, check.length, check.length_p) == (None,) * 5
    assert check.order == (0.0 if answers > 1 else None)


def test_a_judge_that_differs_between_answers_keeps_its_numbers() -> None:
    check = _check([_answer(n // 4, 10 + 7 * n, float(n % 4), float(n % 4) + 0.5) for n in range(16)])
    assert check.alpha is not None
    assert check.alpha > 0.8
    assert check.order == pytest.approx(-0.5)
    assert check.length == pytest.approx(1.0)
