"""The reading grade, against the package textstat (0.7.13)."""

from __future__ import annotations

import pytest

from evenhand.scoring.features.readability import reading_grade


@pytest.mark.parametrize(
    ("text", "theirs"),
    [
        ("Talk to your manager tomorrow.", 5.562),
        ("You could write down what happened, when it happened and who was there. Then ask for a meeting.", 3.48),
        (
            "Grief does not follow a timetable. It is allowed to take as long as it takes, and nobody else can decide "
            "that for you.",
            3.21375,
        ),
    ],
)
def test_the_grade_is_that_of_textstat(text: str, theirs: float) -> None:
    assert reading_grade(text) == pytest.approx(theirs, abs=0.01)


def test_longer_words_and_sentences_are_harder() -> None:
    easy, hard = "Go to bed now. Rest well.", "Responsibility necessitates uncompromising communication throughout."
    assert (reading_grade(hard) or 0.0) > (reading_grade(easy) or 0.0) + 10


def test_a_text_without_words_has_no_grade() -> None:
    assert reading_grade("?!") is None
