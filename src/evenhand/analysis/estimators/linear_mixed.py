"""Linear mixed model with crossed random effects, for scores in [0, 1] and for probabilities.

Estimand: the difference in mean score between levels of a profile factor, for the items and profiles of the population
the audited ones stand for. Random terms as in the binomial model. Restricted maximum likelihood (or maximum
likelihood), profiled over the residual variance, the criterion of ``lme4::lmer``. Tests use Student's t with
Satterthwaite's degrees of freedom.

References:
    Bates, Maechler, Bolker and Walker (2015), J. Stat. Software 67(1). Giesbrecht and Burns (1985), Biometrics
    41:477-486, and Kuznetsova, Brockhoff and Christensen (2017), J. Stat. Software 82(13) (degrees of freedom).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import linalg

from evenhand.analysis.estimators.binomial_mixed import FixedEffect, RandomSd, two_sided, upper_quantile
from evenhand.analysis.estimators.laplace import FLOOR
from evenhand.analysis.estimators.linear_likelihood import LinearCells, LinearLikelihood
from evenhand.analysis.estimators.variance_search import curvature, search
from evenhand.errors import TableError

__all__ = ["LinearCells", "LinearFit", "LinearSpec", "Precision", "fit_linear", "linear_contrast"]

Array = npt.NDArray[np.float64]


class LinearSpec(Struct, frozen=True, kw_only=True):
    """How to fit and what to state."""

    reml: bool = True
    confidence: float = 0.95
    max_iterations: int = 100


class Precision(Struct, frozen=True, kw_only=True):
    """Fixed effects with what their degrees of freedom are made of."""

    beta: Array
    covariance: Array
    """Of beta."""
    variance_covariance: Array
    """Asymptotic covariance of (random variances, residual variance); zero where a variance is zero."""
    slopes: Array
    """Derivative of `covariance` in each variance, shape (terms + 1, p, p)."""


class LinearFit(Struct, frozen=True, kw_only=True):
    """A fitted model."""

    effects: tuple[FixedEffect, ...]
    sds: tuple[RandomSd, ...]
    residual_sd: float
    """Of a single trial."""
    loglik: float
    """Restricted log-likelihood where the fit is by REML."""
    singular: bool
    converged: bool
    rows: int
    notes: tuple[str, ...]
    variances: Array
    """Of the random terms, in the order given."""
    precision: Precision


def _check(cells: LinearCells) -> None:
    rows, columns = cells.design.shape
    if rows <= columns:
        raise TableError(
            f"The linear model has {rows} rows for {columns} fixed effects; more answered cells are needed."
        )
    if not np.isfinite(cells.score).all() or np.any(cells.weights <= 0):
        raise TableError("Scores must be finite and weights positive; leave missing cells out.")
    if int(np.linalg.matrix_rank(cells.design)) < columns:
        raise TableError(
            f"The fixed-effect columns {cells.names!r} are not independent; drop the ones that follow from the others."
        )
    for part in cells.terms:
        if part.levels == rows and part.covariate is None:
            raise TableError(
                f"The term {part.name!r} has a level for every row and cannot be told from the residual; drop it."
            )


def fit_linear(cells: LinearCells, *, spec: LinearSpec | None = None) -> LinearFit:
    """Fit the model.

    Args:
        cells: Mean scores; one row per cell.
        spec: How to fit and what to state.

    Raises:
        TableError: Too few rows, scores that are not numbers, dependent fixed-effect columns, or a random term that
            cannot be told from the residual.
    """
    spec = LinearSpec() if spec is None else spec
    _check(cells)
    likelihood = LinearLikelihood(cells, reml=spec.reml)
    if _is_exact(cells):
        return _exact(cells)
    count = len(cells.terms)
    found = search(likelihood.profiled, np.full(count, 0.1), fixed=0, max_iterations=spec.max_iterations)
    ratios = _polished(likelihood, found.point)
    held = ratios <= 2 * FLOOR
    pieces = likelihood.pieces(ratios)
    residual_variance = pieces.quadratic / likelihood.freedom
    variances = np.concatenate([np.where(held, 0.0, ratios * residual_variance), [residual_variance]])
    variance_covariance, slopes = _variation(likelihood, variances)
    precision = Precision(
        beta=pieces.beta,
        covariance=residual_variance * pieces.normal,
        variance_covariance=variance_covariance,
        slopes=slopes,
    )
    effects = tuple(
        _effect(name, row, precision, confidence=spec.confidence)
        for name, row in zip(cells.names, np.eye(len(cells.names)), strict=True)
    )
    return LinearFit(
        effects=effects,
        sds=tuple(
            RandomSd(name=part.name, sd=math.sqrt(value), levels=part.levels, singular=bool(zero))
            for part, value, zero in zip(cells.terms, variances[:-1], held, strict=True)
        ),
        residual_sd=math.sqrt(residual_variance),
        loglik=-likelihood.profiled(ratios).value,
        singular=bool(held.any()),
        converged=found.converged,
        rows=int(cells.score.size),
        notes=_notes(cells, held, converged=found.converged),
        variances=variances[:-1],
        precision=precision,
    )


def linear_contrast(fit: LinearFit, *, coefficients: Array, name: str, confidence: float = 0.95) -> FixedEffect:
    """A linear combination of the fixed effects, with its own Satterthwaite degrees of freedom.

    Args:
        fit: A fit.
        coefficients: Weight of every fixed effect, in their order.
        name: Name of the result.
        confidence: Coverage.
    """
    return _effect(name, coefficients, fit.precision, confidence=confidence)


def _polished(likelihood: LinearLikelihood, ratios: Array) -> Array:
    """Newton steps on the free ratios; each is kept only where it improves the criterion."""
    for _ in range(2):
        evaluation = likelihood.profiled(ratios)
        free = ratios > 2 * FLOOR
        if not free.any():
            return ratios
        hessian = curvature(likelihood.profiled, ratios, evaluation, fixed=0, free=free)
        if linalg.eigvalsh(hessian)[0] <= 0:
            return ratios
        proposal = ratios.copy()
        proposal[free] -= linalg.solve(hessian, evaluation.gradient[free], assume_a="pos")
        if np.any(proposal[free] <= 2 * FLOOR) or likelihood.profiled(proposal).value > evaluation.value:
            return ratios
        ratios = proposal
    return ratios


def _variation(likelihood: LinearLikelihood, variances: Array) -> tuple[Array, Array]:
    """Covariance of the variances and the slopes of the fixed effects' covariance in them."""
    free = variances > 2 * FLOOR * variances[-1]
    evaluation = likelihood.full(variances)
    hessian = curvature(likelihood.full, variances, evaluation, fixed=0, free=free)
    covariance = np.zeros((variances.size, variances.size))
    covariance[np.ix_(free, free)] = linalg.pinvh(hessian)
    columns = likelihood.cells.design.shape[1]
    slopes = np.zeros((variances.size, columns, columns))
    for index in np.flatnonzero(free):
        step = np.zeros_like(variances)
        step[index] = 1e-3 * variances[index]
        change = likelihood.covariance(variances + step) - likelihood.covariance(variances - step)
        slopes[index] = change / (2.0 * step[index])
    return covariance, slopes


