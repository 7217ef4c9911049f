"""Scores from a correctness column, or from predictions and gold labels; numbers of a covariate."""

from __future__ import annotations

import polars as pl
import pytest

from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.analysis.table.prediction_scores import correctness, covariate_values, scored
from evenhand.errors import TableError


@pytest.mark.parametrize("word", ["1", "1.0", "True", "YES", "t", "y"])
def test_words_for_right_are_one(word: str) -> None:
    assert correctness(pl.Series("c", [word, None])).to_list() == [1.0, None]


@pytest.mark.parametrize("word", ["0", "0.0", "False", "NO", "f", "n"])
def test_words_for_wrong_are_zero(word: str) -> None:
    assert correctness(pl.Series("c", [word, None])).to_list() == [0.0, None]


@pytest.mark.parametrize(("entry", "score"), [("0.25", 0.25), (" 1", None), ("1.00", 1.0), ("0.0", 0.0), ("1e-1", 0.1)])
def test_a_number_from_0_to_1_is_a_score(entry: str, score: float | None) -> None:
    if score is None:
        with pytest.raises(TableError, match="row 1"):
            correctness(pl.Series("c", [entry]))
    else:
        assert correctness(pl.Series("c", [entry])).to_list() == [score]


@pytest.mark.parametrize("odd", ["2", "-0.1", "nan", "-nan", "inf", "maybe", "1.01", ""])
def test_the_first_entry_that_is_no_correctness_is_named(odd: str) -> None:
    with pytest.raises(TableError, match=rf"'c' holds '{odd}' in row 2; allowed are 1/0.*--missing {odd}"):
        correctness(pl.Series("c", ["0.5", odd, "perhaps"]))


def test_a_correctness_column_scores_rows_whose_choice_is_not_known() -> None:
    text = pl.DataFrame({"ok": ["yes", None, "0"]})
    found = scored(text, PredictionColumns(correct="ok"), reader=None)
    assert found.frame.to_dicts() == [
        {"score": score, "choice": None, "keyed_option": "correct", "outcome": outcome}
        for score, outcome in [(1.0, "answered"), (None, "unparsed"), (0.0, "answered")]
    ]
    assert (found.possible, found.empty, found.unread, found.unread_rows) == ((), 1, (), 0)


def test_predictions_are_right_where_they_name_the_gold_label_and_no_score_where_they_name_none() -> None:
    text = pl.DataFrame({"g": ["A", "B", "A", "B"], "p": ["a", "A", "I pass", None]})
    found = scored(text, PredictionColumns(gold="g", prediction="p"), reader=None)
    assert found.frame.to_dicts() == [
        {"choice": choice, "keyed_option": key, "score": score, "outcome": outcome}
        for choice, key, score, outcome in [
            ("a", "a", 1.0, "answered"), ("a", "b", 0.0, "answered"), (None, "a", None, "unparsed"),
            (None, "b", None, "unparsed"),
        ]
    ]  # fmt: skip
    assert (found.possible, found.empty, found.unread_rows) == (("a", "b"), 1, 1)
    assert [(one.answer, one.rows) for one in found.unread] == [("I pass", 1)]


def test_a_covariate_is_a_column_of_numbers_that_differ() -> None:
    assert covariate_values(pl.Series("c", ["1", None, "-2.5e3"])).to_list() == [1.0, None, -2500.0]
    with pytest.raises(TableError, match="'c' has one value only"):
        covariate_values(pl.Series("c", ["1", None, "1.0"]))


@pytest.mark.parametrize("odd", ["tall", "nan", "inf", "1,5", ""])
def test_the_first_entry_of_a_covariate_that_is_no_finite_number_is_named(odd: str) -> None:
    with pytest.raises(TableError, match=rf"covariate 'c' holds '{odd}' in row 3; .*--missing {odd}"):
        covariate_values(pl.Series("c", ["1", None, odd, "short"]))
