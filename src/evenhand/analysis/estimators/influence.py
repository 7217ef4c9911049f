"""Which units carry an estimate, and what one of them changes when it is left out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from evenhand.analysis.estimators.random_terms import tally

__all__ = ["Influence", "influence"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_TINY = 1e-12
_TIED = 1e-9
"""Share of the largest change by which one that is as large may fall short of it by rounding."""


class Influence(Struct, frozen=True, kw_only=True):
    """How an estimate rests on the units of one kind."""

    carrying: int
    """Fewest units that carry at least half of the estimate; 0 where the estimate is 0."""
    change: float
    """Largest change, signed, of the estimate when one unit is left out; 0 where there is one unit only. Of units that
    change it by as much it is that of the first."""


def influence(contributions: Array, *, share: Array, estimate: float, codes: Codes) -> Influence:
    """Carriers of an estimate among the units of one kind.

    Args:
        contributions: Weight times residual of every row.
        share: What every row adds to the weight of the whole; sums to 1.
        estimate: The estimate.
        codes: Unit of every row, 0-based.
    """
    levels = int(codes.max()) + 1
    rest = tally(codes, weights=contributions, levels=levels)
    weight = tally(codes, weights=share, levels=levels)
    left = 1.0 - weight
    change = np.where(left > 1e-9, -rest / np.where(left > 1e-9, left, 1.0), 0.0)
    size = np.abs(change)
    largest = float(change[int(np.argmax(size >= (1 - _TIED) * size.max()))])
    if abs(estimate) <= _TINY:
        return Influence(carrying=0, change=largest)
    parts = np.sort((rest + weight * estimate) / estimate)[::-1]
    carrying = int(np.searchsorted(np.cumsum(parts), 0.5 - 1e-9)) + 1
    return Influence(carrying=min(carrying, levels), change=largest)
