"""Average marginal effects of a binomial mixed model on the probability scale.

Estimand: the difference in the probability of a good answer when all rows are moved from a factor's reference level to
another level, averaged over the rows (each trial counts alike) and over the random effects of new items and profiles.
The mean over normal random effects uses Gauss-Hermite quadrature with their total variance; the standard error is the
delta method's, in fixed effects and variances together, with the model's small-sample factor.

References:
    Neuhaus, Kalbfleisch and Hauck (1991), International Statistical Review 59:25-35 (population-averaged effects).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import special

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, BinomialFit, aggregate
from evenhand.analysis.estimators.student import quantile, survival
from evenhand.errors import UsageError

__all__ = ["MarginalEffect", "marginal_effects"]

Array = npt.NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(25)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class MarginalEffect(Struct, frozen=True, kw_only=True):
    """One level against its factor's reference."""

    name: str
    """The column's name."""
    estimate: float
    """Difference in probability."""
    se: float
    df: float | None
    low: float
    high: float
    p: float


def marginal_effects(
    cells: BinomialCells, fit: BinomialFit, *, groups: Mapping[str, Sequence[str]], confidence: float = 0.95
) -> tuple[MarginalEffect, ...]:
    """Average marginal effect of every dummy column in `groups`.

    Args:
        cells: What was fitted.
        fit: The fit.
        groups: Factor -> names of its dummy columns, so that setting one level clears the others.
        confidence: Coverage of the intervals.

    Raises:
        UsageError: A name is not a column of the model.
    """
    cells = aggregate(cells)
    effects = []
    for names in groups.values():
        columns = [_column(cells, name) for name in names]
        cleared = cells.design.copy()
        cleared[:, columns] = 0.0
        reference, reference_slope = _average(cells, fit, cleared)
        for name, column in zip(names, columns, strict=True):
            moved = cleared.copy()
            moved[:, column] = 1.0
            level, level_slope = _average(cells, fit, moved)
            effects.append(
                _effect(name, fit, column, level - reference, level_slope - reference_slope, confidence=confidence)
            )
    return tuple(effects)


def _column(cells: BinomialCells, name: str) -> int:
    if name not in cells.names:
        raise UsageError(f"The model has no column {name!r}; its columns are {cells.names!r}.")
    return cells.names.index(name)


def _average(cells: BinomialCells, fit: BinomialFit, design: Array) -> tuple[float, Array]:
    """Mean probability over rows and random effects, and its gradient in (beta, variances)."""
    squares = np.column_stack(
        [np.ones(cells.trials.size) if part.covariate is None else part.covariate**2 for part in cells.terms]
    )
    spread = np.sqrt(squares @ fit.variances)
    share = cells.trials / cells.trials.sum()
    linear = design @ fit.beta
    mean, gradient = 0.0, np.zeros(fit.beta.size + fit.variances.size)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        probability = special.expit(linear + node * spread)
        density = share * weight * probability * (1.0 - probability)
        mean += float(weight * (share @ probability))
        gradient[: fit.beta.size] += design.T @ density
        slope = np.divide(node * density, 2.0 * spread, out=np.zeros_like(spread), where=spread > 0)
        gradient[fit.beta.size :] += squares.T @ slope
    return mean, gradient


def _effect(
    name: str, fit: BinomialFit, column: int, estimate: float, gradient: Array, *, confidence: float
) -> MarginalEffect:
    own = fit.effects[column]
    factor = own.se_adjusted / own.se if own.se > 0 else 1.0
    se = factor * float(np.sqrt(max(float(gradient @ fit.joint_covariance @ gradient), 0.0)))
    half = se * quantile(0.5 + confidence / 2, df=own.df)
    p = min(1.0, 2 * survival(abs(estimate) / se, df=own.df)) if se > 0 else 1.0
    return MarginalEffect(
        name=name, estimate=estimate, se=se, df=own.df, low=estimate - half, high=estimate + half, p=p
    )
