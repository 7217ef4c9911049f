"""The separator and the header of a CSV file."""

from __future__ import annotations

import csv
import io

import pytest

from evenhand.errors import TableError
from evenhand.tabular.separator import header_of


@pytest.mark.parametrize(
    ("text", "separator", "columns"),
    [
        ("a,b\n1,2\n", ",", ("a", "b")),
        ("a;b\n1,5;2,5\n", ";", ("a", "b")),
        ('a,b\n"x;y;z",2\n', ",", ("a", "b")),
        ("a\tb\n1\t2\n", "\t", ("a", "b")),
        (" a | b \n1|2\n", "|", ("a", "b")),
        ("only\n1\n", ",", ("only",)),
        (",b\n0,2\n", ",", ("(column 1)", "b")),
        ('"a\nb",c\n1,2\n', ",", ("a\nb", "c")),
    ],
)
def test_the_separator_is_the_one_that_splits_all_rows_alike(
    text: str, separator: str, columns: tuple[str, ...]
) -> None:
    found = header_of(io.StringIO(text, newline=""), name="t.csv", tabs=False, error=TableError)
    assert (found.separator, found.columns, found.skipped) == (separator, columns, 0)


def test_a_first_line_may_say_the_separator() -> None:
    found = header_of(io.StringIO("sep=;\na,x;b\n1;2\n"), name="t.csv", tabs=False, error=TableError)
    assert (found.separator, found.columns, found.skipped) == (";", ("a,x", "b"), 1)


def test_the_suffix_of_tabs_decides_where_nothing_splits() -> None:
    assert header_of(io.StringIO("a\n1\n"), name="t.tsv", tabs=True, error=TableError).separator == "\t"


def test_two_separators_that_fit_alike_are_refused() -> None:
    with pytest.raises(TableError, match="separated by commas or semicolons"):
        header_of(io.StringIO("a,b;c\n1,2;3\n"), name="t.csv", tabs=False, error=TableError)


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(TableError, match="'a' is given twice"):
        header_of(io.StringIO("a, a\n1,2\n"), name="t.csv", tabs=False, error=TableError)


def separator_of(text: str, *, tabs: bool = False) -> str | None:
    return header_of(io.StringIO(text, newline=""), name="t.csv", tabs=tabs, error=TableError).separator


@pytest.mark.parametrize(("odd", "separator"), [(6, ";"), (7, ",")])
def test_nearly_all_of_the_first_fifty_rows_must_agree_with_the_header(odd: int, separator: str) -> None:
    first = "a;b\n" + "1;2\n" * (49 - odd) + "1\n" * odd
    assert separator_of(first) == separator_of(first + "1\n" * 100) == separator


def test_a_separator_that_splits_the_header_alone_is_none() -> None:
    found = header_of(io.StringIO("a;b\n" + "1\n" * 9), name="t.csv", tabs=False, error=TableError)
    assert (found.separator, found.columns, found.skipped) == (",", ("a;b",), 0)


def test_an_empty_file_has_no_columns() -> None:
    found = header_of(io.StringIO(""), name="t.csv", tabs=False, error=TableError)
    assert (found.separator, found.columns, found.skipped) == (",", (), 0)
    assert header_of(io.StringIO("only\n"), name="t.csv", tabs=True, error=TableError).skipped == 0


def test_all_separators_have_a_name() -> None:
    with pytest.raises(TableError, match="separated by tabs or vertical bars"):
        separator_of("a\tb|c\n1\t2|3\n")


def test_a_field_of_a_hundred_thousands_of_characters_is_read() -> None:
    before = csv.field_size_limit(1000)
    try:
        assert separator_of(f"a;b\n{'x' * 400_000};2\n") == ";"
    finally:
        csv.field_size_limit(before)
