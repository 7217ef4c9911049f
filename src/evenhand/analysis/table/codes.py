"""Codes: the values of a column as whole numbers from 0, in alphabetical order of what they stand for.

Sums over items, arms and replicates are taken over such codes with numpy, since a column's text is never needed for
them: only the few values that occur are read as text.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["Groups", "codes", "groups_of", "joint_codes"]

Codes = NDArray[np.int64]
_WIDE = 4
"""A table of codes may have this many times as many places as there are rows; a larger one is sorted instead."""


class Groups(Struct, frozen=True, kw_only=True):
    """Rows that share a code, numbered from 0 in the order of their codes."""

    of_row: Codes
    """Group of every row."""
    keys: Codes
    """Code of every group, increasing."""

    @property
    def first(self) -> Codes:
        """A row of every group: its first."""
        found = np.empty(self.keys.size, dtype=np.int64)
        found[self.of_row[::-1]] = np.arange(self.of_row.size - 1, -1, -1)
        return found


def codes(series: pl.Series) -> tuple[Codes, list[str]]:
    """0-based codes of a column and the values they stand for, in alphabetical order; a null has the code 0."""
    if not isinstance(series.dtype, pl.Categorical):
        text = series.cast(pl.String)
        values: list[str] = sorted(text.unique().drop_nulls().to_list())
        return text.cast(pl.Enum(values)).to_physical().fill_null(0).to_numpy().astype(np.int64), values
    physical = series.to_physical()
    # A category's own number depends on what else was read; that of its group does not.
    groups = groups_of((physical.cast(pl.Int64).fill_null(-1) if physical.null_count() else physical).to_numpy())
    texts: list[str | None] = series[groups.first.tolist()].cast(pl.String).to_list()
    known = sorted((text, index) for index, text in enumerate(texts) if text is not None)
    place = np.zeros(len(texts), dtype=np.int64)
    place[[index for _, index in known]] = np.arange(len(known))
    return place[groups.of_row], [text for text, _ in known]


def groups_of(code: NDArray[np.integer]) -> Groups:
    """Rows by their code; codes may be any whole numbers."""
    if code.size == 0:
        return Groups(of_row=np.empty(0, dtype=np.int64), keys=np.empty(0, dtype=np.int64))
    low = int(code.min())
    width = int(code.max()) - low + 1
    if width > max(_WIDE * code.size, 1024):
        keys, of_row = np.unique(code, return_inverse=True)
        return Groups(of_row=of_row.reshape(-1).astype(np.int64), keys=keys.astype(np.int64))
    shifted = code.astype(np.int64) - low
    met = np.zeros(width, dtype=bool)
    met[shifted] = True
    keys = np.flatnonzero(met)
    number = np.cumsum(met) - 1
    return Groups(of_row=number[shifted], keys=keys + low)


def joint_codes(*columns: tuple[Codes, int]) -> Codes:
    """One code for several columns together; sorted by it, rows are in the order of the columns, the first one first.

    Args:
        columns: Codes of a column from 0, and how many there are.
    """
    joint, width = columns[0]
    for code, size in columns[1:]:
        if width > np.iinfo(np.int64).max // max(size, 1):
            # Too many combinations for one number; those that occur are no more than the rows.
            groups = groups_of(joint)
            joint, width = groups.of_row, groups.keys.size
        joint, width = joint * size + code, width * size
    return joint
