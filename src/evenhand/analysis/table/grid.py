"""Grids: means over replicates laid out as sampling units by items, NaN where nothing was observed.

Groups keep the order of the rows, so that sums are taken in one order and the same table gives the same bytes.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import codes

__all__ = ["MeanMatrix", "grid", "item_means", "pair_grid"]


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
    means = rows.group_by(unit, "item", maintain_order=True).agg(
        pl.col(column).cast(pl.Float64).mean().alias("mean"), pl.col(column).count().alias("trials")
    )
    return _laid_out(means, unit=unit)


def pair_grid(rows: pl.DataFrame, *, contrast: str, first: str, second: str, column: str = "value") -> MeanMatrix:
    """Mean over replicates of first minus second version, for every matched set and item.

    Versions are paired within a replicate, where both saw the same option order; a pair with one answer missing is
    left out.
    """
    side = pl.col(level_column(contrast)).cast(pl.String)
    pairs = (
        rows.group_by("unit", "item", "replicate", maintain_order=True)
        .agg(
            pl.col(column).filter(side == first).mean().alias("first"),
            pl.col(column).filter(side == second).mean().alias("second"),
        )
        .with_columns((pl.col("first") - pl.col("second")).alias("difference"))
    )
    means = pairs.group_by("unit", "item", maintain_order=True).agg(
        pl.col("difference").mean().alias("mean"), (2 * pl.col("difference").count()).alias("trials")
    )
    return _laid_out(means, unit="unit")


def item_means(rows: pl.DataFrame, *, items: list[str], column: str = "value") -> NDArray[np.float64]:
    """Mean of a column for every item, in the order given; NaN where there is none."""
    means = rows.group_by("item", maintain_order=True).agg(pl.col(column).cast(pl.Float64).mean().alias("mean"))
    found = dict(zip(means["item"].cast(pl.String).to_list(), means["mean"].to_list(), strict=True))
    return np.array([found.get(name) for name in items], dtype=np.float64)


def _laid_out(means: pl.DataFrame, *, unit: str) -> MeanMatrix:
    row, units = codes(means[unit])
    column, items = codes(means["item"])
    values = np.full((len(units), len(items)), np.nan)
    values[row, column] = means["mean"].fill_null(float("nan")).to_numpy()
    planned = np.zeros(values.shape, dtype=bool)
    planned[row, column] = True
    return MeanMatrix(values=values, units=units, items=items, trials=int(means["trials"].sum()), planned=planned)
