"""Variance of a linear estimator under crossed random effects, by the method of moments.

The model is ``y = X beta + sum_k Z_k b_k + e`` with uncorrelated effects of variance ``s_k`` and residuals of variance
``s_e``; no distribution is assumed for the estimate of variance itself. The estimator is one coefficient of the
least-squares fit, ``l'y``. Quadratic forms of the residuals, summed by the levels of each grouping (Henderson's first
method, with the exact expected mean squares of the design at hand, missing cells included), give

    V = sum_k s_k |Z_k' l|^2 + s_e |l|^2

In a complete crossing of P rows and I columns and for the mean this is the quasi-F variance
``(MS_rows + MS_columns - MS_residual) / (P I)``. It is used untruncated: replacing negative components by zero makes
the test needlessly conservative where there is no such variation. Degrees of freedom are Satterthwaite's,
``2 V^2 / Var(V)`` with ``Var(V) = 2 tr((A S)^2)``, exact for the design at hand under normality up to plugging in the
components; here the non-negative ones, because a V that is low by chance would otherwise lower its own degrees of
freedom (docs/methods/paired-gaps.md compares the choices).

Everything is computed on the span of the groupings (a Gram matrix), never on the cells. The grouping of most levels
has a diagonal block of its own, so cost is linear in its levels, cubic in the others and linear in cells.

References:
    Henderson (1953), Biometrics 9:226-252. Searle, Casella and McCulloch (1992), Variance Components, ch. 5.
    Satterthwaite (1946), Biometrics Bulletin 2:110-114. Clark (1973), J. Verbal Learning 12:335-359 (quasi-F).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.estimators.estimate import Component
from evenhand.analysis.estimators.moment_equations import solved_moments
from evenhand.analysis.estimators.random_terms import RandomTerm, tally

__all__ = ["MomentVariance", "moment_variance"]

Array = npt.NDArray[np.float64]


class MomentVariance(Struct, frozen=True, kw_only=True):
    """Variance of the estimator and its parts."""

    variance: float
    """Of the estimator; at least `RESIDUAL_FLOOR` times its residual part."""
    df: float
    """Satterthwaite's, at least 1."""
    components: tuple[Component, ...]
    """One a grouping, the residual last."""
    estimable: bool
    """False when the design cannot tell the parts apart that the variance needs; the variance is then an upper
    bound in the sense of the note the caller gives."""


class _Gram(Struct, frozen=True):
    """Inner products of all columns that matter, the grouping of most levels (the head) apart.

    The head's own products are diagonal, so nothing here is larger than its levels times the other columns. A fixed
    grouping with the head's own codes is taken out beforehand: every column stands for what is left of it within the
    levels of that grouping.
    """

    head: int
    """Index of the head among the groups."""
    diagonal: Array
    """Products of the head with itself, one per level."""
    border: Array
    """Shape (levels of the head, other columns)."""
    rest: Array
    """Products of the other columns: fixed groupings, dense covariates, other random groupings."""
    fixed: slice
    """The fixed columns among the others."""
    groups: tuple[slice | None, ...]
    """The columns of every group among the others; None for the head."""
    absorbed: int
    """Levels of the fixed grouping taken out."""


def _gram(fixed: Sequence[RandomTerm], covariates: Array, groups: Sequence[RandomTerm]) -> _Gram:
    """Inner products of indicator columns of `fixed` groupings, dense covariates and random groupings."""
    at = max(range(len(groups)), key=lambda index: groups[index].levels)
    head = groups[at]
    out = next((term for term in fixed if term.covariate is None and np.array_equal(term.codes, head.codes)), None)
    kept = [term for term in fixed if term is not out]
    others = [group for index, group in enumerate(groups) if index != at]
    sizes = [g.levels for g in kept] + [covariates.shape[1]] + [g.levels for g in others]
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    slices = [slice(int(a), int(b)) for a, b in itertools.pairwise(bounds)]
    dense = slices.pop(len(kept))
    indicators = [*kept, *others]
    rest = np.zeros((int(bounds[-1]), int(bounds[-1])))
    for a, first in enumerate(indicators):
        for b in range(a, len(indicators)):
            block = _cross(first, indicators[b])
            rest[slices[a], slices[b]] = block
            rest[slices[b], slices[a]] = block.T
        sums = first.scatter(covariates)
        rest[slices[a], dense] = sums
        rest[dense, slices[a]] = sums.T
    rest[dense, dense] = covariates.T @ covariates
    if out is not None:
        met = _border(out, indicators, slices, covariates, dense)
        rest = rest - met.T @ (met / np.maximum(np.bincount(out.codes, minlength=out.levels), 1)[:, None])
        head = _within(head, out)
    places = iter(slices[len(kept) :])
    return _Gram(
        head=at,
        diagonal=head.squares(),
        border=_border(head, indicators, slices, covariates, dense),
        rest=rest,
        fixed=slice(0, dense.stop),
        groups=tuple(None if index == at else next(places) for index in range(len(groups))),
        absorbed=0 if out is None else out.levels,
    )


