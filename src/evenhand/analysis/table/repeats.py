"""Repeats of an item and user in a table: their order, and whether a column that nobody named tells them apart."""

from __future__ import annotations

import numpy as np
import polars as pl

from evenhand.errors import TableError
from evenhand.records.as_read import RepeatsRead

__all__ = ["named_replicates", "repeats_read", "replicates"]

_CELL = ("model", "item", "arm")
_NEARLY_ALL = 0.95


def replicates(frame: pl.DataFrame, *, rng: np.random.Generator) -> pl.Series:
    """0-based number of every row within its model, item and arm, in random order.

    Repeats that no column tells apart are exchangeable, so their numbers are drawn; the frame must be in an order
    that does not depend on the file's, and then neither do the numbers.
    """
    keyed = frame.select(_CELL).with_columns(pl.Series("draw", rng.permutation(frame.height)))
    return keyed.select((pl.col("draw").rank("ordinal").over(_CELL) - 1).cast(pl.Int64).alias("replicate"))["replicate"]


def named_replicates(series: pl.Series) -> pl.Series:
    """Numbers of repeats as a column gives them.

    Raises:
        TableError: An entry is no whole number from 0.
    """
    numbers = series.cast(pl.Int64, strict=False)
    mask = numbers.is_null() | (numbers < 0)
    if mask.any():
        raise TableError(
            f"the column {series.name!r} holds {series.filter(mask)[0]!r} in row {(mask.arg_max() or 0) + 1}; "
            f"allowed are whole numbers from 0."
        )
    return numbers.alias("replicate")


def repeats_read(frame: pl.DataFrame, others: pl.DataFrame, *, named: bool) -> RepeatsRead:
    """How many repeats there are, and which unnamed column tells them apart.

    A column does where nearly all repeats of a cell have an entry of their own and entries come back in other cells:
    the name of a user, not the text of an answer.

    Args:
        frame: Columns model, item and arm.
        others: Columns that nobody named, row by row.
        named: Whether users are named; then repeats are averaged within a user and harm no test.
    """
    counts = frame.select(pl.len().over(_CELL).alias("rows"))["rows"]
    most = int(counts.max() or 1)  # type: ignore[arg-type]
    cells = frame.filter(counts > 1).select(_CELL).n_unique()
    if most == 1 or named:
        return RepeatsRead(most=most, cells=cells)
    repeated = frame.select(_CELL).filter(counts > 1)
    entries = {name: others[name].filter(counts > 1) for name in others.columns}
    told = [name for name in entries if _tells(repeated, entries[name])]
    users = [name for name in told if _together(repeated.select("arm"), entries[name]) == entries[name].n_unique()]
    column = next(iter(users or told), None)
    option = None if column is None else "--profile" if column in users else "--profile or --replicate"
    return RepeatsRead(most=most, cells=cells, told_apart_by=column, name_with=option)


def _tells(repeated: pl.DataFrame, entries: pl.Series) -> bool:
    distinct = entries.n_unique()
    if distinct < 2 or distinct > repeated.height / 2:
        return False
    return _together(repeated, entries) >= _NEARLY_ALL * repeated.height


def _together(frame: pl.DataFrame, entries: pl.Series) -> int:
    """Different rows of a frame with one column more, which may have the name of one of its columns."""
    return frame.with_columns(entries.alias("other column")).n_unique()
