"""A table on disk: Parquet, CSV or JSON lines -> data frame, with errors a person can act on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from evenhand.analysis.table.table_guard import refuse_bomb, refuse_wide
from evenhand.errors import TableError
from evenhand.tabular.text_table import TextTable, opened, opened_text, text_table

__all__ = ["TableFile", "column_names", "read_table_file", "table_file"]

_NESTED = (pl.List, pl.Struct, pl.Array, pl.Object, pl.Binary)
_TEXTS = (".csv", ".tsv", ".txt")
_PLAIN_CODECS = ("utf-8", "utf-8-sig")


class TableFile(Struct, frozen=True, kw_only=True):
    """The rows of a file and how they were written."""

    frame: pl.DataFrame
    """Plain columns only. CSV columns are text, so that nothing is guessed; others keep their types, with NaN, which
    is how data frames write an absent number, as null."""
    nested: tuple[str, ...]
    """Columns of lists or objects, which are left out."""
    text: TextTable


def read_table_file(path: Path, *, coded: Collection[str] = ()) -> pl.DataFrame:
    """The rows of a table file; see `table_file`."""
    return table_file(path, coded=coded).frame


def column_names(path: Path) -> set[str]:
    """The names of a table file's columns; of a Parquet file nothing else is read.

    Raises:
        TableError: As for `table_file`.
    """
    if not path.is_file() or path.suffix.lower() != ".parquet":
        return set(table_file(path).frame.columns)
    try:
        refuse_bomb(path, ".parquet")
        return {name.strip() for name in pl.read_parquet_schema(path)}
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return set(table_file(path).frame.columns)  # which says what is wrong with it


def table_file(path: Path, *, coded: Collection[str] = ()) -> TableFile:
    """The rows of a table file; compression, encoding and separator are recognised.

    Args:
        path: The file.
        coded: Columns of a Parquet file whose text is kept as codes (categorical): a long text column takes the memory
            of a few letters a row.

    Raises:
        TableError: The file is absent, empty, of another format, of an encoding that cannot be told, or damaged.
    """
    if path.is_file() and path.suffix.lower() in _TEXTS:
        refuse_bomb(path, path.suffix.lower())  # before its header is split
    text = text_table(path, error=TableError)
    try:
        refuse_bomb(path, path.suffix.lower())
        frame = _parse(text, coded=coded)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise TableError(
            f"the table {str(path)!r} cannot be read as {text.format} ({reason}); write it again from its source."
        ) from error
    if frame.height == 0:
        raise TableError(f"the table {str(path)!r} has a header but no rows; it needs at least one row.")
    nested = tuple(name for name, kind in frame.schema.items() if isinstance(kind, _NESTED))
    plain = frame.drop(nested)
    names = _trimmed(plain.columns, path=path)
    return TableFile(
        frame=plain.rename(names).with_columns(pl.selectors.float().fill_nan(None)), nested=nested, text=text
    )


def _trimmed(columns: list[str], *, path: Path) -> dict[str, str]:
    names = {name: name.strip() for name in columns}
    twice = next((name for name in names.values() if list(names.values()).count(name) > 1), None)
    if twice is not None:
        raise TableError(f"the table {str(path)!r} has the column {twice!r} twice; give each column its own name.")
    return names


def _parse(text: TextTable, *, coded: Collection[str]) -> pl.DataFrame:
    match text.format:
        case "Parquet":
            return _parquet(text.path, coded=coded)
        case "JSON lines":
            return _json_lines(text)
        case "CSV":
            frame = pl.read_csv(
                _source(text), separator=text.separator or ",", infer_schema=False, skip_rows=text.skipped
            )
            if len(frame.columns) != len(text.columns):
                raise TableError(
                    f"the table {str(text.path)!r} has {len(text.columns)} columns by its header and "
                    f"{len(frame.columns)} by its lines, as where lines end in a carriage return alone; save it again "
                    f"with common line ends."
                )
            if frame.height and frame[:, -1].null_count():
                _refuse_short_rows(text)
            return frame.rename(dict(zip(frame.columns, text.columns, strict=True)))


def _parquet(path: Path, *, coded: Collection[str]) -> pl.DataFrame:
    """The columns one after the other, so that no more than one of the coded ones is held as text."""
    if not coded:
        return pl.read_parquet(path)
    schema = pl.read_parquet_schema(path)
    texts = [name for name, kind in schema.items() if name in coded and kind == pl.String]
    columns = {name: pl.read_parquet(path, columns=[name])[name].cast(pl.Categorical) for name in texts}
    columns |= {name: pl.read_parquet(path, columns=[name])[name] for name in schema if name not in columns}
    return pl.DataFrame([columns[name] for name in schema])


def _refuse_short_rows(text: TextTable) -> None:
    """Refuse a row with fewer fields than the header: its fields may be in the wrong columns.

    Looked for only where the last column has empty cells, since a short row leaves one there.

    Raises:
        TableError: There is one.
    """
    with opened_text(text.path, error=TableError) as stream:
        reader = csv.reader(stream, delimiter=text.separator or ",")
        for number, row in enumerate(reader):
            if number > text.skipped and 0 < len(row) < len(text.columns):
                raise TableError(
                    f"the table {str(text.path)!r} has {len(row)} fields in line {reader.line_num} and "
                    f"{len(text.columns)} columns; write an empty field for each absent value, or quote what holds "
                    f"the separator or a line break."
                )


def _source(text: TextTable) -> Path | io.BytesIO:
    """The file itself where polars reads it, otherwise its text as UTF-8."""
    if text.compression == "plain" and text.encoding in _PLAIN_CODECS:
        return text.path
    with opened_text(text.path, error=TableError) as stream:
        return io.BytesIO(stream.read().encode("utf-8"))


def _json_lines(text: TextTable) -> pl.DataFrame:
    try:
        return pl.read_ndjson(_source(text), infer_schema_length=None)
    except pl.exceptions.PolarsError:
        # A column of mixed types, which may be one that nobody asks for: read as text, field by field.
        return _loose(text)


def _loose(text: TextTable) -> pl.DataFrame:
    rows = list(_objects(text))
    names = dict.fromkeys(name for row in rows for name in row)
    refuse_wide(text.path, len(names))
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        nested = any(isinstance(value, list | dict) for value in values)
        columns.append(
            pl.Series(name, [[]] * len(rows), dtype=pl.List(pl.Null))
            if nested
            else pl.Series(name, [_written(value) for value in values], dtype=pl.String)
        )
    return pl.DataFrame(columns)


def _objects(text: TextTable) -> Iterator[dict[str, Any]]:
    with opened(text, error=TableError) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:  # ValueError: also a number of too many digits
                raise TableError(
                    f"the table {str(text.path)!r} cannot be read as JSON lines (line {number}: {error}); write it "
                    f"again from its source."
                ) from error
            if not isinstance(row, dict):
                raise TableError(
                    f"the table {str(text.path)!r} holds no JSON object in line {number}; each line needs one."
                )
            yield row


def _written(value: object) -> str | None:
    """A JSON value as text; NaN is absent, as in a data frame."""
    if value is None or value != value:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
