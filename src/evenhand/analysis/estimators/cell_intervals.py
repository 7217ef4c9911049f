"""Intervals of all cells of a crossing at once, around pooled means.

Two things make them hold near the ceiling and for combinations that react alone.

*The noise at the end.* Like the interval of a share (Wilson 1927), an end is the score at which the pooled mean would
lie as far off as the factor allows with the noise that answers have *there*. If a cell's score is lower than its
pooled mean, so are those of the cells that are pooled with it: they move with it as the covariance of the errors says.
The noise is never taken to be less than at the pooled mean.

*The end of the pull.* Pooling takes all effects of one kind to be alike, and pulls a combination that reacts alone
far from its own answers. A cell whose own mean differs from its pooled mean by more than noise alone makes it differ
in 1 of 100 cells is not believed to be like the others: its interval also holds that of its own answers. That bounds
what pooling can do to a single cell (limited translation: Efron and Morris 1972).

References:
    Wilson (1927), Journal of the American Statistical Association 22:209-212. Efron and Morris (1972), Journal of the
    American Statistical Association 67:130-139.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.cell_noise import VarianceAt
from evenhand.analysis.estimators.profile_variance import ProfileMeans

__all__ = ["PooledMaps", "cell_intervals"]

Array = NDArray[np.float64]
_ALONE = 2.5758293035489004
"""Standard deviations that noise alone passes in 1 of 100 cells."""
_ROUNDS = 60
_CLOSE = 1e-7


class PooledMaps(Struct, frozen=True, kw_only=True):
    """Linear maps from profile means to pooled means, one per point of a grid."""

    maps: Array
    """Shape (points, profiles, profiles)."""
    share: Array
    """Shape (points,): weights that sum to 1."""

    def of(self, observed: Array) -> Array:
        """The pooled means, mixed over the grid."""
        mixed: Array = self.share @ (self.maps @ observed)
        return mixed

    def around(self, covariance: Array) -> Array:
        """Covariance of the pooled means that a covariance of the profile means makes, mixed over the grid."""
        mixed = np.zeros_like(covariance)
        for share, one in zip(self.share, self.maps, strict=True):
            mixed += share * (one @ covariance @ one.T)
        return mixed


def cell_intervals(
    means: ProfileMeans,
    *,
    pooled: Array,
    maps: PooledMaps,
    covariance: Array,
    answers: Array,
    noise: Array,
    variance: VarianceAt,
    factor: float,
) -> tuple[Array, Array]:
    """Lower and upper ends.

    Args:
        means: Profile means.
        pooled: Their pooled means.
        maps: What pooled them.
        covariance: Of the errors of the pooled means.
        answers: Shape (profiles,): the part of its diagonal that is noise of answers.
        noise: Covariance of the profile means, with the noise at the pooled means.
        variance: Residual variance of an answer at a mean score.
        factor: Standard errors on either side.
    """
    rest = np.maximum(np.diag(covariance) - answers, 0.0)
    moved = covariance / np.maximum(np.diag(covariance), 1e-300)[:, None]
    source = np.tensordot(maps.share, maps.maps**2, axes=1) / means.met.sum(axis=1)
    base = np.maximum(source @ variance(pooled), 1e-300)
    own = np.diag(noise)

    def pooled_noise(off: Array) -> Array:
        """Noise of every pooled mean if its cell is off by as much, and those pooled with it go along."""
        there = variance(pooled + moved * off[:, None])
        more: Array = np.maximum((source * there).sum(axis=1) / base, 1.0)
        return rest + answers * more

    def own_noise(off: Array) -> Array:
        more: Array = np.maximum(variance(means.means + off) / variance(pooled), 1.0)
        return own * more

    low, high = (pooled + sign * _reach(pooled_noise, sign, factor=factor, cells=pooled.size) for sign in (-1.0, 1.0))
    alone = _alone(means, maps=maps, noise=noise)
    own_low, own_high = (
        means.means + sign * _reach(own_noise, sign, factor=factor, cells=pooled.size) for sign in (-1.0, 1.0)
    )
    lower: Array = np.where(alone, np.minimum(low, own_low), low)
    upper: Array = np.where(alone, np.maximum(high, own_high), high)
    return lower, upper


def _alone(means: ProfileMeans, *, maps: PooledMaps, noise: Array) -> NDArray[np.bool_]:
    """Cells whose own mean lies further from the pooled one than noise alone explains."""
    left = np.eye(means.means.size) - np.tensordot(maps.share, maps.maps, axes=1)
    spread = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", left, noise, left, optimize=True), 0.0))
    far: NDArray[np.bool_] = np.abs(left @ means.means) > _ALONE * spread + 1e-12
    return far


def _reach(noise: Callable[[Array], Array], sign: float, *, factor: float, cells: int) -> Array:
    """How far an end lies off: the distance that is `factor` times the standard error at that distance."""
    reach = factor * np.sqrt(noise(np.zeros(cells)))
    for _ in range(_ROUNDS):
        further = 0.5 * (reach + factor * np.sqrt(noise(sign * reach)))
        if np.abs(further - reach).max() <= _CLOSE:
            return further
        reach = further
    return reach
