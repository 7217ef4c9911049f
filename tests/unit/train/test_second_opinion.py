"""A judge's three lines are read strictly."""

from __future__ import annotations

import pytest

from evenhand.train.second_opinion import Opinion, judge_messages, read_opinion


def test_three_lines_are_an_opinion() -> None:
    assert read_opinion("Correct: yes\n- depends: No\n**irrelevant**: yes, it says so") == Opinion(
        correct=True, depends=False, irrelevant=True
    )


@pytest.mark.parametrize(
    "text",
    [
        "correct: yes\ndepends: no",
        "correct: yes\ndepends: no\ndepends: yes\nirrelevant: no",
        "correct: maybe\ndepends: no\nirrelevant: no",
        "",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert read_opinion(text) is None


def test_the_judge_sees_question_answer_and_facts_as_they_are() -> None:
    (message,) = judge_messages("Why {{ x }}?", "Because <b>.", ["The user sings."])
    assert all(part in message.content for part in ("Why {{ x }}?", "Because <b>.", "- The user sings."))
    (bare,) = judge_messages("Why?", "So.", [])
    assert "(none)" in bare.content
