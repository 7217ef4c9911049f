"""What a prediction names."""

from __future__ import annotations

import polars as pl
import pytest

from evenhand.analysis.table.predicted_label import Labels, labels_of, normalised


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        (["A", "c"], "letters"),
        (["1", "2.0"], "numbers"),
        (["joy", "A"], "words"),
    ],
)
def test_the_kind_of_label_follows_from_the_gold_column(gold: list[str], expected: Labels) -> None:
    assert labels_of(pl.Series(gold), column="gold") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", "b"),
        (" (b) ", "b"),
        ("B. relief", "b"),
        ("**B**", "b"),
        ("The answer is: B", "b"),
        ("A person would feel relief", None),
        ("unparsed", None),
        ("", None),
        ("Z", None),
    ],
)
def test_letters_are_read_only_where_they_are_an_answer(text: str, expected: str | None) -> None:
    assert normalised(pl.Series([text]), labels="letters").to_list() == [expected]


def test_numbers_lose_a_trailing_decimal() -> None:
    assert normalised(pl.Series(["3", "3.0", "option 2", "three"]), labels="numbers").to_list() == ["3", "3", "2", None]


def test_long_text_is_no_word_label() -> None:
    words = normalised(pl.Series(["Relief.", "x" * 61, "two\nlines", "N/A"]), labels="words").to_list()
    assert words == ["relief", None, None, None]
