"""How much profiles differ: variance of profile effects with items taken out, partial pooling, bootstrap interval.

Model, on cell means (profile s, item i): y_si = a_s + b_i + e_si, with items fixed, a = Z beta + u, u ~ N(0, tau^2) and
e ~ N(0, sigma^2). First the profile means a-hat and their covariance sigma^2 C come from least squares with items as
fixed effects; then tau^2 by restricted maximum likelihood of a-hat ~ N(Z beta, tau^2 I + sigma^2 C). For a complete
crossing this is REML of the whole model. Z is a column of ones (null model) or main effects of the factors.

References:
    Evans, Williams, Onnela and Subramanian (2018), Social Science and Medicine 203:64-73 (MAIHDA). Searle, Casella and
    McCulloch (1992), Variance Components, chapters 6 and 7 (REML, BLUP).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import linalg, optimize

from evenhand.analysis.estimators.crossed import CrossedScores
from evenhand.errors import TableError

__all__ = ["ProfileMeans", "ProfileVariance", "SdInterval", "profile_means", "profile_variance", "sd_interval"]

Array = NDArray[np.float64]
_DRAWS = 2000


class ProfileMeans(Struct, frozen=True, kw_only=True):
    """Profile means with items taken out."""

    means: Array
    """Shape (profiles,): mean score, as if every profile had met every item."""
    covariance: Array
    """Shape (profiles, profiles): covariance of the means divided by the residual variance."""
    residual: float
    """Residual variance of a cell mean."""
    item_variance: float
    """Variance of item means beyond the residual."""
    degrees: int
    """Degrees of freedom of the residual variance."""
    met: Array
    """Shape (profiles, items): 1 where a profile met an item, 0 elsewhere."""


class ProfileVariance(Struct, frozen=True, kw_only=True):
    """A fitted null or main-effects model."""

    sd: float
    """Restricted maximum likelihood; 0 where the likelihood is highest at the edge."""
    beta: Array
    pooled: Array
    """Partially pooled mean of every profile."""
    pooled_se: Array
    squares: Array
    """Squared rotated residuals, whose expectations are tau^2 + sigma^2 roots."""
    roots: Array


class SdInterval(Struct, frozen=True, kw_only=True):
    """What a parametric bootstrap says of a standard deviation."""

    low: float
    high: float
    p: float
    """Probability of squares as large if the standard deviation were 0."""


def profile_means(scores: CrossedScores, *, profiles: int) -> ProfileMeans:
    """Least-squares profile means with items as fixed effects.

    Raises:
        TableError: Profiles and items do not hang together, or leave no residual.
    """
    items = int(scores.item.max()) + 1
    met = np.zeros((profiles, items))
    total = np.zeros((profiles, items))
    met[scores.profile, scores.item] = 1.0
    total[scores.profile, scores.item] = scores.score
    per_item = met.sum(axis=0)
    information = np.diag(met.sum(axis=1)) - (met / per_item) @ met.T
    item_mean = total.sum(axis=0) / per_item
    right = total.sum(axis=1) - met @ item_mean
    ones = np.full((profiles, profiles), 1.0 / profiles)
    values, vectors = linalg.eigh(information + ones)
    if values[0] < 1e-9 * values[-1]:
        raise TableError("the profiles and items of the crossing do not hang together; ask more of them.")
    inverse = (vectors / values) @ vectors.T - ones
    effects = inverse @ right
    level = item_mean - (met * effects[:, None]).sum(axis=0) / per_item
    left = met * (total - effects[:, None] - level[None, :])
    cells = met.sum()
    degrees = int(cells) - profiles - items + 1
    if degrees < 1:
        raise TableError("each profile met too few items to tell profiles from items; ask more of them.")
    residual = float((left**2).sum() / degrees)
    return ProfileMeans(
        means=effects + level.mean(),
        covariance=inverse + ones / cells * profiles,
        residual=residual,
        item_variance=max(float(level.var(ddof=1)) - residual * float(np.mean(1 / per_item)), 0.0)
        if items > 1
        else 0.0,
        degrees=degrees,
        met=met,
    )


def profile_variance(means: ProfileMeans, *, design: Array) -> ProfileVariance:
    """Fit tau by restricted maximum likelihood and pool the profiles.

    Args:
        means: Profile means.
        design: Shape (profiles, columns), of full column rank: ones, or ones and main effects.
    """
    count = means.means.size
    basis = linalg.null_space(design.T)
    rotated = basis.T @ (means.residual * means.covariance) @ basis
    roots, vectors = linalg.eigh(rotated)
    roots = np.maximum(roots, 1e-15)
    squares = (vectors.T @ basis.T @ means.means) ** 2
    variance = _reml(squares, roots)
    whole = variance * np.eye(count) + means.residual * means.covariance
    inverse = linalg.pinvh(whole)
    bread = linalg.pinvh(design.T @ inverse @ design)
    beta = bread @ design.T @ inverse @ means.means
    pull = variance * inverse
    pooled = design @ beta + pull @ (means.means - design @ beta)
    off = design - pull @ design
    spread = variance * np.eye(count) - variance * pull + off @ bread @ off.T
    return ProfileVariance(
        sd=math.sqrt(variance),
        beta=beta,
        pooled=pooled,
        pooled_se=np.sqrt(np.maximum(np.diag(spread), 0.0)),
        squares=squares,
        roots=roots,
    )


def sd_interval(fit: ProfileVariance, *, rng: np.random.Generator, alpha: float = 0.05) -> SdInterval:
    """Parametric bootstrap interval of tau, by inverting the test.

    The statistic is the sum of squares weighted as at the estimate; it is drawn `2000` times from the fitted model at
    every candidate tau (one set of normal draws serves all). The interval holds the candidates at which the observed
    sum is neither among the smallest nor among the largest `alpha / 2` of the draws, so it is right at tau = 0 too,
    where percentiles of re-estimated values are not. The upper end is never below the one that the median table
    without any spread would have (a power-constrained limit), so that a table with unusually little noise does not
    pass for proof of no spread.

    References:
        Cowan, Cranmer, Gross and Vitells (2011), arXiv 1105.3166 (power-constrained limits).
    """
    weights = 1.0 / (fit.sd**2 + fit.roots)
    observed = float(fit.squares @ weights)
    draws = rng.standard_normal((_DRAWS, fit.roots.size)) ** 2 * weights

    def above(sd: float, *, least: float = observed) -> float:
        """Share of draws at or above a sum."""
        return float((draws @ (sd**2 + fit.roots) >= least).mean())

    p = (above(0.0) * _DRAWS + 1) / (_DRAWS + 1)
    low = 0.0 if above(0.0) > alpha / 2 else _crossing_point(above, alpha / 2, start=fit.sd)
    least = max(observed, float(np.median(draws @ fit.roots)))
    high = _crossing_point(lambda sd: above(sd, least=least), 1 - alpha / 2, start=fit.sd)
    return SdInterval(low=min(low, fit.sd), high=max(high, fit.sd), p=min(p, 1.0))


def _reml(squares: Array, roots: Array) -> float:
    """The variance that maximises the restricted likelihood; the edge and the inside are both looked at."""

    def deviance(log_variance: float) -> float:
        whole = math.exp(log_variance) + roots
        return float(np.log(whole).sum() + (squares / whole).sum())

    at_zero = float(np.log(roots).sum() + (squares / roots).sum())
    scale = max(float(squares.max()), float(roots.max()), 1e-15)
    grid = np.linspace(math.log(scale * 1e-8), math.log(scale * 1e2), 60)
    best = int(np.argmin([deviance(value) for value in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = optimize.minimize_scalar(deviance, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return 0.0 if at_zero <= float(found.fun) + 1e-9 else math.exp(float(found.x))


def _crossing_point(above: Callable[[float], float], level: float, *, start: float) -> float:
    """The sd at which an increasing share passes a level, by bisection."""
    high = max(start, 1e-4)
    while above(high) < level and high < 1e3:
        high *= 2
    low = 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) < level else (low, middle)
    return high
