"""Which questions go with which items, and words for every one of them."""

from __future__ import annotations

import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.questions import (
    ASPECT_WORDS,
    CHOICES,
    WORDS,
    allowed_answers,
    asked_questions,
    column_words,
    questions_of,
)
from evenhand.errors import UsageError
from evenhand.records.rating import ASPECTS, RATING_QUESTIONS


@pytest.mark.parametrize(
    ("bank", "expected"),
    [
        ("understanding", ("answer", "certainty", "sensitive", "appraisal")),
        ("management", ("answer", "certainty", "sensitive", "effectiveness")),
        ("scenes", ("sensitive", "intensity", "appraisal")),
        ("benefit", ("answer", "certainty", "sensitive")),
        ("advice", ("sensitive",)),
    ],
)
def test_items_are_asked_what_makes_sense_of_them(bank: str, expected: tuple[str, ...]) -> None:
    assert questions_of(load_bank(bank).items[0]) == expected


def test_every_question_aspect_and_code_has_words() -> None:
    assert set(WORDS) == set(RATING_QUESTIONS)
    assert set(ASPECT_WORDS) == set(ASPECTS)
    for column in ("certainty", "sensitive", *ASPECTS):
        codes = allowed_answers(column)
        assert codes and all(code in CHOICES for code in codes)
        assert len({CHOICES[code] for code in codes}) == len(codes)
    assert allowed_answers("answer") is None
    assert column_words("intensity_B").startswith("How strongly does the person feel B?")
    assert column_words("effectiveness_C").startswith("How good is C as advice?")


def test_questions_are_named_in_their_fixed_order_and_an_unknown_one_with_its_near_miss() -> None:
    assert asked_questions(["sensitive", "answer"]) == ("answer", "sensitive")
    assert asked_questions([]) == RATING_QUESTIONS
    with pytest.raises(UsageError, match=r"no question 'certainy' \(did you mean 'certainty'\?\); raters can be asked"):
        asked_questions(["certainy"])
