"""The best option as a column of a table names it: one form for the whole column, and where numbers count from.

A key is the text of an option, its letter, or its number. A number alone does not say whether it counts from 0 or from
1, and a text may look like a number, so the form is decided over all rows, and a column that can be read in two ways
with different results is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct

from evenhand.bank.importers.rows import SourceRow
from evenhand.errors import BankError

__all__ = ["KEY_BASES", "KeyBase", "KeyCell", "places_of"]

KeyBase = Literal["0", "1", "letter", "text"]
"""Numbers from 0, numbers from 1, letters, or the texts of the options."""
KEY_BASES: tuple[KeyBase, ...] = get_args(KeyBase)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORDS: Mapping[KeyBase, str] = {
    "0": "numbers from 0",
    "1": "numbers from 1",
    "letter": "letters",
    "text": "texts of options",
}


class KeyCell(Struct, frozen=True, kw_only=True):
    """One key as it is written, with the options it chooses from."""

    row: SourceRow
    value: str
    texts: tuple[str, ...]


def places_of(cells: Sequence[KeyCell], *, column: str, base: KeyBase | None) -> list[int]:
    """0-based place of the best option of every row.

    Args:
        cells: The keys of all rows.
        column: For messages.
        base: What the user says; None: decided over the column.

    Raises:
        BankError: A key names no option, or the column can be read in two ways.
    """
    readings = [_readings(cell) for cell in cells]
    if base is not None:
        for cell, found in zip(cells, readings, strict=True):
            if base not in found:
                raise _unknown(cell, column, f"is no option when keys are {_WORDS[base]}")
        return [found[base] for found in readings]
    for cell, found in zip(cells, readings, strict=True):
        if not found:
            raise _unknown(cell, column, "is no option")
    whole = [form for form in KEY_BASES if all(form in found for found in readings)]
    if whole:
        return [_only(cell, found, whole, column) for cell, found in zip(cells, readings, strict=True)]
    # Letters, numbers and texts in one column: each row has one form, and all numbers count alike.
    numbers = [found for found in readings if not {"letter", "text"} & set(found)]
    bases = [form for form in ("0", "1") if all(form in found for found in numbers)]
    if not bases:
        raise BankError(
            f"column {column!r} counts options from 0 in some rows and from 1 in others; write letters instead"
        )
    forms: list[KeyBase] = ["letter", "text", *(form for form in KEY_BASES if form in bases)]
    return [_only(cell, found, forms, column) for cell, found in zip(cells, readings, strict=True)]


def _readings(cell: KeyCell) -> dict[KeyBase, int]:
    """Every way to read a key -> the place it names."""
    found: dict[KeyBase, int] = {}
    count = len(cell.texts)
    if cell.value.isdecimal():
        number = int(cell.value)
        if number < count:
            found["0"] = number
        if 1 <= number <= count:
            found["1"] = number - 1
    letter = cell.value.strip("(). ").casefold()
    if len(letter) == 1 and letter in _LETTERS[:count]:
        found["letter"] = _LETTERS.index(letter)
    if cell.texts.count(cell.value) == 1:
        found["text"] = cell.texts.index(cell.value)
    return found


def _only(cell: KeyCell, found: Mapping[KeyBase, int], forms: Sequence[KeyBase], column: str) -> int:
    """The one place that all possible forms name."""
    possible = {form: found[form] for form in forms if form in found}
    if len(set(possible.values())) != 1:
        ways = " or ".join(_WORDS[form] for form in possible)
        stated = " or ".join(f"key_base={form}" for form in possible)
        raise BankError(
            f"{cell.row.source!r}, line {cell.row.line}, column {column!r}: {cell.value!r} of {len(cell.texts)} "
            f"options can be read in two ways, as {ways}; say which with {stated}"
        )
    return next(iter(possible.values()))


def _unknown(cell: KeyCell, column: str, why: str) -> BankError:
    count = len(cell.texts)
    return BankError(
        f"{cell.row.source!r}, line {cell.row.line}, column {column!r}: {cell.value!r} {why}; give a letter a to "
        f"{_LETTERS[count - 1]}, a number, or the text of an option"
    )
