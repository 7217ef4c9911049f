"""Grids: means over replicates laid out as sampling units by items, NaN where nothing was observed.

Sums are taken in the order of the rows, so that the same table gives the same bytes.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.table.codes import codes, groups_of, joint_codes
from evenhand.analysis.table.scores import level_column

__all__ = ["MeanMatrix", "grid", "held", "item_means", "pair_grid"]

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


class MeanMatrix(Struct, frozen=True, kw_only=True):
    """A matrix of means with the names of its rows and columns."""

    values: NDArray[np.float64]
    """Shape (units, items); NaN where the pair was not asked or not answered."""
    units: list[str]
    items: list[str]
    trials: int
    """Answered trials behind the values."""
    planned: NDArray[np.bool_]
    """Shape (units, items): pairs that were asked, answered or not."""

    @property
    def observed(self) -> bool:
        """Whether there is any value."""
        return bool(np.isfinite(self.values).any())


def grid(rows: pl.DataFrame, *, column: str = "value", unit: str = "unit") -> MeanMatrix:
    """Mean of a column for every unit and item."""
    row, units = codes(rows[unit])
    place, items = codes(rows["item"])
    return _laid_out(_numbers(rows[column]), cell=row * len(items) + place, units=units, items=items, each=1)


def pair_grid(rows: pl.DataFrame, *, contrast: str, first: str, second: str, column: str = "value") -> MeanMatrix:
    """Mean over replicates of first minus second version, for every matched set and item.

    Versions are paired within a replicate, where both saw the same option order; a pair with one answer missing is
    left out.
    """
    row, units = codes(rows["unit"])
    place, items = codes(rows["item"])
    replicate = groups_of(rows["replicate"].to_numpy())
    asked = joint_codes((row, len(units)), (place, len(items)), (replicate.of_row, replicate.keys.size))
    pairs = groups_of(asked)
    value, side = _numbers(rows[column]), rows[level_column(contrast)]
    means = [
        _means(np.where(held(side, level), value, np.nan), group=pairs.of_row, groups=pairs.keys.size)[0]
        for level in (first, second)
    ]
    cell = (row * len(items) + place)[pairs.first]
    return _laid_out(means[0] - means[1], cell=cell, units=units, items=items, each=2)


def item_means(rows: pl.DataFrame, *, items: list[str], column: str = "value") -> Array:
    """Mean of a column for every item, in the order given; NaN where there is none."""
    place, names = codes(rows["item"])
    means, _ = _means(_numbers(rows[column]), group=place, groups=len(names))
    found = dict(zip(names, means.tolist(), strict=True))
    return np.array([found.get(name, np.nan) for name in items], dtype=np.float64)


def held(column: pl.Series, value: str | bool) -> NDArray[np.bool_]:
    """Rows of a column that hold a value; a null holds none."""
    alike = column == value
    return (alike.fill_null(False) if alike.null_count() else alike).to_numpy()


def _numbers(series: pl.Series) -> Array:
    """A column as numbers, NaN where it is null."""
    return series.cast(pl.Float64).to_numpy()


def _means(value: Array, *, group: Codes, groups: int) -> tuple[Array, Codes]:
    """Mean of the known values of every group, NaN where there is none, and how many there are."""
    known = ~np.isnan(value)
    counts = np.bincount(group[known], minlength=groups)
    sums = np.bincount(group[known], weights=value[known], minlength=groups)
    means = np.full(groups, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means, counts


def _laid_out(value: Array, *, cell: Codes, units: list[str], items: list[str], each: int) -> MeanMatrix:
    """Means by cell; a value is made of `each` answers."""
    shape = (len(units), len(items))
    means, counts = _means(value, group=cell, groups=shape[0] * shape[1])
    planned = np.zeros(means.size, dtype=bool)
    planned[cell] = True
    return MeanMatrix(
        values=means.reshape(shape),
        units=units,
        items=items,
        trials=each * int(counts.sum()),
        planned=planned.reshape(shape),
    )
