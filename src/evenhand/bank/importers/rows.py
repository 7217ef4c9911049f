"""Rows of CSV and JSONL files, one at a time, so that the size of the file does not matter."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Struct

from evenhand.bank.importers.settings import Progress
from evenhand.errors import BankError, InputError

__all__ = ["MAX_FIELD_CHARACTERS", "Row", "numbered_lines", "read_rows", "row_text", "row_texts"]

MAX_FIELD_CHARACTERS = 1_000_000
"""Longer fields are a file that is not what its name says."""
_EVERY = 1000


class Row(Struct, frozen=True, kw_only=True):
    """One row, with the line it ends on."""

    source: str
    line: int
    """1-based line of the file; for CSV the last line of the row."""
    fields: dict[str, Any]


def read_rows(path: Path, *, progress: Progress, error: type[InputError] = BankError) -> Iterator[Row]:
    """Rows of a .csv, .tsv, .jsonl or .ndjson file (UTF-8), in order.

    Raises:
        InputError: As `error`, naming file and line: unreadable, another suffix, not UTF-8, a row with more or fewer
            fields than the header, a line that is no JSON object.
    """
    match path.suffix.lower():
        case ".csv":
            rows = _csv_rows(path, separator=_separator(path, error=error), error=error)
        case ".tsv":
            rows = _csv_rows(path, separator="\t", error=error)
        case ".jsonl" | ".ndjson":
            rows = _json_rows(path, error=error)
        case other:
            raise error(f"{str(path)!r} has suffix {other!r}; rows are read from .csv, .tsv, .jsonl or .ndjson")
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
        InputError: As `error`, when the file cannot be read or is not UTF-8.
    """
    with _opened(path, error=error) as stream:
        for number, line in enumerate(stream, 1):
            if text := line.strip():
                yield number, text


@contextmanager
def _opened(path: Path, *, error: type[InputError]) -> Iterator[IO[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield stream
    except OSError as cause:
        reason = (cause.strerror or type(cause).__name__).lower()
        raise error(f"{str(path)!r} cannot be read ({reason}); check the path and its permissions") from cause
    except UnicodeDecodeError as cause:
        raise error(
            f"{str(path)!r} is not UTF-8 (byte {cause.object[cause.start]:#04x}); save the file with encoding UTF-8"
        ) from cause


def _separator(path: Path, *, error: type[InputError]) -> str:
    """A semicolon where the header has some and no commas, as spreadsheets write it in many countries; else a comma."""
    with _opened(path, error=error) as stream:
        header = stream.readline(MAX_FIELD_CHARACTERS)
    return ";" if ";" in header and "," not in header else ","


def _csv_rows(path: Path, *, separator: str, error: type[InputError]) -> Iterator[Row]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    with _opened(path, error=error) as stream:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        try:
            header = next(reader, None)
            if header is None:
                raise error(f"{str(path)!r} is empty; the first line names the columns")
            names = _header(header, source=str(path), error=error)
            for cells in reader:
                if not any(cells):
                    continue
                if len(cells) != len(names):
                    raise error(
                        f"{str(path)!r}, line {reader.line_num}: {len(cells)} fields, but the header names "
                        f"{len(names)}; quote fields that hold a separator"
                    )
                yield Row(source=str(path), line=reader.line_num, fields=dict(zip(names, cells, strict=True)))
        except csv.Error as cause:
            raise error(f"{str(path)!r}, line {reader.line_num}: {cause}; mend that row") from cause


def _header(cells: list[str], *, source: str, error: type[InputError]) -> list[str]:
    names = [cell.strip() for cell in cells]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise error(f"{source!r}, line 1: column {name!r} stands twice; give each column its own name")
        seen.add(name)
    return names


def _json_rows(path: Path, *, error: type[InputError]) -> Iterator[Row]:
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
        yield Row(source=str(path), line=number, fields=value)


def row_text(row: Row, column: str, *, error: type[InputError] = BankError) -> str:
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


def row_texts(row: Row, column: str, *, error: type[InputError] = BankError) -> tuple[str, ...]:
    """A field that is a list of texts: a JSON list, also where it stands as text in a CSV cell.

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
        raise _wrong(row, column, "is no list of texts; give a JSON list, or name one column an option", error=error)
    return tuple(entry.strip() for entry in value)


def _field(row: Row, column: str, *, error: type[InputError]) -> Any:
    if column not in row.fields:
        known = ", ".join(repr(name) for name in list(row.fields)[:20])
        raise error(f"{row.source!r}, line {row.line}: there is no column {column!r}; the row has {known}")
    return row.fields[column]


def _wrong(row: Row, column: str, message: str, *, error: type[InputError]) -> InputError:
    return error(f"{row.source!r}, line {row.line}, column {column!r}: {message}")
