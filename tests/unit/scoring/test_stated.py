from __future__ import annotations

import pytest

from evenhand.reading.shown import Shown
from evenhand.records.answer_format import AnswerFormat
from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.item import Item, Option, RatingOrder
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Outcome, Rated, Refused, Truncated, Unparsed, Written
from evenhand.scoring.extractors.choice_letter import choice_letter
from evenhand.scoring.outcome import outcome_of
from evenhand.scoring.rating_score import order_fit, reference_score, scaled_difference
from evenhand.scoring.stated import distribution_outcome, rating_outcome

SHOWN = Shown(("A", "B", "C"), ("Joy", "Fear", "Anger"))
ITEM = Item(
    id="i",
    kind="intensity",
    stem="s",
    question="q",
    options=tuple(
        Option(id=name, text=word, emotion=word.lower()) for name, word in zip("xyz", SHOWN.texts, strict=True)
    ),
    key="z",
)


def distribution(text: str) -> Outcome:
    return distribution_outcome(text, SHOWN, options=("x", "y", "z"))


def rating(text: str) -> Outcome:
    return rating_outcome(text, Shown((), SHOWN.texts), options=("x", "y", "z"))


def test_a_distribution_is_shares_that_sum_to_one_and_its_largest_is_the_choice() -> None:
    found = distribution("A: 10%\nB: 29%\nC: 60%")
    assert isinstance(found, Answered) and found.choice == "z"
    assert found.stated == pytest.approx({"x": 10 / 99, "y": 29 / 99, "z": 60 / 99})
    shares = distribution("A: 0.1\nB: 0.2\nC: 0.7")
    assert isinstance(shares, Answered) and shares.stated == pytest.approx({"x": 0.1, "y": 0.2, "z": 0.7})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A: 45%\nB: 45%\nC: 10%", "largest percentage to several"),
        ("A: 60%\nB: 60%\nC: 10%", "do not sum to 100"),
        ("A: 10%\nB: 20%\nC: 30%", "do not sum to 100"),
        ("A: 60%\nB: 40%", "for some of the options"),
        ("A: -10%\nB: 50%\nC: 60%", "below 0 or above 100"),
        ("A: 1/10\nB: 2/10\nC: 7/10", "no percentages"),
        ("C", "no number"),
        ("", "empty"),
        ("A: 10%\nB: 20%\nC: 70%\nA: 30%", "different numbers for one option"),
    ],
)
def test_what_is_no_distribution_is_unparsed_with_the_reason(text: str, reason: str) -> None:
    found = distribution(text)
    assert isinstance(found, Unparsed) and reason in found.reason


def test_a_refusal_is_refused_and_not_a_low_rating() -> None:
    assert rating("I'm sorry, but I can't help with that.") == Refused(by="assistant")


@pytest.mark.parametrize(
    "text", ["Joy: 11\nFear: 2\nAnger: 3", "Joy: -1\nFear: 2\nAnger: 3", "Joy: 50%\nFear: 2\nAnger: 3"]
)
def test_a_rating_off_the_scale_is_unparsed(text: str) -> None:
    found = rating(text)
    assert isinstance(found, Unparsed) and "from 0 to 10" in found.reason


def judged(text: str, *, answer: AnswerFormat, finish: str = "stop") -> Outcome:
    cell = Cell(
        cell_key="0",
        model="m",
        arm="none",
        item="i",
        condition=Condition(answer=answer),
        replicate=0,
        order_index=0,
        option_order=(2, 0, 1),
    )
    return outcome_of(Reply(text=text, finish=finish), item=ITEM, cell=cell, extract=choice_letter)  # type: ignore[arg-type]


def test_the_format_of_the_cell_decides_what_is_read() -> None:
    stated = judged("A: 80%\nB: 15%\nC: 5%", answer="distribution")
    assert isinstance(stated, Answered) and stated.choice == "z"
    assert stated.stated == pytest.approx({"z": 0.8, "x": 0.15, "y": 0.05})
    assert judged("Anger: 8\nJoy: 0\nFear: 2", answer="rating") == Rated(ratings={"z": 8.0, "x": 0.0, "y": 2.0})
    assert judged("A", answer="letter") == Answered(choice="z")


def test_an_unfinished_answer_is_truncated_or_unparsed_and_never_read() -> None:
    assert judged("Anger: 8\nJoy: 0\nFear: 2", answer="rating", finish="length") == Truncated()
    assert isinstance(judged("Anger: 8\nJoy: 0\nFear: 1", answer="rating", finish="other"), Unparsed)


@pytest.mark.parametrize(
    ("text", "finish", "expected"),
    [
        ("Talk to him tomorrow.", "stop", Written()),
        (
            "Talk to him tomorrow. And",
            "other",
            Unparsed(reason="ended for an unknown reason, perhaps within a sentence"),
        ),
        ("...", "stop", Unparsed(reason="holds no words")),
        ("I'm sorry, but I can't help with that.", "stop", Refused(by="assistant")),
    ],
)
def test_a_written_answer_is_words_that_ended_by_themselves_and_do_not_only_decline(
    text: str, finish: str, expected: Outcome
) -> None:
    assert judged(text, answer="text", finish=finish) == expected


def test_the_order_fit_is_the_share_of_constraints_that_hold() -> None:
    order = RatingOrder(high="z", above=("y",), low=("x",))
    assert order_fit({"z": 8.0, "y": 4.0, "x": 1.0}, order) == 1.0
    assert order_fit({"z": 8.0, "y": 9.0, "x": 1.0}, order) == 0.5
    assert order_fit({"z": 8.0, "y": 9.0, "x": 5.0}, order) == 0.0
    assert order_fit({"z": 5.0, "y": 5.0, "x": 3.0}, order) == 0.5


def test_the_reference_score_is_one_when_exact_and_follows_the_published_curve() -> None:
    reference = {"a": 5.0, "b": 0.0, "c": 9.0, "d": 2.0}
    assert reference_score(reference, reference) == 1.0
    assert scaled_difference(4.0) == pytest.approx(3.25)  # the middle of the curve: half of 6.5
    assert scaled_difference(7.0) == 7.0
    assert reference_score(reference | {"b": 4.0}, reference) == pytest.approx(1 - 3.25 * 0.7477 / 10)
