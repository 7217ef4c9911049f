"""The ratio of two means over the same units, with Fieller's interval.

References:
    Fieller (1954), Some problems in interval estimation, Journal of the Royal Statistical Society B 16:175-185.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.student import quantile
from evenhand.errors import TableError

__all__ = ["Ratio", "ratio_of_means"]


class Ratio(Struct, frozen=True, kw_only=True):
    """A ratio of means."""

    value: float
    low: float | None
    """None where the divisor is not shown to differ from zero: then no interval of finite length holds."""
    high: float | None


def ratio_of_means(above: NDArray[np.float64], below: NDArray[np.float64], *, confidence: float = 0.95) -> Ratio:
    """Mean of `above` divided by mean of `below`; the units (items) are the sample.

    Args:
        above: One number per unit.
        below: The divisor, of the same units in the same order.
        confidence: Share of such intervals that hold the truth.

    Raises:
        TableError: There is no unit, a number is not finite, or the mean of the divisor is zero.
    """
    if above.size == 0 or above.shape != below.shape or not (np.isfinite(above).all() and np.isfinite(below).all()):
        raise TableError(f"A ratio needs two lists of the same finite numbers, not {above.shape} and {below.shape}.")
    top, bottom = float(above.mean()), float(below.mean())
    if bottom == 0.0:
        raise TableError("The mean of the divisor is zero, so there is no ratio.")
    units = above.size
    if units < 2:
        return Ratio(value=top / bottom, low=None, high=None)
    covariance = np.cov(above, below, ddof=1) / units
    t = quantile(0.5 + confidence / 2, df=units - 1)
    g = t**2 * float(covariance[1, 1]) / bottom**2
    if g >= 1.0:
        return Ratio(value=top / bottom, low=None, high=None)
    a = bottom**2 - t**2 * float(covariance[1, 1])
    b = top * bottom - t**2 * float(covariance[0, 1])
    c = top**2 - t**2 * float(covariance[0, 0])
    root = math.sqrt(max(b**2 - a * c, 0.0))
    return Ratio(value=top / bottom, low=(b - root) / a, high=(b + root) / a)
