"""Minimise a criterion over fixed effects and variances, the variances bounded below.

A projected quasi-Newton search (Fisher scoring start, damped BFGS updates). Because the variances themselves are the
parameters, a term leaves its bound whenever the slope there says so: the search cannot stop at a false zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from evenhand.analysis.estimators.laplace import FLOOR, Evaluation

__all__ = ["SearchResult", "curvature", "search"]

Array = npt.NDArray[np.float64]
Criterion = Callable[[Array], Evaluation]
_DECREMENT = 1e-9
_ARMIJO = 1e-4
_TINY = 1e-8


class SearchResult(Struct, frozen=True):
    """Where the search ended."""

    point: Array
    evaluation: Evaluation
    at_bound: npt.NDArray[np.bool_]
    """Parameters held at a bound because the criterion rises from there."""
    converged: bool
    iterations: int


class _Box(Struct, frozen=True):
    """Which parameters are variances, and their bounds."""

    bounded: npt.NDArray[np.bool_]
    ceiling: float

    def inside(self, point: Array) -> Array:
        """The nearest point within the bounds."""
        return np.where(self.bounded, np.clip(point, FLOOR, self.ceiling), point)

    def held(self, point: Array, gradient: Array) -> npt.NDArray[np.bool_]:
        """Parameters at a bound from which the criterion rises."""
        low, high = (point <= FLOOR * 1.5) & (gradient > 0), (point >= self.ceiling) & (gradient < 0)
        found: npt.NDArray[np.bool_] = self.bounded & (low | high)
        return found


def _direction(hessian: Array, gradient: Array, free: npt.NDArray[np.bool_]) -> Array:
    """Newton's step on the free parameters; directions without information get a short one instead of none."""
    step = np.zeros_like(gradient)
    scale = 1.0 / np.sqrt(np.maximum(np.diag(hessian)[free], _TINY))
    values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)] * scale * scale[:, None])
    turned = vectors.T @ (scale * gradient[free])
    step[free] = -scale * (vectors @ (turned / np.maximum(values, 1e-8)))
    return step


def _updated(hessian: Array, step: Array, change: Array) -> Array:
    """Powell's damped BFGS update, which stays positive definite."""
    product = hessian @ step
    quadratic = float(step @ product)
    if quadratic <= 0.0:
        return hessian
    curvature_along = float(step @ change)
    if curvature_along < 0.2 * quadratic:
        share = 0.8 * quadratic / (quadratic - curvature_along)
        change = share * change + (1.0 - share) * product
        curvature_along = float(step @ change)
    updated: Array = hessian - np.outer(product, product) / quadratic + np.outer(change, change) / curvature_along
    return updated


def _line_search(
    criterion: Criterion, point: Array, evaluation: Evaluation, step: Array, *, box: _Box
) -> tuple[Array, Evaluation] | None:
    share = 1.0
    while share > 1e-8:
        trial = box.inside(point + share * step)
        proposal = criterion(trial)
        gain = float(evaluation.gradient @ (trial - point))
        if np.isfinite(proposal.value) and proposal.value <= evaluation.value + _ARMIJO * gain + 1e-12:
            return trial, proposal
        share *= 0.5
    return None


def search(
    criterion: Criterion, start: Array, *, fixed: int, max_iterations: int, ceiling: float = math.inf
) -> SearchResult:
    """Minimise `criterion` from `start`.

    Args:
        criterion: Value, gradient and approximate information at a point.
        start: Fixed effects, then variances.
        fixed: Number of fixed effects, which have no bound.
        max_iterations: Iterations after which the search gives up (`converged` is then False).
        ceiling: Largest variance that is tried.
    """
    box = _Box(np.arange(start.size) >= fixed, ceiling)
    point = box.inside(start)
    evaluation = criterion(point)
    hessian = evaluation.information
    iteration = 0
    for iteration in range(1, max_iterations + 1):
        held = box.held(point, evaluation.gradient)
        step = _direction(hessian, evaluation.gradient, ~held)
        if -float(evaluation.gradient @ step) < _DECREMENT:
            return SearchResult(point, evaluation, held, True, iteration)
        moved = _line_search(criterion, point, evaluation, step, box=box)
        if moved is None:
            close = -float(evaluation.gradient @ step) < 1e-5
            return SearchResult(point, evaluation, held, close, iteration)
        trial, proposal = moved
        if iteration <= 3:
            # Far from the optimum scoring steps beat updated ones.
            hessian = proposal.information
        else:
            hessian = _updated(hessian, trial - point, proposal.gradient - evaluation.gradient)
        point, evaluation = trial, proposal
    return SearchResult(point, evaluation, box.held(point, evaluation.gradient), False, iteration)


def curvature(
    criterion: Criterion, point: Array, evaluation: Evaluation, *, fixed: int, free: npt.NDArray[np.bool_]
) -> Array:
    """Hessian over the free parameters, by central differences of the gradient.

    Args:
        criterion: As for `search`.
        point: Where.
        evaluation: The criterion there; its information sets the step lengths.
        fixed: Number of fixed effects.
        free: Which parameters to include.
    """
    index = np.flatnonzero(free)
    spread = 1.0 / np.sqrt(np.maximum(np.diag(evaluation.information)[index], _TINY))
    hessian = np.empty((index.size, index.size))
    for row, (parameter, scale) in enumerate(zip(index, spread, strict=True)):
        step = np.zeros_like(point)
        step[parameter] = 1e-3 * scale
        if parameter >= fixed:
            # Both points must stay inside the bound.
            step[parameter] = min(step[parameter], 0.25 * point[parameter])
        ahead, behind = criterion(point + step), criterion(point - step)
        hessian[row] = (ahead.gradient - behind.gradient)[index] / (2.0 * step[parameter])
    symmetric: Array = 0.5 * (hessian + hessian.T)
    return symmetric
