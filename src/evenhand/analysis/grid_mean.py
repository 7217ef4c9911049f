"""The mean of a grid of any size: the paired estimator, and what stands in for it where a design is too small.

In designs of a few pairs the moment equations of `evenhand.analysis.paired` can give no variance at all although the
differences vary. Then the largest of three simpler variances is used: pairs independent, clustered by set, clustered by
item. It claims less, and a note says so.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from evenhand.analysis.estimate import EstimateSpec, infer
from evenhand.analysis.paired import PairedGap, paired_gap

__all__ = ["grid_mean"]

Array = NDArray[np.float64]

_NOTE = (
    "The design is too small to tell sets, items and the rest apart; the standard error is the largest of those with "
    "pairs, sets or items taken as independent."
)


def grid_mean(values: Array, *, spec: EstimateSpec | None = None, rng: np.random.Generator | None = None) -> PairedGap:
    """Mean of a grid (sets by items, NaN where nothing was observed) with an interval.

    Args:
        values: Differences or scores.
        spec: What to state.
        rng: For the sign-flip tests; None: they are left out.

    Raises:
        TableError: Nothing was observed.
    """
    try:
        return paired_gap(values, spec=spec, rng=rng)
    except ZeroDivisionError:
        return _from_clusters(values, spec=EstimateSpec() if spec is None else spec)


def _from_clusters(values: Array, *, spec: EstimateSpec) -> PairedGap:
    known = ~np.isnan(values)
    mean = float(values[known].mean())
    off = np.where(known, values - mean, 0.0)
    pairs = int(known.sum())
    sums = (off[known], off.sum(axis=1)[known.any(axis=1)], off.sum(axis=0)[known.any(axis=0)])
    variance = max(_clustered(part, pairs=pairs) for part in sums)
    counts = [int(known.any(axis=axis).sum()) for axis in (1, 0)]
    df = float(max(min((count for count in counts if count > 1), default=2) - 1, 1))
    inference = infer(mean, se=math.sqrt(variance), df=df, spec=spec)
    return PairedGap(
        estimate=mean,
        se=math.sqrt(variance),
        df=df,
        low=inference.low,
        high=inference.high,
        p=inference.p,
        confidence=spec.confidence,
        smallest_detectable=inference.smallest_detectable,
        components=(),
        degenerate=False,
        notes=(_NOTE,),
        sets=counts[0],
        items=counts[1],
        pairs=pairs,
        complete=pairs == counts[0] * counts[1],
        p_flip_sets=None,
        p_flip_items=None,
    )


def _clustered(sums: Array, *, pairs: int) -> float:
    """Variance of the mean with the summed deviations of independent clusters; 0 where there is one cluster."""
    if sums.size < 2:
        return 0.0
    return float(sums.size / (sums.size - 1) * (sums**2).sum() / pairs**2)
