"""Cells of an intersectional crossing, partially pooled over main effects and pairwise interactions.

Model of the profile means with items taken out: main effects of the factors, a random effect for every cell of two
factors, one for every profile, and the sampling error. How large the two kinds of effects are is not estimated but
integrated over: a grid of their standard deviations is weighted by the restricted likelihood under a flat prior. A cell
so keeps an interval of honest width where the likelihood is highest at the edge, 0, and a real interaction is not
flattened into a sum of main effects. The intervals hold for all cells at once: they are as wide as the largest
deviation among all cells of the posterior makes necessary.

References:
    Evans, Williams, Onnela and Subramanian (2018), Social Science and Medicine 203:64-73 (MAIHDA). Gelman (2006),
    Bayesian Analysis 1:515-533 (flat priors of standard deviations). Ruppert, Wand and Carroll (2003), Semiparametric
    Regression, section 6.5 (simultaneous intervals).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import linalg

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
    factor: float
    """Standard errors on either side of a mean in an interval that holds for all cells at once."""


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
        means: Profile means and their covariance.
        main: Shape (profiles, columns): ones and main effects, of full column rank.
        pairs: For every pair of factors the cell of each profile, 0-based.
        rng: For the simultaneous intervals.
        alpha: One minus the confidence of all intervals together.
    """
    noise = means.residual * means.covariance
    shared = np.zeros_like(noise)
    for codes in pairs:
        shared += (codes[:, None] == codes[None, :]).astype(np.float64)
    basis = linalg.null_space(main.T)
    rest = basis.T @ means.means
    scale = float(np.sqrt(rest @ rest / rest.size))
    grid = list(itertools.product(np.array(_STEPS) * scale / np.sqrt(max(len(pairs), 1)), np.array(_STEPS) * scale))
    log = np.array([_likelihood(basis, rest, pair**2 * shared + _diagonal(own, noise) + noise) for pair, own in grid])
    weights = np.exp(log - log.max())
    weights /= weights.sum()
    mean, covariance = _mixed(means.means, main=main, shared=shared, noise=noise, grid=grid, weights=weights)
    se = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    root = linalg.cholesky(covariance + 1e-12 * np.trace(covariance) * np.eye(se.size), lower=True)
    drawn = rng.standard_normal((_DRAWS, se.size)) @ root.T
    largest = np.abs(drawn / np.maximum(se, 1e-300)).max(axis=1)
    return PooledCells(mean=mean, se=se, factor=float(np.quantile(largest, 1 - alpha)))


def _diagonal(sd: float, like: Array) -> Array:
    return sd**2 * np.eye(like.shape[0])


def _likelihood(basis: Array, rest: Array, whole: Array) -> float:
    """Restricted log-likelihood, up to a constant."""
    lower = linalg.cholesky(basis.T @ whole @ basis, lower=True, check_finite=False)
    solved = linalg.solve_triangular(lower, rest, lower=True, check_finite=False)
    return float(-np.log(np.diag(lower)).sum() - 0.5 * solved @ solved)


def _mixed(
    observed: Array,
    *,
    main: Array,
    shared: Array,
    noise: Array,
    grid: Sequence[tuple[float, float]],
    weights: Array,
) -> tuple[Array, Array]:
    """Mean and covariance of the cells, mixed over the grid."""
    kept = np.flatnonzero(weights > _LEAST)
    centres, inner = np.empty((kept.size, observed.size)), np.zeros_like(noise)
    share = weights[kept] / weights[kept].sum()
    for place, index in enumerate(kept):
        pair, own = grid[int(index)]
        effects = pair**2 * shared + _diagonal(own, noise)
        factor = linalg.cho_factor(effects + noise, check_finite=False)
        weighed = linalg.cho_solve(factor, main, check_finite=False)
        bread = linalg.inv(main.T @ weighed)
        beta = bread @ (weighed.T @ observed)
        pull = linalg.cho_solve(factor, effects, check_finite=False).T
        centres[place] = main @ beta + pull @ (observed - main @ beta)
        off = main - pull @ main
        inner += share[place] * (effects - pull @ effects + off @ bread @ off.T)
    mean = share @ centres
    apart = centres - mean
    return mean, inner + (share[:, None] * apart).T @ apart
