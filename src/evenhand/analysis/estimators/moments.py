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

Everything is computed on the span of the groupings (a Gram matrix), never on the cells, so cost is cubic in the number
of rows plus columns and linear in cells.

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
from scipy import linalg

from evenhand.analysis.estimators.estimate import Component
from evenhand.analysis.estimators.random_terms import RandomTerm, tally

__all__ = ["RESIDUAL_FLOOR", "MomentVariance", "moment_variance"]

Array = npt.NDArray[np.float64]

RESIDUAL_FLOOR = 0.25
"""Smallest allowed ratio of V to its residual part. The untruncated V can be near zero or negative by chance in small
designs, where it says nothing; docs/methods/paired-gaps.md shows what the choice does to the level."""


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
    """All columns that matter, held only through their inner products."""

    products: Array
    """C = G'G."""
    fixed: slice
    groups: tuple[slice, ...]


def _gram(fixed: Sequence[RandomTerm], covariates: Array, groups: Sequence[RandomTerm]) -> _Gram:
    """Inner products of indicator columns of `fixed` groupings, dense covariates and random groupings."""
    indicators = [*fixed, *groups]
    sizes = [g.levels for g in fixed] + [covariates.shape[1]] + [g.levels for g in groups]
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    slices = [slice(int(a), int(b)) for a, b in itertools.pairwise(bounds)]
    dense_at = len(fixed)
    where = [s for i, s in enumerate(slices) if i != dense_at]
    products = np.zeros((int(bounds[-1]), int(bounds[-1])))
    for a, first in enumerate(indicators):
        for b in range(a, len(indicators)):
            block = _cross(first, indicators[b])
            products[where[a], where[b]] = block
            products[where[b], where[a]] = block.T
        if covariates.shape[1]:
            sums = first.scatter(covariates)
            products[where[a], slices[dense_at]] = sums
            products[slices[dense_at], where[a]] = sums.T
    products[slices[dense_at], slices[dense_at]] = covariates.T @ covariates
    return _Gram(products, slice(0, int(bounds[dense_at + 1])), tuple(slices[dense_at + 1 :]))


def _cross(first: RandomTerm, second: RandomTerm) -> Array:
    weights: Array | None = first.covariate
    if second.covariate is not None:
        weights = second.covariate if weights is None else weights * second.covariate
    index = first.codes * second.levels + second.codes
    block = tally(index, weights=weights, levels=first.levels * second.levels)
    return block.reshape(first.levels, second.levels)


class _Forms(Struct, frozen=True):
    """Expected quadratic forms: E Q = expectations @ (s_1, ..., s_K, s_e)."""

    cores: tuple[Array, ...]
    """T_j with A_j = G T_j G'; the residual form is M itself."""
    projector: Array
    """K_M with M = I - G K_M G'."""
    expectations: Array
    rank: int


def _forms(gram: _Gram, rows: int) -> _Forms:
    products = gram.products
    size = products.shape[0]
    inverse, rank = linalg.pinvh(products[gram.fixed, gram.fixed], return_rank=True)
    projector = np.zeros((size, size))
    projector[gram.fixed, gram.fixed] = inverse
    count = len(gram.groups)
    # B_k: coefficients of M Z_k in the columns of G; C B_k are its inner products with them.
    coefficients, inner = [], []
    for where in gram.groups:
        block = -projector @ products[:, where]
        block[where] += np.eye(where.stop - where.start)
        coefficients.append(block)
        inner.append(products @ block)
    cores = []
    expectations = np.empty((count + 1, count + 1))
    for j, where in enumerate(gram.groups):
        scale = 1.0 / np.maximum(np.diag(products[where, where]), 1e-300)
        cores.append((coefficients[j] * scale) @ coefficients[j].T)
        for k, other in enumerate(gram.groups):
            expectations[j, k] = float(np.sum(scale[:, None] * inner[j][other].T ** 2))
        own = np.diag(inner[j][where])
        expectations[j, count] = float(scale @ own)
        expectations[count, j] = float(own.sum())
    expectations[count, count] = float(rows - rank)
    return _Forms(tuple(cores), projector, expectations, int(rank))


