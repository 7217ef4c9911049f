"""A file of answers: rows of the store as Parquet, each with the number of its cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO

import msgspec
import polars as pl
from msgspec import Struct

from evenhand.errors import StoreError
from evenhand.records.trial import Outcome
from evenhand.store.rows import Row
from evenhand.store.schema import CELL_COLUMNS

__all__ = ["NumberedRow", "answered_numbers", "read_rows", "written"]

_WHOLE_NUMBERS = ("replicate", "order_index")
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "number": pl.Int64,
    **{name: pl.Int64 if name in _WHOLE_NUMBERS else pl.String for name in CELL_COLUMNS},
    "texts": pl.List(pl.Struct({"sha": pl.String, "text": pl.String})),
}
"""`number` is the cell's place in the plan's order. `texts` are the turns that the model saw, each with the first row
of the file that has it; the other columns are those of the store."""
_COMPRESSION = 3
_outcome = msgspec.json.Decoder(Outcome)


class NumberedRow(Struct, frozen=True):
    """A row of the store with the number of its cell."""

    number: int
    row: Row


def written(rows: Sequence[NumberedRow]) -> bytes:
    """The rows as a Parquet file."""
    seen: set[str] = set()
    columns: dict[str, list[object]] = {name: [] for name in _SCHEMA}
    for numbered in rows:
        columns["number"].append(numbered.number)
        for name, value in zip(CELL_COLUMNS, numbered.row.columns, strict=True):
            columns[name].append(value)
        new = [{"sha": sha, "text": text} for sha, text in numbered.row.texts if sha not in seen]
        seen.update(sha for sha, _ in numbered.row.texts)
        columns["texts"].append(new)
    file = BytesIO()
    pl.DataFrame(columns, schema=_SCHEMA).write_parquet(file, compression="zstd", compression_level=_COMPRESSION)
    return file.getvalue()


def read_rows(data: bytes, *, name: str) -> Iterator[NumberedRow]:
    """The rows of a file, in the order in which they were written.

    The reply stays in its column: a row that was read is written to a store, and nobody looks into it.

    Args:
        data: The file.
        name: Its name, for messages.

    Raises:
        StoreError: It is no such file.
    """
    frame = _frame(data, name=name)
    detail = 1 + CELL_COLUMNS.index("detail")
    key = 1 + CELL_COLUMNS.index("cell_key")
    for values in frame.iter_rows():
        number, *columns, texts = values
        try:
            outcome = _outcome.decode(values[detail])
            bytes.fromhex(values[key])
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            raise StoreError(f"{name!r} has a row that is no answer ({error}); restore the file from a copy") from error
        yield NumberedRow(
            number,
            Row(
                cell_key=values[key],
                outcome=outcome,
                reply=None,
                columns=tuple(columns),
                texts=tuple((text["sha"], text["text"]) for text in texts or ()),
            ),
        )


def answered_numbers(data: bytes, *, name: str) -> list[int]:
    """Numbers of the cells that have an answer in a file; a failure is none.

    Raises:
        StoreError: It is no such file.
    """
    frame = _frame(data, name=name, columns=["number", "outcome"])
    return frame.filter(pl.col("outcome") != "failed")["number"].to_list()


def _frame(data: bytes, *, name: str, columns: list[str] | None = None) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(BytesIO(data), columns=columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        first = str(error).splitlines()[0][:200]
        raise StoreError(f"{name!r} is no readable Parquet file ({first}); restore it from a copy") from error
    wanted = {column: _SCHEMA[column] for column in columns or _SCHEMA}
    if frame.schema != pl.Schema(wanted):
        raise StoreError(f"{name!r} has other columns than a file of answers; restore it from a copy")
    return frame