def _border(
    term: RandomTerm, indicators: Sequence[RandomTerm], slices: Sequence[slice], covariates: Array, dense: slice
) -> Array:
    border = np.zeros((term.levels, max([dense.stop, *(where.stop for where in slices)])))
    for other, where in zip(indicators, slices, strict=True):
        border[:, where] = _cross(term, other)
    border[:, dense] = term.scatter(covariates)
    return border


def _within(head: RandomTerm, out: RandomTerm) -> RandomTerm:
    """The head's covariate less its mean in every level; a head without one has nothing left."""
    covariate = np.ones(head.codes.size) if head.covariate is None else head.covariate
    counts = np.maximum(tally(out.codes, weights=None, levels=out.levels), 1.0)
    means = tally(out.codes, weights=covariate, levels=out.levels) / counts
    return replace(head, covariate=covariate - means[out.codes])


def _cross(first: RandomTerm, second: RandomTerm) -> Array:
    weights: Array | None = first.covariate
    if second.covariate is not None:
        weights = second.covariate if weights is None else weights * second.covariate
    index = first.codes * second.levels + second.codes
    block = tally(index, weights=weights, levels=first.levels * second.levels)
    return block.reshape(first.levels, second.levels)


def _pseudo_inverse(matrix: Array) -> tuple[Array, int]:
    """Of a symmetric matrix, and its rank; what rounding leaves of a zero eigenvalue counts as zero."""
    values, vectors = np.linalg.eigh(matrix)
    kept = np.abs(values) > float(np.abs(values).max(initial=0.0)) * values.size * np.finfo(np.float64).eps
    directions = vectors[:, kept]
    return (directions / values[kept]) @ directions.T, int(kept.sum())


class _Forms(Struct, frozen=True):
    """Expected quadratic forms: E Q = expectations @ (s_1, ..., s_K, s_e)."""

    scales: tuple[Array, ...]
    """One over the squares of each group's columns, as they enter the forms."""
    projector: Array
    """K_M with M = I - G K_M G', on the fixed columns."""
    residuals: Array
    """Coefficients of M's other columns in the other columns, I - K_M R."""
    expectations: Array
    rows: int
    """Rows less the levels taken out."""


def _forms(gram: _Gram, rows: int, scales: tuple[Array, ...]) -> _Forms:
    others = gram.rest.shape[0]
    inverse, rank = _pseudo_inverse(gram.rest[gram.fixed, gram.fixed])
    projector = np.zeros((others, others))
    projector[gram.fixed, gram.fixed] = inverse
    residuals = np.eye(others) - projector @ gram.rest
    tail = gram.rest @ residuals
    left = gram.border @ residuals
    pulled = gram.border @ projector
    own_head = gram.diagonal - np.einsum("lt,lt->l", pulled, gram.border)
    count = len(gram.groups)
    expectations = np.empty((count + 1, count + 1))
    for j, where in enumerate(gram.groups):
        scale = scales[j]
        own = own_head if where is None else np.diag(tail)[where]
        expectations[j, count] = float(scale @ own)
        expectations[count, j] = float(own.sum())
        for k, other in enumerate(gram.groups):
            if where is None and other is None:
                shared = (gram.border.T * scale) @ gram.border
                squares = projector @ (gram.border.T @ gram.border) @ projector
                cross = scale * gram.diagonal * (gram.diagonal - 2.0 * (gram.diagonal - own_head))
                expectations[j, k] = float(cross.sum() + np.sum(squares * shared.T))
            elif where is None:
                expectations[j, k] = float(np.sum(scale[:, None] * left[:, other] ** 2))
            elif other is None:
                expectations[j, k] = float(np.sum(scale * left[:, where] ** 2))
            else:
                expectations[j, k] = float(np.sum(scale[:, None] * tail[where, other] ** 2))
    inner = rows - gram.absorbed
    expectations[count, count] = float(inner - rank)
    return _Forms(scales, projector, residuals, expectations, inner)


