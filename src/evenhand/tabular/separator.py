"""The separator and the header of a CSV file, told from its first lines."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from typing import IO

from msgspec import Struct

from evenhand.errors import InputError

__all__ = ["MAX_FIELD_CHARACTERS", "SEPARATORS", "Header", "header_of", "unique_names"]

MAX_FIELD_CHARACTERS = 1_000_000
"""Longer fields are a file that is not what its name says."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_LOOKED_AT = 50
"""Rows that must agree with the header."""


class Header(Struct, frozen=True, kw_only=True):
    """What the first lines say."""

    separator: str | None
    columns: tuple[str, ...]
    skipped: int
    """Lines before the header: 1 where a spreadsheet wrote `sep=;` there."""


def header_of(lines: IO[str], *, name: str, tabs: bool, error: type[InputError]) -> Header:
    """The separator under which header and first rows have the same number of fields, and the names of the columns.

    Args:
        lines: The file from its first line.
        name: For messages.
        tabs: Whether the suffix says tabs.
        error: Class of the error.

    Raises:
        InputError: As `error`: a header with a name twice, or two separators that fit alike.
    """
    head = list(itertools.islice(_lines(lines), _LOOKED_AT * 4))
    first = head[0].strip().lower() if head else ""
    if first.startswith("sep=") and len(first) == 5:
        return Header(separator=first[4], columns=_names(head[1:], first[4], name=name, error=error), skipped=1)
    order = ("\t", ",", ";", "|") if tabs else (",", ";", "\t", "|")
    fitting = {separator: width for separator in order if (width := _width(head, separator)) > 1}
    if not fitting:
        return Header(separator=order[0], columns=_names(head, order[0], name=name, error=error), skipped=0)
    widest = max(fitting.values())
    best = [separator for separator, width in fitting.items() if width == widest]
    if len(best) > 1:
        shown = " or ".join(SEPARATORS[separator] for separator in best)
        raise error(f"the fields of {name!r} could be separated by {shown}; save it with one separator only.")
    return Header(separator=best[0], columns=_names(head, best[0], name=name, error=error), skipped=0)


def unique_names(cells: list[str], *, name: str, error: type[InputError]) -> tuple[str, ...]:
    """Names of columns without the spaces around them; a column without a name is named by its place.

    Raises:
        InputError: As `error`: a name is given twice.
    """
    names = tuple(cell.strip() or f"(column {place})" for place, cell in enumerate(cells, 1))
    seen: set[str] = set()
    for found in names:
        if found in seen:
            raise error(f"{name!r}, line 1: column {found!r} is given twice; give each column its own name")
        seen.add(found)
    return names


def _lines(lines: IO[str]) -> Iterator[str]:
    """Lines of bounded length, so that a file without line ends is not read whole."""
    while line := lines.readline(MAX_FIELD_CHARACTERS):
        yield line


def _rows(head: list[str], separator: str) -> list[list[str]]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(head, delimiter=separator)
    try:
        return [row for row in itertools.islice(reader, _LOOKED_AT) if row]
    except csv.Error:
        return []


def _width(head: list[str], separator: str) -> int:
    """Fields of the header, where nearly all rows have as many; otherwise 0."""
    rows = _rows(head, separator)
    if not rows:
        return 0
    width = len(rows[0])
    alike = sum(len(row) == width for row in rows)
    return width if alike >= 0.9 * len(rows) - 1 else 0


def _names(head: list[str], separator: str, *, name: str, error: type[InputError]) -> tuple[str, ...]:
    rows = _rows(head, separator)
    return unique_names(rows[0], name=name, error=error) if rows else ()
