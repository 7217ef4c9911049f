"""What a prediction names: one of the possible answers, or nothing that is counted as wrong."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from evenhand.analysis.table.predicted_label import Answers, Labels, answers_of, label_read, labels_of
from evenhand.errors import TableError
from evenhand.records.as_read import UnreadAnswers

LETTERS = ("a", "b", "c", "d")


def read(gold: list[str], given: Sequence[str | None], *, possible: tuple[str, ...] = ()) -> Answers:
    return answers_of(pl.Series("gold", gold), pl.Series("said", given), possible=possible)


@pytest.mark.parametrize(
    ("gold", "expected"),
    [(["A", "c"], "letters"), (["1", "2.0"], "numbers"), (["joy", "relief at last"], "words")],
)
def test_the_kind_of_label_follows_from_the_gold_column(gold: list[str], expected: Labels) -> None:
    assert labels_of(pl.Series(gold)) == expected


def test_gold_labels_of_several_forms_are_refused() -> None:
    with pytest.raises(TableError, match=r"'gold' are letters \('A'\) and words \('joy'\)"):
        labels_of(pl.Series("gold", ["joy", "A"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", "b"),
        (" (b) ", "b"),
        ("B. relief", "b"),
        ("**B**", "b"),
        ("The answer is: B", "b"),
        ("Option B", "b"),
        ("Answer: C.", "c"),
        ("Option A comes to mind first. Having thought about it, the answer is B.", "b"),
        ("My answer is A. No, the answer is D.", "d"),
        ("A person would feel relief", None),
        ("Answer: I would rather not guess what this person feels.", None),
        ("A good answer is hard to find here.", None),
        ("Option A comes to mind", None),
        ("unparsed", None),
        ("", None),
        ("Z", None),
        ("Option Z", None),
        ("The answer is Z. A. B.", None),
    ],
)
def test_letters_are_read_only_where_they_are_an_answer(text: str, expected: str | None) -> None:
    assert label_read(text, LETTERS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[("3", "3"), ("3.0", "3"), ("option 2", "2"), ("three", None), ("4", None)],
        *[("2) relief", "2"), ("2. because", "2"), ("4) other", None), ("The answer is 2", "2"), ("choice: 3x", None)],
        *[("my choice is 2", "2"), ("2 ) relief", "2"), ("option # 2", "2"), ("Answer 2", "2"), ("Answer 7", None)],
        *[("The answer is 1. No: the answer is 2", "2"), ("multichoice is 2", None), ("the answer is 9", None)],
    ],
)
def test_numbers_lose_a_trailing_decimal(text: str, expected: str | None) -> None:
    assert label_read(text, ("1", "2", "3")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Relief.", "relief"), ("The answer is relief.", "relief"), ("no relief", None), ("N/A", None)],
)
def test_words_count_only_as_the_whole_answer_or_in_a_claim(text: str, expected: str | None) -> None:
    assert label_read(text, ("joy", "relief")) == expected


def test_the_gold_labels_are_the_possible_answers_and_the_rest_is_counted() -> None:
    found = read(["A", "B", "A", "B", "A", "B"], ["a", "B", "C", "C", None, "I pass"])
    assert found.possible == ("a", "b")
    assert found.choice.to_list() == ["a", "b", None, None, None, None]
    assert found.key.to_list() == ["a", "b", "a", "b", "a", "b"]
    assert (found.empty, found.unread_rows) == (1, 3)
    assert found.unread == (UnreadAnswers(answer="C", rows=2), UnreadAnswers(answer="I pass", rows=1))


def test_an_answer_that_is_never_right_can_be_listed() -> None:
    found = read(["A", "B"], ["A", "C"], possible=("A", "B", "C"))
    assert found.choice.to_list() == ["a", "c"]
    with pytest.raises(TableError, match="the gold label 'b' in the column 'gold' is none of the answers"):
        read(["A", "B"], ["A", "C"], possible=("A", "C"))


def test_disjoint_forms_are_refused() -> None:
    with pytest.raises(TableError, match="no entry of the column 'said' names one of the gold labels 'joy', 'relief'"):
        read(["Joy", "Relief"], ["A", "B"])


def test_mixed_forms_are_refused_but_a_stray_one_is_counted() -> None:
    with pytest.raises(TableError, match="mixes forms: 2 of 4 answers are like '2'"):
        read(["A", "B", "A", "B"], ["A", "B", "2", "2"])
    assert read(["A"] * 20, ["A"] * 19 + ["2"]).unread_rows == 1
    with pytest.raises(TableError, match="mixes forms: 1 of 19 answers"):
        read(["A"] * 19, ["A"] * 18 + ["2"])


def test_numbers_with_and_without_a_decimal_are_one_label() -> None:
    found = read(["1", "2.0", "10"], ["1.0", "2", "10"])
    assert found.possible == ("1", "10", "2")
    assert found.key.to_list() == found.choice.to_list() == ["1", "2", "10"]
    words = read(["version 1.0", "plan"], ["version 1.0", "plan"])
    assert words.key.to_list() == words.choice.to_list() == ["version 1.0", "plan"]


def test_the_five_most_frequent_unread_answers_are_shown_and_equals_in_order_of_name() -> None:
    odd = ["why", "who", "how", "now", "yet", "yet", "but"]
    found = read(["A", "B"] * 5, ["A", "B", "A", *odd])
    assert [(one.answer, one.rows) for one in found.unread] == [
        ("yet", 2),
        *((w, 1) for w in ("but", "how", "now", "who")),
    ]
    assert found.unread_rows == 7


def test_a_column_without_any_prediction_is_all_missing_and_a_column_may_have_any_name() -> None:
    nothing = answers_of(pl.Series("gold", ["A", "B"]), pl.Series("said", [None, None], dtype=pl.String))
    assert (nothing.empty, nothing.unread_rows, nothing.choice.to_list()) == (2, 0, [None, None])
    assert answers_of(pl.Series("text", ["A", "B"]), pl.Series("rows", ["A", "C"])).choice.to_list() == ["a", None]


def test_long_answers_are_shown_short() -> None:
    (unread,) = read(["A", "B"], ["A", "x " * 200]).unread
    assert unread.answer is not None
    assert len(unread.answer) == 80
    assert unread.answer.endswith("…")
    (just,) = read(["A", "B"], ["A", "x" * 80]).unread
    assert just.answer == "x" * 80


def test_a_row_without_gold_label_is_named() -> None:
    with pytest.raises(TableError, match="row 2 has no gold label in the column 'gold'"):
        labels_of(pl.Series("gold", ["A", None]))
