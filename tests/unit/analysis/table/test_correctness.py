"""Scores from a correctness column."""

from __future__ import annotations

import polars as pl
import pytest

from evenhand.analysis.table.prediction_scores import correctness
from evenhand.errors import TableError


@pytest.mark.parametrize("word", ["1", "1.0", "True", "YES", "t", "y"])
def test_words_for_right_are_one(word: str) -> None:
    assert correctness(pl.Series("c", [word, None])).to_list() == [1.0, None]


@pytest.mark.parametrize("word", ["0", "0.0", "False", "NO", "f", "n"])
def test_words_for_wrong_are_zero(word: str) -> None:
    assert correctness(pl.Series("c", [word, None])).to_list() == [0.0, None]


@pytest.mark.parametrize("odd", ["2", "-0.1", "nan", "maybe"])
def test_the_first_entry_that_is_no_correctness_is_named(odd: str) -> None:
    with pytest.raises(TableError, match=rf"'c' holds '{odd}' in row 2; allowed are 1/0.*--missing {odd}"):
        correctness(pl.Series("c", ["0.5", odd, "perhaps"]))