def _spread(gram: _Gram, forms: _Forms, weights: Array, components: Array) -> float:
    """``tr((A S)^2)`` for ``A = sum_j weights_j A_j`` and the given components."""
    core = -weights[-1] * forms.projector
    for weight, part in zip(weights, forms.cores, strict=False):
        core = core + weight * part
    diagonal = np.zeros(core.shape[0])
    for where, value in zip(gram.groups, components, strict=False):
        diagonal[where] = value
    residual, weight = float(components[-1]), float(weights[-1])
    mixed = residual * core + (core @ gram.products) * diagonal
    mixed[np.diag_indices_from(mixed)] += weight * diagonal
    product = mixed @ gram.products
    constant = weight * residual
    rows = float(forms.expectations[-1, -1]) + forms.rank
    return constant**2 * rows + 2 * constant * float(np.trace(product)) + float(np.sum(product * product.T))


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
    forms = _forms(gram, residual.size)
    count = len(groups)
    quadratic = np.empty(count + 1)
    loads = np.empty(count + 1)
    for index, group in enumerate(groups):
        where = gram.groups[index]
        scale = 1.0 / np.maximum(np.diag(gram.products)[where], 1e-300)
        quadratic[index] = float(scale @ group.scatter(residual) ** 2)
        loads[index] = float(np.sum(group.scatter(weights) ** 2))
    quadratic[count] = float(residual @ residual)
    loads[count] = float(weights @ weights)
    solved = _solve(gram, forms, quadratic, loads, [group.name for group in groups])
    if solved.variance > 0.0:
        return solved
    parts = weights * residual
    sums = [parts, *(group.scatter(parts) for group in groups)]
    least = min((group.levels for group in groups if group.levels > 1), default=2)
    return replace(solved, variance=max(map(_clustered, sums)), df=float(max(least - 1, 1)), estimable=False)


def _clustered(sums: Array) -> float:
    """Variance of a sum of independent clusters' contributions; 0 where there is one cluster.

    Stands in, at its largest over rows and groups, where a tiny design gives no positive variance by moments.
    """
    return 0.0 if sums.size < 2 else float(sums.size / (sums.size - 1) * (sums @ sums))


def _solve(gram: _Gram, forms: _Forms, quadratic: Array, loads: Array, names: Sequence[str]) -> MomentVariance:
    """Solve the moment equations, guarding against parts that the design confounds."""
    scale = np.maximum(np.abs(forms.expectations).max(axis=1), 1e-300)
    matrix = forms.expectations / scale[:, None]
    target = loads / max(float(np.abs(loads).max()), 1e-300)
    solution, *_ = linalg.lstsq(matrix.T, target, cond=1e-9)
    estimable = bool(np.allclose(matrix.T @ solution, target, atol=1e-7))
    weights = solution * max(float(np.abs(loads).max()), 1e-300) / scale
    pseudo = linalg.pinv(matrix, rtol=1e-9)
    values = pseudo @ (quadratic / scale)
    separable = np.abs(pseudo @ matrix - np.eye(values.size)).max(axis=1) < 1e-6
    raw = float(weights @ quadratic)
    floor = RESIDUAL_FLOOR * max(float(values[-1]), 0.0) * float(loads[-1])
    if not separable[-1]:
        floor = 0.0
    variance = max(raw, floor)
    possible = np.maximum(values, 0.0)
    spread = _spread(gram, forms, weights, possible)
    df = max(1.0, float(loads @ possible) ** 2 / spread) if spread > 0 else 1.0
    components = tuple(
        Component(
            name=name,
            variance=float(value) if known else None,
            sd=float(np.sqrt(max(value, 0.0))) if known else None,
        )
        for name, value, known in zip([*names, "residual"], values, separable, strict=True)
    )
    return MomentVariance(variance=variance, df=df, components=components, estimable=estimable)
