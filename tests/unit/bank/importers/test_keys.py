"""Keys are read in one form over the whole column, and a column that can be read in two ways is refused."""

from __future__ import annotations

import pytest

from evenhand.bank.importers.keys import KeyBase, KeyCell, places_of
from evenhand.bank.importers.rows import SourceRow
from evenhand.errors import BankError

TEXTS = ("glad", "sad", "angry")


def places(*values: str, texts: tuple[str, ...] = TEXTS, base: KeyBase | None = None) -> list[int]:
    row = SourceRow(source="t.csv", line=2, fields={})
    return places_of([KeyCell(row=row, value=value, texts=texts) for value in values], column="key", base=base)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("0", "1", "2"), [0, 1, 2]),
        (("1", "2", "3"), [0, 1, 2]),
        (("0", "1", "1"), [0, 1, 1]),
        (("1", "1", "3"), [0, 0, 2]),
        (("a", "(B)", "C."), [0, 1, 2]),
        (("sad", "glad"), [1, 0]),
        (("B", "3", "glad"), [1, 2, 0]),
        (("B", "0"), [1, 0]),
    ],
)
def test_a_column_that_can_be_read_in_one_way_is_read_so(values: tuple[str, ...], expected: list[int]) -> None:
    assert places(*values) == expected


def test_numbers_that_fit_both_counts_are_refused_with_the_option_that_says_which() -> None:
    with pytest.raises(BankError, match="numbers from 0 or numbers from 1; say which with key_base=0 or key_base=1"):
        places("1", "2", "1")
    assert places("1", "2", base="0") == [1, 2]
    assert places("1", "2", base="1") == [0, 1]


def test_options_that_are_numbers_themselves_are_no_guess() -> None:
    texts = ("0", "1", "2")
    with pytest.raises(BankError, match="numbers from 1 or texts of options"):
        places("2", "1", texts=("1", "2", "3")[::-1])
    assert places("2", "0", texts=texts) == [2, 0]
    assert places("2", "1", texts=("3", "2", "1"), base="text") == [1, 2]


@pytest.mark.parametrize(
    ("values", "base"),
    [(("4",), None), (("d",), None), (("0",), "1"), (("3",), "0"), (("x",), "text"), (("4",), "letter")],
)
def test_a_key_that_names_no_option_is_named(values: tuple[str, ...], base: KeyBase | None) -> None:
    with pytest.raises(BankError, match=rf"line 2, column 'key': '{values[0]}' is no option") as caught:
        places(*values, base=base)
    words = {"0": "numbers from 0", "1": "numbers from 1", "letter": "letters", "text": "texts of options"}
    assert ("when keys are" in str(caught.value)) == (base is not None)
    assert base is None or f"when keys are {words[base]};" in str(caught.value)


def test_every_letter_names_its_option() -> None:
    texts = tuple(f"option {number}" for number in range(26))
    assert places(*"AXZ", "(x)", "c.", texts=texts) == [0, 23, 25, 23, 2]
    assert places("b", "C", base="letter") == [1, 2]


def test_a_column_that_counts_in_two_ways_is_refused() -> None:
    with pytest.raises(BankError, match="from 0 in some rows and from 1 in others"):
        places("0", "3", "sad")
