"""How far raters agree beyond chance: Krippendorff's alpha, Fleiss' and Cohen's kappa, bootstrap intervals over units.

Ratings are a matrix of units (rows) by raters (columns); NaN is a unit that a rater did not rate. Units with fewer
than two ratings say nothing about agreement and are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

__all__ = [
    "Agreement",
    "Metric",
    "agreement_interval",
    "cohen_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "mean_cohen_kappa",
]

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Floats = NDArray[np.float64]


class Agreement(Struct, frozen=True, kw_only=True):
    """A coefficient of agreement with its interval."""

    value: float
    """1: always agreed; 0: as chance would; NaN: undefined, because all ratings are the same or no unit has two."""
    low: float
    high: float
    level: float
    """Coverage of the interval, such as 0.95."""
    units: int
    """Units with at least two ratings."""


def krippendorff_alpha(ratings: Floats, *, metric: Metric = "nominal") -> float:
    """Krippendorff's alpha: one less the ratio of observed to expected disagreement.

    Every pair of ratings within a unit counts, weighted so that each rating counts once; missing ratings are allowed.

    Args:
        ratings: Units by raters, NaN for missing.
        metric: How far apart two values are: different or not, by ranks, by their difference, by their ratio.

    Returns:
        The coefficient; NaN where all ratings are equal or no unit has two.

    References:
        Krippendorff (2011), Computing Krippendorff's alpha-reliability, sections B to E.
    """
    values, coincidences = _coincidences(ratings)
    if values.size < 2:
        return float("nan")
    return _alpha(coincidences.sum(axis=0), values=values, metric=metric)


def _coincidences(ratings: Floats) -> tuple[Floats, Floats]:
    """The values that occur, and for each usable unit its value-by-value matrix of pairs over (ratings - 1)."""
    usable = ratings[np.sum(~np.isnan(ratings), axis=1) >= 2]
    values = np.unique(usable[~np.isnan(usable)])
    counts = np.sum(usable[:, :, None] == values, axis=1).astype(np.float64)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(values.size)
    return values, pairs / np.maximum(counts.sum(axis=1) - 1, 1)[:, None, None]


def _alpha(coincidence: Floats, *, values: Floats, metric: Metric) -> float:
    margins = coincidence.sum(axis=1)
    total = margins.sum()
    distance = _distance(values, margins=margins, metric=metric)
    expected = float(np.sum(np.outer(margins, margins) * distance))
    if total < 2 or expected == 0.0:
        return float("nan")
    return 1.0 - float(total - 1) * float(np.sum(coincidence * distance)) / expected


def _distance(values: Floats, *, margins: Floats, metric: Metric) -> Floats:
    """Squared distances between values."""
    if metric == "nominal":
        return np.asarray(1.0 - np.eye(values.size), dtype=np.float64)
    if metric == "ordinal":
        ranks = np.cumsum(margins) - margins / 2
        return np.asarray((ranks[:, None] - ranks[None, :]) ** 2, dtype=np.float64)
    difference = values[:, None] - values[None, :]
    if metric == "interval":
        return np.asarray(difference**2, dtype=np.float64)
    total = values[:, None] + values[None, :]
    ratio = np.divide(difference, total, out=np.zeros_like(difference), where=total != 0)
    return np.asarray(ratio**2, dtype=np.float64)


def fleiss_kappa(ratings: Floats) -> float:
    """Fleiss' kappa: agreement between pairs of ratings, over what the overall shares of the categories would give.

    Units may differ in their number of ratings; the shares are then averaged over units (Gwet 2014, section 2.5).

    Args:
        ratings: Units by raters, NaN for missing.

    Returns:
        The coefficient; NaN where all ratings are equal or no unit has two.

    References:
        Fleiss (1971), Measuring nominal scale agreement among many raters.
    """
    usable = ratings[np.sum(~np.isnan(ratings), axis=1) >= 2]
    values = np.unique(usable[~np.isnan(usable)])
    if values.size < 2:
        return float("nan")
    counts = np.sum(usable[:, :, None] == values, axis=1).astype(np.float64)
    raters = counts.sum(axis=1)
    agreed = float(np.mean((np.sum(counts**2, axis=1) - raters) / (raters * (raters - 1))))
    chance = float(np.sum(np.mean(counts / raters[:, None], axis=0) ** 2))
    return (agreed - chance) / (1.0 - chance)


def agreement_interval(
    ratings: Floats,
    coefficient: Callable[[Floats], float],
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    level: float = 0.95,
) -> Agreement:
    """A coefficient with its percentile interval, over units drawn again with replacement.

    Resamples in which the coefficient is undefined are left out; the interval is NaN where more than half are.
    """
    usable = ratings[np.sum(~np.isnan(ratings), axis=1) >= 2]
    value = coefficient(usable) if len(usable) else float("nan")
    low = high = float("nan")
    if not np.isnan(value):
        drawn = [coefficient(usable[rng.integers(len(usable), size=len(usable))]) for _ in range(resamples)]
        defined = np.asarray(drawn)[~np.isnan(drawn)]
        if defined.size * 2 > resamples:
            low, high = (float(edge) for edge in np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]))
    return Agreement(value=value, low=low, high=high, level=level, units=len(usable))


def cohen_kappa(first: Floats, second: Floats) -> float:
    """Cohen's kappa of two raters: agreement over what the shares of each rater's own categories would give.

    Args:
        first: One rating per unit, NaN for missing.
        second: The other rater's, unit by unit.

    Returns:
        The coefficient over the units that both rated; NaN where there are none, or where both used one category only.

    References:
        Cohen (1960), A coefficient of agreement for nominal scales.
    """
    both = ~np.isnan(first) & ~np.isnan(second)
    one, other = first[both], second[both]
    values = np.unique(np.concatenate((one, other)))
    if one.size == 0 or values.size < 2:
        return float("nan")
    shares = [np.mean(ratings[:, None] == values, axis=0) for ratings in (one, other)]
    chance = float(shares[0] @ shares[1])
    return (float(np.mean(one == other)) - chance) / (1.0 - chance)


def mean_cohen_kappa(ratings: Floats) -> float:
    """The mean of Cohen's kappa over all pairs of raters for whom it is defined (Light 1971).

    Args:
        ratings: Units by raters, NaN for missing.

    Returns:
        The mean; NaN where it is defined for no pair.
    """
    raters = range(ratings.shape[1])
    found = [cohen_kappa(ratings[:, one], ratings[:, two]) for one in raters for two in raters if one < two]
    defined = [value for value in found if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