def _spread(gram: _Gram, forms: _Forms, weights: Array, components: Array) -> float:
    """``tr((A S)^2)`` for ``A = sum_j weights_j A_j`` and the given components.

    With C the inner products of all columns and K the coefficients of A in them, this is the square of
    ``(s_e K + K C D + w D) C`` with D the components on the diagonal, taken block by block: the head's own block is a
    diagonal and a product of two narrow matrices.
    """
    residual, weight = float(components[-1]), float(weights[-1])
    border, rest, diagonal = gram.border, gram.rest, gram.diagonal
    scale = weights[gram.head] * forms.scales[gram.head]
    pull = -border @ forms.projector
    edge = scale[:, None] * pull
    core = pull.T @ edge - weight * forms.projector
    delta = np.zeros(rest.shape[0])
    for index, where in enumerate(gram.groups):
        if where is not None:
            part = forms.residuals[:, where]
            core += (part * (weights[index] * forms.scales[index])) @ part.T
            delta[where] = components[index]
    head = float(components[gram.head])
    own = residual * scale + head * scale * diagonal + weight * head
    right = residual * edge + (scale[:, None] * border + edge @ rest) * delta
    lower = residual * edge.T + head * (edge.T * diagonal + core @ border.T)
    tail = residual * core + (edge.T @ border + core @ rest) * delta + np.diag(weight * delta)
    first, second = np.hstack([head * edge, right]), np.hstack([diagonal[:, None] * border, border])
    upper = own[:, None] * border + head * edge @ (border.T @ border) + right @ rest
    below = lower * diagonal + tail @ border.T
    corner = lower @ border + tail @ rest
    alone, narrow = own * diagonal, second.T @ first
    trace = float(alone.sum() + np.trace(narrow) + np.trace(corner))
    square = float(alone @ alone + 2.0 * (alone @ np.einsum("lr,lr->l", first, second)))
    square += float(np.sum(narrow * narrow.T) + 2.0 * np.sum(upper * below.T) + np.sum(corner * corner.T))
    constant = weight * residual
    return float(constant**2 * forms.rows + 2 * constant * trace + square)


def moment_variance(
    residual: Array,
    *,
    weights: Array,
    groups: Sequence[RandomTerm],
    fixed: Sequence[RandomTerm] = (),
    covariates: Array,
) -> MomentVariance:
    """Variance of ``weights @ y``, a coefficient of the least-squares fit on `fixed` and `covariates`.

    Args:
        residual: Least-squares residuals, one a row.
        weights: The estimator's weights ``l``.
        groups: The random groupings.
        fixed: RandomTerms absorbed as fixed effects.
        covariates: Dense fixed-effect columns, shape (rows, any).
    """
    gram = _gram(fixed, covariates, groups)
    scales = tuple(1.0 / np.maximum(group.squares(), 1e-300) for group in groups)
    forms = _forms(gram, residual.size, scales)
    count = len(groups)
    quadratic = np.empty(count + 1)
    loads = np.empty(count + 1)
    for index, group in enumerate(groups):
        quadratic[index] = float(scales[index] @ group.scatter(residual) ** 2)
        loads[index] = float(np.sum(group.scatter(weights) ** 2))
    quadratic[count] = float(residual @ residual)
    loads[count] = float(weights @ weights)
    solved = solved_moments(
        forms.expectations, quadratic=quadratic, loads=loads, names=[group.name for group in groups]
    )
    if solved.variance > 0.0:
        possible = np.maximum(solved.values, 0.0)
        spread = _spread(gram, forms, solved.weights, possible)
        df = max(1.0, float(loads @ possible) ** 2 / spread) if spread > 0 else 1.0
        return MomentVariance(variance=solved.variance, df=df, components=solved.components, estimable=solved.told)
    parts = weights * residual
    sums = [parts, *(group.scatter(parts) for group in groups)]
    least = min((group.levels for group in groups if group.levels > 1), default=2)
    return MomentVariance(
        variance=max(map(_clustered, sums)),
        df=float(max(least - 1, 1)),
        components=solved.components,
        estimable=False,
    )


def _clustered(sums: Array) -> float:
    """Variance of a sum of independent clusters' contributions; 0 where there is one cluster.

    Is used instead, at its largest over rows and groups, where a tiny design gives no positive variance by moments.
    """
    return 0.0 if sums.size < 2 else float(sums.size / (sums.size - 1) * (sums @ sums))