def _effect(name: str, coefficients: Array, precision: Precision, *, confidence: float) -> FixedEffect:
    estimate = float(coefficients @ precision.beta)
    variance = float(coefficients @ precision.covariance @ coefficients)
    gradient = np.einsum("kij,i,j->k", precision.slopes, coefficients, coefficients)
    spread = float(gradient @ precision.variance_covariance @ gradient)
    df = max(1.0, 2.0 * variance**2 / spread) if spread > 0 else None
    se = math.sqrt(max(variance, 0.0))
    half = upper_quantile(confidence, df=df) * se
    return FixedEffect(
        name=name,
        estimate=estimate,
        se=se,
        se_adjusted=se,
        df=df,
        low=estimate - half,
        high=estimate + half,
        p=two_sided(abs(estimate) / se, df=df) if se > 0 else 1.0,
    )


def _notes(cells: LinearCells, held: npt.NDArray[np.bool_], *, converged: bool) -> tuple[str, ...]:
    notes = [] if converged else ["The optimiser did not converge; do not rely on these coefficients."]
    for part, zero in zip(cells.terms, held, strict=True):
        if zero:
            notes.append(
                f"Singular fit: the likelihood is highest at a {part.name} SD of 0. That is no evidence that the "
                f"{part.name} variation is absent."
            )
    return tuple(notes)


def _is_exact(cells: LinearCells) -> bool:
    """Whether the fixed effects alone reproduce every score."""
    beta = np.linalg.lstsq(cells.design, cells.score, rcond=None)[0]
    return bool(np.abs(cells.score - cells.design @ beta).max() <= 1e-12)


def _exact(cells: LinearCells) -> LinearFit:
    """The stated degenerate result where nothing is left to vary."""
    beta: Array = linalg.lstsq(cells.design, cells.score)[0]
    beta[np.abs(beta) <= 1e-12] = 0.0
    columns, count = beta.size, len(cells.terms)
    effects = tuple(
        FixedEffect(name=name, estimate=float(b), se=0.0, se_adjusted=0.0, df=None, low=float(b), high=float(b), p=1.0)
        for name, b in zip(cells.names, beta, strict=True)
    )
    return LinearFit(
        effects=effects,
        sds=tuple(RandomSd(name=part.name, sd=0.0, levels=part.levels, singular=True) for part in cells.terms),
        residual_sd=0.0,
        loglik=0.0,
        singular=True,
        converged=True,
        rows=int(cells.score.size),
        notes=("The fixed effects reproduce every score, so no variation is left and intervals are points.",),
        variances=np.zeros(count),
        precision=Precision(
            beta=beta,
            covariance=np.zeros((columns, columns)),
            variance_covariance=np.zeros((count + 1, count + 1)),
            slopes=np.zeros((count + 1, columns, columns)),
        ),
    )
