"""Profile-likelihood interval for the standard deviation of a random term.

Estimand: the SD of a random term in log-odds. A Wald interval is worthless near zero; here the variance is fixed at
trial values, everything else is fitted again, and the interval holds the values whose likelihood is not too far below
the maximum (Bates et al. 2015, section 5.1). Zero belongs to it unless the likelihood there is too low.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, BinomialFit, aggregate
from evenhand.analysis.estimators.laplace import CEILING, FLOOR, Evaluation, LaplaceLikelihood
from evenhand.analysis.estimators.variance_search import search
from evenhand.errors import UsageError

__all__ = ["sd_interval"]

Array = npt.NDArray[np.float64]
_WIDEST = 20.0
"""Log-odds beyond which no SD is looked for."""


def sd_interval(cells: BinomialCells, fit: BinomialFit, *, term: str, confidence: float = 0.95) -> tuple[float, float]:
    """Lower and upper end for the SD of the random term called `term`.

    Args:
        cells: What was fitted.
        fit: The fit.
        term: Name of the term. Where an intercept and a slope share a name the first one counts.
        confidence: Coverage.

    Returns:
        The two ends. An end of 20 means that no upper end was found; a fit that did not converge gives (0, 20).

    Raises:
        UsageError: No term has that name.
    """
    names = [part.name for part in cells.terms]
    if term not in names:
        raise UsageError(f"No random term is named {term!r}; the terms are {names!r}.")
    if not fit.converged:
        return 0.0, _WIDEST
    profile = _Profile(aggregate(cells), fit, names.index(term))
    best = float(np.sqrt(fit.variances[names.index(term)]))
    drop = float(special.gammaincinv(0.5, confidence))

    def excess(sd: float) -> float:
        return profile.deficit(sd) - drop

    high = min(max(2.0 * best, 0.1), _WIDEST)
    while excess(high) < 0 and high < _WIDEST:
        high = min(2.0 * high, _WIDEST)
    upper = _root(excess, best, high) if excess(high) > 0 else _WIDEST
    lower = 0.0 if best == 0.0 or excess(0.0) <= 0 else _root(excess, 0.0, best)
    return lower, upper


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(optimize.brentq(function, low, high, xtol=1e-5, rtol=1e-6))


class _Profile:
    """Loss of log-likelihood when one variance is held fixed and all else is fitted again."""

    def __init__(self, cells: BinomialCells, fit: BinomialFit, index: int) -> None:
        self.likelihood = LaplaceLikelihood(cells.successes, cells.trials, cells.design, cells.terms)
        self.fixed = cells.design.shape[1]
        self.position = self.fixed + index
        self.best = fit.loglik - self.likelihood.penalty(np.concatenate([fit.beta, fit.variances]))
        self.others = np.arange(self.fixed + len(cells.terms)) != self.position
        self.start = np.concatenate([fit.beta, np.maximum(fit.variances, FLOOR)])[self.others]

    def deficit(self, sd: float) -> float:
        """Maximum log-likelihood minus the one with the SD held at `sd`."""
        held = max(sd**2, FLOOR)

        def criterion(point: Array) -> Evaluation:
            full = np.empty(point.size + 1)
            full[self.others] = point
            full[self.position] = held
            result = self.likelihood.evaluate(full)
            return Evaluation(
                result.value, result.gradient[self.others], result.information[np.ix_(self.others, self.others)]
            )

        found = search(criterion, self.start, fixed=self.fixed, max_iterations=60, ceiling=CEILING)
        self.start = found.point
        return self.best + found.evaluation.value
