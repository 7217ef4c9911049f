"""Levels of tests that are made more than once while answers come in: an O'Brien-Fleming type spending function.

Estimand-free: whatever statistic grows like a Brownian motion in the share of the answers, as estimates with
independent increments do. Early looks spend nearly nothing, so that the last keeps nearly all of the level.

References:
    Lan and DeMets (1983), Biometrika 70:659-663 (spending functions; looks need not be where they were planned).
    O'Brien and Fleming (1979), Biometrics 35:549-556.
    Armitage, McPherson and Rowe (1969), JRSS A 132:235-244 (the recursion that is integrated here).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import ndtr, ndtri

from evenhand.errors import UsageError

__all__ = ["look_level", "look_levels", "spent"]

_POINTS = 801
_REACH = 8.0
"""Standard deviations of the process that the grid covers."""


def spent(share: float, *, alpha: float) -> float:
    """The part of a two-sided level that may be spent, half on each side, when a share of the answers is in.

    Raises:
        UsageError: The share is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise UsageError(f"The share of answers {share!r} must be above 0 and at most 1.")
    return 4.0 * float(ndtr(-float(ndtri(1 - alpha / 4)) / math.sqrt(share)))


def look_level(share: float, *, looks: int, alpha: float) -> float:
    """The level of a test that is made when a share of the answers is in.

    Looks planned before that share have been made; it does not matter whether anything was read from them.

    Args:
        share: Share of the planned answers that are in.
        looks: Looks planned, the last at the end, spaced evenly; 1: only at the end.
        alpha: Two-sided level over all looks.
    """
    planned = [look / looks for look in range(1, looks)]
    before = [one for one in planned if one < share - 1e-9]
    return look_levels((*before, share), alpha=alpha)[-1]


@lru_cache(maxsize=256)
def look_levels(shares: Sequence[float], *, alpha: float) -> tuple[float, ...]:
    """The two-sided level of each of some looks, in order.

    Args:
        shares: Shares of the planned answers at the looks, rising.
        alpha: Level over all looks.
    """
    grid = np.linspace(-_REACH, _REACH, _POINTS)
    density = _normal(grid, scale=math.sqrt(shares[0]))
    used, levels = 0.0, []
    for index, share in enumerate(shares):
        if index:
            density = _carried(density, grid, by=share - shares[index - 1])
        may = spent(share, alpha=alpha)
        bound = _bound(density, grid, tail=max(may - used, 0.0))
        used = may
        levels.append(2.0 * float(ndtr(-bound / math.sqrt(share))))
        density = np.where(np.abs(grid) < bound, density, 0.0)
    return tuple(levels)


def _normal(at: NDArray[np.float64], *, scale: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * (at / scale) ** 2) / (scale * math.sqrt(2 * math.pi)))


def _carried(density: NDArray[np.float64], grid: NDArray[np.float64], *, by: float) -> NDArray[np.float64]:
    """The density of the process after a further share of the answers, of those that have not stopped."""
    step = grid[1] - grid[0]
    return np.asarray(_normal(grid[:, None] - grid[None, :], scale=math.sqrt(by)) @ density * step)


def _bound(density: NDArray[np.float64], grid: NDArray[np.float64], *, tail: float) -> float:
    """The bound that the process exceeds on either side with a probability."""
    half = grid[grid >= 0]
    upper = density[grid >= 0]
    step = grid[1] - grid[0]
    above = np.concatenate([np.cumsum((upper[:0:-1] + upper[-2::-1]) / 2)[::-1] * step, [0.0]])

    def excess(bound: float) -> float:
        return 2.0 * float(np.interp(bound, half, above)) - tail

    return _REACH if excess(_REACH) >= 0 or excess(0.0) <= 0 else float(optimize.brentq(excess, 0.0, _REACH))
