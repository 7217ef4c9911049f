"""Rows of CSV and JSONL files, one at a time, so that the size of the file does not matter."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.bank.importers.settings import Progress
from evenhand.errors import BankError, InputError
from evenhand.tabular.separator import MAX_FIELD_CHARACTERS
from evenhand.tabular.text_table import TextTable, opened, opened_text, text_table

__all__ = ["MAX_FIELD_CHARACTERS", "SourceRow", "numbered_lines", "read_rows", "row_text", "row_texts"]

_EVERY = 1000


class SourceRow(Struct, frozen=True, kw_only=True):
    """One row, with the line it ends on."""

    source: str
    line: int
    """1-based line of the file; for CSV the last line of the row."""
    fields: dict[str, Any]


def read_rows(path: Path, *, progress: Progress, error: type[InputError] = BankError) -> Iterator[SourceRow]:
    """Rows of a CSV or JSON lines file, in order; compression, encoding and separator are recognised.

    Raises:
        InputError: As `error`, naming file and line: unreadable, another format, a row with more or fewer fields than
            the header, a line that is no JSON object.
    """
    table = text_table(path, error=error)
    match table.format:
        case "CSV":
            rows = _csv_rows(table, error=error)
        case "JSON lines":
            rows = _json_rows(path, error=error)
        case "Parquet":
            raise error(f"{str(path)!r} is a Parquet file; rows are read from CSV or JSON lines, save it as one")
    count = 0
    for row in rows:
        yield row
        count += 1
        if count % _EVERY == 0:
            progress(count)
    progress(count)


def numbered_lines(path: Path, *, error: type[InputError]) -> Iterator[tuple[int, str]]:
    """Non-empty lines with their 1-based numbers.

    Raises:
        InputError: As `error`, when the file cannot be read.
    """
    with opened_text(path, error=error) as stream:
        for number, line in enumerate(stream, 1):
            if text := line.strip():
                yield number, text


def _csv_rows(table: TextTable, *, error: type[InputError]) -> Iterator[SourceRow]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    names, source = table.columns, str(table.path)
    with opened(table, error=error) as stream:
        reader = csv.reader(stream, delimiter=table.separator or ",", strict=True)
        try:
            next(reader, None)
            for cells in reader:
                if not any(cells):
                    continue
                line = reader.line_num + table.skipped
                if len(cells) != len(names):
                    raise error(
                        f"{source!r}, line {line}: {len(cells)} fields, but the header names "
                        f"{len(names)}; quote fields that hold a separator"
                    )
                yield SourceRow(source=source, line=line, fields=dict(zip(names, cells, strict=True)))
        except csv.Error as cause:
            raise error(f"{source!r}, line {reader.line_num + table.skipped}: {cause}; mend that row") from cause


def _json_rows(path: Path, *, error: type[InputError]) -> Iterator[SourceRow]:
    decoder = msgspec.json.Decoder()
    for number, line in numbered_lines(path, error=error):
        try:
            value = decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as cause:
            raise error(f"{str(path)!r}, line {number}: not JSON ({cause}); mend or remove the line") from cause
        if not isinstance(value, dict):
            raise error(
                f"{str(path)!r}, line {number}: {type(value).__name__} instead of a JSON object; wrap it in {{}}"
            )
        yield SourceRow(source=str(path), line=number, fields=value)


def row_text(row: SourceRow, column: str, *, error: type[InputError] = BankError) -> str:
    """A field that is text and not blank; numbers are taken as they are written.

    Raises:
        InputError: As `error`, naming file, line and column.
    """
    value = _field(row, column, error=error)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(row, column, f"is {type(value).__name__}, text was expected; correct it", error=error)
    text = str(value).strip()
    if not text:
        raise _wrong(row, column, "is empty; fill it in", error=error)
    return text


def row_texts(row: SourceRow, column: str, *, error: type[InputError] = BankError) -> tuple[str, ...]:
    """A field that is a list of texts: a JSON list, also where it is written as text in a CSV cell.

    Raises:
        InputError: As `error`, naming file, line and column.
    """
    value = _field(row, column, error=error)
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError as cause:
            raise _wrong(row, column, f"is no JSON list ({cause}); mend it", error=error) from cause
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry.strip() for entry in value):
        raise _wrong(row, column, "is no list of texts; give a JSON list, or name one column per option", error=error)
    return tuple(entry.strip() for entry in value)


def _field(row: SourceRow, column: str, *, error: type[InputError]) -> Any:
    if column not in row.fields:
        known = ", ".join(repr(name) for name in list(row.fields)[:20])
        raise error(f"{row.source!r}, line {row.line}: there is no column {column!r}; the row has {known}")
    return row.fields[column]


def _wrong(row: SourceRow, column: str, message: str, *, error: type[InputError]) -> InputError:
    return error(f"{row.source!r}, line {row.line}, column {column!r}: {message}")
