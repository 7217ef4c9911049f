"""Cells of an intersectional crossing, partially pooled over main effects and pairwise interactions.

Model of the profile means with items taken out: main effects of the factors, a random effect for every cell of two
factors, one for every profile, and the sampling error. How large the two kinds of effects are is not estimated but
integrated over: a grid of their standard deviations is weighted by the restricted likelihood under a flat prior. A cell
so keeps an interval of honest width where the likelihood is highest at the edge, 0, and a real interaction is not
flattened into a sum of main effects.

The pooled mean takes the sampling error of all cells to be alike. How far it may be off does not: the error of a
pooled mean is that of the pull towards the model, under the model, and that of the answers behind it, with a noise that
depends on each cell's own score (`evenhand.analysis.estimators.cell_noise`). Near the ceiling the answers of a
combination that loses 11 points vary five times as much as those of the others. The intervals hold for all cells at
once: they are as wide as the largest deviation among all cells makes necessary, with the noise that belongs to their
ends (`evenhand.analysis.estimators.cell_intervals`).

References:
    Evans, Williams, Onnela and Subramanian (2018), Social Science and Medicine 203:64-73 (MAIHDA). Gelman (2006),
    Bayesian Analysis 1:515-533 (flat priors of standard deviations). Ruppert, Wand and Carroll (2003), Semiparametric
    Regression, section 6.5 (simultaneous intervals). Liang and Zeger (1986), Biometrika 73:13-22 (the
    variance of an estimate whose weights are those of a simpler covariance).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import linalg

from evenhand.analysis.estimators.cell_intervals import PooledMaps, cell_intervals
from evenhand.analysis.estimators.cell_noise import mean_covariance, variance_at
from evenhand.analysis.estimators.profile_variance import ProfileMeans

__all__ = ["PooledCells", "pooled_cells"]

Array = NDArray[np.float64]
_STEPS = (0.0, 0.35, 0.7, 1.0, 1.4, 2.0, 3.0)
"""Grid of both standard deviations, in units of the spread of the profile means beyond main effects."""
_DRAWS = 2000
_LEAST = 1e-4


class PooledCells(Struct, frozen=True, kw_only=True):
    """One entry per profile."""

    mean: Array
    se: Array
    low: Array
    """Lower ends of intervals that hold for all cells at once; they may lie below the smallest score."""
    high: Array
    factor: float
    """Standard errors on either side of a mean in such an interval, before the noise at its ends is looked at."""


def pooled_cells(
    means: ProfileMeans,
    *,
    main: Array,
    pairs: Sequence[NDArray[np.int64]],
    rng: np.random.Generator,
    alpha: float = 0.05,
) -> PooledCells:
    """Pool the profile means.

    Args:
        means: Profile means of scores between 0 and 1, and what met what.
        main: Shape (profiles, columns): ones and main effects, of full column rank.
        pairs: For every pair of factors the cell of each profile, 0-based.
        rng: For the simultaneous intervals.
        alpha: One minus the confidence of all intervals together.
    """
    maps, pulled = _maps(means, main=main, pairs=pairs)
    mean = maps.of(means.means)
    variance = variance_at(means, centre=mean)
    noise = mean_covariance(means.met, variance=variance(mean))
    answers = maps.around(noise)
    covariance = pulled + answers
    se = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    root = linalg.cholesky(covariance + 1e-12 * np.trace(covariance) * np.eye(se.size), lower=True)
    drawn = rng.standard_normal((_DRAWS, se.size)) @ root.T
    factor = float(np.quantile(np.abs(drawn / np.maximum(se, 1e-300)).max(axis=1), 1 - alpha))
    low, high = cell_intervals(
        means,
        pooled=mean,
        maps=maps,
        covariance=covariance,
        answers=np.diag(answers),
        noise=noise,
        variance=variance,
        factor=factor,
    )
    return PooledCells(mean=mean, se=se, low=low, high=high, factor=factor)


def _maps(means: ProfileMeans, *, main: Array, pairs: Sequence[NDArray[np.int64]]) -> tuple[PooledMaps, Array]:
    """The linear maps from profile means to pooled means, and the covariance of the errors that the pull makes.

    The second is mixed over the grid: of the pull towards the model where the effects are as large as a point of the
    grid says, and of the pooled means of the points.
    """
    noise = means.residual * means.covariance
    one = np.eye(means.means.size)
    shared = np.zeros_like(noise)
    for codes in pairs:
        shared += (codes[:, None] == codes[None, :]).astype(np.float64)
    grid, weights = _weighed(means.means, main=main, shared=shared, noise=noise, pairs=len(pairs))
    kept = np.flatnonzero(weights > _LEAST)
    share = weights[kept] / weights[kept].sum()
    maps = np.empty((kept.size, *noise.shape))
    inner = np.zeros_like(noise)
    for place, index in enumerate(kept):
        pair, own = grid[int(index)]
        effects = pair**2 * shared + own**2 * one
        factor = linalg.cho_factor(effects + noise, check_finite=False)
        weighed = linalg.cho_solve(factor, main, check_finite=False)
        to_main = linalg.inv(main.T @ weighed) @ weighed.T
        pull = linalg.cho_solve(factor, effects, check_finite=False).T
        maps[place] = pull + (main - pull @ main) @ to_main
        off = maps[place] - one
        inner += share[place] * (off @ effects @ off.T)
    centres = maps @ means.means
    apart = centres - share @ centres
    return PooledMaps(maps=maps, share=share), inner + (share[:, None] * apart).T @ apart


def _weighed(
    observed: Array, *, main: Array, shared: Array, noise: Array, pairs: int
) -> tuple[list[tuple[float, float]], Array]:
    """The grid of standard deviations and the weight of every point."""
    basis = linalg.null_space(main.T)
    rest = basis.T @ observed
    scale = float(np.sqrt(rest @ rest / rest.size))
    grid = list(itertools.product(np.array(_STEPS) * scale / np.sqrt(max(pairs, 1)), np.array(_STEPS) * scale))
    one = np.eye(observed.size)
    log = np.array([_likelihood(basis, rest, pair**2 * shared + own**2 * one + noise) for pair, own in grid])
    weights = np.exp(log - log.max())
    weights /= weights.sum()
    return grid, weights


def _likelihood(basis: Array, rest: Array, whole: Array) -> float:
    """Restricted log-likelihood, up to a constant."""
    lower = linalg.cholesky(basis.T @ whole @ basis, lower=True, check_finite=False)
    solved = linalg.solve_triangular(lower, rest, lower=True, check_finite=False)
    return float(-np.log(np.diag(lower)).sum() - 0.5 * solved @ solved)
