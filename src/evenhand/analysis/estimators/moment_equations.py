"""Variances that sums of squares tell: the equations of the method of moments, solved.

Every sum of squares has an expectation that is linear in the variances of the groupings and of the rest. Solved they
give the variances, and with them that of an estimate, which is linear in them too. What a design cannot tell apart has
no variance of its own; what it cannot see at all stays out.

A design decides what it can tell, never the rounding of a processor. So a sum of squares that the fixed effects leave
nothing of is taken out with its variance before any row is scaled, which would make rounding as large as the rest. The
others are solved with rows and columns alike in size, whatever the unit of a covariate. And a difference of sums that
is no larger than the rounding of its terms is 0.

References:
    Henderson (1953), Biometrics 9:226-252. Searle, Casella and McCulloch (1992), Variance Components, ch. 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from evenhand.analysis.estimators.estimate import Component

__all__ = ["RESIDUAL_FLOOR", "MomentSolution", "solved_moments"]

Array = npt.NDArray[np.float64]

RESIDUAL_FLOOR = 0.25
"""Smallest allowed ratio of V to its residual part. The untruncated V can be near zero or negative by chance in small
designs, where it says nothing; docs/methods/paired-gaps.md shows what the choice does to the level."""

_ROUNDING = 1e-10
"""Share of the terms of a sum that is taken for their rounding."""
_SINGULAR = 1e-9
"""Share of the largest singular value below which two equations say the same."""


class MomentSolution(Struct, frozen=True, kw_only=True):
    """What the equations say of the variances, and of the estimate."""

    values: Array
    """Variances, one a grouping, the residual last; 0 for one that is not seen, and they may be negative."""
    weights: Array
    """Of the sums of squares in the variance of the estimate."""
    raw: float
    """Variance of the estimate, untruncated; 0 where it is the rounding of its terms."""
    variance: float
    """The same, at least `RESIDUAL_FLOOR` times its residual part where that is known."""
    told: bool
    """Whether the design tells the parts apart that the variance of the estimate needs."""
    components: tuple[Component, ...]
    """The variances by name; without a number where the design does not tell them from others."""


def solved_moments(expectations: Array, *, quadratic: Array, loads: Array, names: Sequence[str]) -> MomentSolution:
    """Solve ``quadratic = expectations @ variances`` and state ``loads @ variances``.

    Args:
        expectations: How the variances enter the expectation of each sum of squares: a row a sum, a column a variance,
            those of the rest last. A sum of squares and the variance of its grouping have the same place.
        quadratic: The sums of squares.
        loads: How the variances enter the variance of the estimate.
        names: Of the groupings, without the rest.
    """
    seen = _seen(expectations)
    rows = _largest(seen, axis=1)
    matrix = seen / rows[:, None]
    columns = _largest(matrix, axis=0)
    alike = matrix / columns
    inverse = np.linalg.pinv(alike, rcond=_SINGULAR)
    size = _largest(loads / columns, axis=0)
    target = loads / columns / size
    solution = inverse.T @ target
    told = bool((np.abs(alike.T @ solution - target) <= 1e-7 + 1e-5 * np.abs(target)).all())
    weights = solution * size / rows
    values = _sums(inverse * (quadratic / rows)) / columns
    separable = np.abs(inverse @ alike - np.eye(values.size)).max(axis=1) < 1e-6
    raw = float(_sums((weights * quadratic)[None, :])[0])
    floor = RESIDUAL_FLOOR * max(float(values[-1]), 0.0) * float(loads[-1]) if separable[-1] else 0.0
    components = tuple(
        Component(
            name=name,
            variance=float(value) if known else None,
            sd=float(np.sqrt(max(value, 0.0))) if known else None,
        )
        for name, value, known in zip([*names, "residual"], values, separable, strict=True)
    )
    return MomentSolution(
        values=values, weights=weights, raw=raw, variance=max(raw, floor), told=told, components=components
    )


def _seen(expectations: Array) -> Array:
    """The expectations without sums of squares that nothing is left of, and without the variances of their groupings.

    What the rest adds to a sum of squares is a trace of a matrix that has no negative part: where it is 0, so is the
    matrix.
    """
    rest = expectations[:, -1]
    gone = rest <= _ROUNDING * float(rest.max())
    return np.where(gone[:, None] | gone[None, :], 0.0, expectations)


def _largest(numbers: Array, *, axis: int) -> Array:
    """Largest absolute values, to divide by: 1 where all are 0."""
    largest = np.abs(numbers).max(axis=axis)
    result: Array = np.where(largest > 0.0, largest, 1.0)
    return result


def _sums(terms: Array) -> Array:
    """Sums over the last axis; 0 where the terms cancel but for their rounding."""
    sums = terms.sum(axis=1)
    kept: Array = np.where(np.abs(sums) <= _ROUNDING * np.abs(terms).sum(axis=1), 0.0, sums)
    return kept
