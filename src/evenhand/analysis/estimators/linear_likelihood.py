"""The (restricted) likelihood of a linear mixed model with crossed random effects.

With ``V0 = W^-1 + Z diag(ratio) Z'`` and ``V = s2 V0`` the residual variance ``s2`` and the fixed effects have closed
forms, so the criterion is a function of the variance ratios alone (Bates et al. 2015, section 3.4). Gradients:

    d/d tau_j = (tr(Z_j' P Z_j) - |Z_j' P y|^2) / 2,   P = V^-1 - V^-1 X (X' V^-1 X)^-1 X' V^-1

and the same with ``W^-1`` for ``Z_j Z_j'`` for the residual variance (Searle, Casella and McCulloch 1992, ch. 6).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from evenhand.analysis.estimators.laplace import FLOOR, Evaluation
from evenhand.analysis.estimators.random_terms import CrossedTerms, Factorisation, RandomTerm

__all__ = ["LinearCells", "LinearLikelihood", "Pieces"]

Array = npt.NDArray[np.float64]


class LinearCells(Struct, frozen=True, kw_only=True):
    """Mean scores with their fixed-effect columns and random terms."""

    score: Array
    weights: Array
    """Replicates behind each mean: the residual variance of a row is that of one trial divided by it."""
    design: Array
    """Shape (rows, p), the intercept column included."""
    names: tuple[str, ...]
    terms: tuple[RandomTerm, ...]


class Pieces(Struct, frozen=True):
    """What the criterion and its derivatives share at given variance ratios."""

    factor: Factorisation
    scale: Array
    solved_design: Array
    """``V0^-1 X``."""
    normal: Array
    """``(X' V0^-1 X)^-1``."""
    normal_logdet: float
    beta: Array
    solved_residual: Array
    """``V0^-1 (y - X beta)``."""
    quadratic: float


class LinearLikelihood:
    """Minus the (restricted) log-likelihood, ``V0 = W^-1 + Z diag(ratio) Z'``, ``V = s2 V0``."""

    def __init__(self, cells: LinearCells, *, reml: bool) -> None:
        self.cells, self.reml = cells, reml
        self.crossing = CrossedTerms(cells.terms)
        self.gram = self.crossing.gram(cells.weights)
        rows, columns = cells.design.shape
        self.freedom = rows - columns if reml else rows
        # A quadratic form of rounding errors alone must not reach zero: its logarithm is taken.
        self.smallest = 1e-13 * max(float(cells.weights @ (cells.score - cells.score.mean()) ** 2), 1e-300)
        self.log_weights = float(np.log(cells.weights).sum())

    def _solve(self, right: Array, factor: Factorisation, scale: Array) -> Array:
        """``V0^-1 right``; a matrix is solved by column."""
        weighted = (self.cells.weights * right.T).T
        inner = factor.solve((scale * self.crossing.scatter(weighted).T).T)
        result: Array = weighted - (self.cells.weights * self.crossing.gather((scale * inner.T).T).T).T
        return result

    def pieces(self, ratios: Array) -> Pieces:
        """Everything that depends on the variance ratios (in the order of the terms given)."""
        ordered = np.maximum(ratios, FLOOR)[self.crossing.order]
        scale = np.sqrt(self.crossing.spread(ordered))
        factor = self.crossing.factor(self.gram, scale)
        solved = self._solve(self.cells.design, factor, scale)
        information = self.cells.design.T @ solved
        values, vectors = np.linalg.eigh(information)
        values = np.maximum(values, 1e-13 * values[-1])
        normal = (vectors / values) @ vectors.T
        beta = normal @ (solved.T @ self.cells.score)
        residual = self.cells.score - self.cells.design @ beta
        solved_residual = self._solve(residual, factor, scale)
        return Pieces(
            factor,
            scale,
            solved,
            normal,
            float(np.log(values).sum()),
            beta,
            solved_residual,
            max(float(residual @ solved_residual), self.smallest),
        )

    def traces(self, pieces: Pieces, *, shrinkage: Array) -> tuple[Array, Array]:
        """``tr(Z_j' P0 Z_j)`` and ``|Z_j' P0 y|^2`` by term, the residual (``W^-1``) last.

        Args:
            pieces: At the variance ratios.
            shrinkage: One less the diagonal of ``H^-1`` there.
        """
        crossing = self.crossing
        variance = pieces.scale**2
        sums = crossing.scatter(pieces.solved_residual)
        solved_sums = crossing.scatter(pieces.solved_design)
        trace, square = np.empty(len(crossing.terms) + 1), np.empty(len(crossing.terms) + 1)
        for position, where in enumerate(crossing.slices):
            index = crossing.order[position]
            trace[index] = float(np.sum(shrinkage[where] / variance[where]))
            if self.reml:
                trace[index] -= float(np.sum((solved_sums[where] @ pieces.normal) * solved_sums[where]))
            square[index] = float(sums[where] @ sums[where])
        unweighted = pieces.solved_design / self.cells.weights[:, None]
        trace[-1] = self.cells.score.size - float(shrinkage.sum())
        if self.reml:
            trace[-1] -= float(np.sum((unweighted @ pieces.normal) * pieces.solved_design))
        square[-1] = float(np.sum(pieces.solved_residual**2 / self.cells.weights))
        return trace, square

    def profiled(self, ratios: Array) -> Evaluation:
        """Criterion and gradient in the variance ratios, the residual variance at its best."""
        pieces = self.pieces(ratios)
        residual_variance = pieces.quadratic / self.freedom
        value = 0.5 * (
            self.freedom * (1.0 + math.log(2.0 * math.pi * residual_variance))
            + pieces.factor.logdet
            - self.log_weights
            + (pieces.normal_logdet if self.reml else 0.0)
        )
        shrinkage = 1.0 - pieces.factor.inverse().diagonal()
        trace, square = self.traces(pieces, shrinkage=shrinkage)
        gradient = 0.5 * (trace[:-1] - square[:-1] / residual_variance)
        information = np.zeros(len(self.crossing.terms))
        for position, where in enumerate(self.crossing.slices):
            traces = shrinkage[where] / pieces.scale[where] ** 2
            information[self.crossing.order[position]] = 0.5 * float(traces @ traces)
        return Evaluation(value, gradient, np.diag(information))

    def full(self, variances: Array) -> Evaluation:
        """Gradient in (random variances, residual variance), none of them profiled; `value` is not used."""
        residual_variance = float(variances[-1])
        pieces = self.pieces(variances[:-1] / residual_variance)
        trace, square = self.traces(pieces, shrinkage=1.0 - pieces.factor.inverse().diagonal())
        gradient = 0.5 * (trace / residual_variance - square / residual_variance**2)
        return Evaluation(0.0, gradient, np.diag(0.5 * self.freedom / np.maximum(variances, FLOOR) ** 2))

    def covariance(self, variances: Array) -> Array:
        """Covariance of the fixed effects at given variances."""
        residual_variance = float(variances[-1])
        result: Array = residual_variance * self.pieces(variances[:-1] / residual_variance).normal
        return result
