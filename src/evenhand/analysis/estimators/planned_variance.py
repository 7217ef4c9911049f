"""Variance of a mean with planned weights, where some of the planned answers are missing.

The mean is ``w'y`` with weights of uneven size, because an item or a set whose answers are missing keeps its planned
share on fewer of them. Sums of squares that count an item by its answers (`evenhand.analysis.estimators.moments`) see
too little of how items differ if those that react are the ones that are missing. Here the squares are those of what
every set, every item and every pair adds to the estimate, ``sum of w (y - mean)`` over the set, the item or the pair:
each counts as it does in the estimate. Under the model ``y = mu + sum_k b_k + e`` their expectations are linear in the
variances ``s_k`` of sets and items and ``s_e`` of the rest, with coefficients that follow from the weights; they are
solved, and

    V = sum_k s_k sum_l W_kl^2 + s_e sum w^2,    W_kl the weight of level l of grouping k.

Where all weights are alike and the crossing is complete, this is the quasi-F variance.

References:
    Cameron, Gelbach and Miller (2011), Journal of Business and Economic Statistics 29:238-249, section 2 (sums over
    one grouping, plus those over the other, less those over both; here with their exact expectations). Searle, Casella
    and McCulloch (1992), Variance Components, ch. 5 (solving for the components).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from evenhand.analysis.estimators.moment_equations import solved_moments
from evenhand.analysis.estimators.moments import MomentVariance
from evenhand.analysis.estimators.random_terms import RandomTerm

__all__ = ["planned_variance"]

Array = npt.NDArray[np.float64]


def planned_variance(
    values: Array, *, weights: Array, groups: Sequence[RandomTerm], moments: MomentVariance
) -> MomentVariance:
    """Variance of ``weights @ values``.

    Args:
        values: One difference per pair of a set and an item.
        weights: Of the pairs; they sum to 1.
        groups: Sets and items, or the one of them that has more than one level.
        moments: What sums that count every pair alike give. Its degrees of freedom are kept, and all of it where the
            weights leave the parts that the variance needs untold.

    Returns:
        The variance, at least `RESIDUAL_FLOOR` times its residual part, and the components that go with it.
    """
    off = values - weights @ values
    shares = [group.scatter(weights) for group in groups]
    loads = np.array([*(float(share @ share) for share in shares), float(weights @ weights)])
    quadratic = np.array([*(float(np.sum(group.scatter(weights * off) ** 2)) for group in groups), 0.0])
    quadratic[-1] = float(np.sum((weights * off) ** 2))
    expectations = _expectations(weights, groups, shares, loads)
    solved = solved_moments(expectations, quadratic=quadratic, loads=loads, names=[group.name for group in groups])
    if not solved.told or solved.raw <= 0.0:
        return moments
    return replace(moments, variance=solved.variance, components=solved.components)


def _expectations(weights: Array, groups: Sequence[RandomTerm], shares: Sequence[Array], loads: Array) -> Array:
    """``E Q = expectations @ (s_1, ..., s_K, s_e)``: how the variances enter every sum of squares.

    What level l of a grouping adds is ``sum over rows of w (1[row in l] - W_l) y``. A component's share in its variance
    is the sum, over the levels of that component, of the squared sum of these coefficients.
    """
    count = len(groups)
    squares = weights**2
    matrix = np.empty((count + 1, count + 1))
    for j, (group, share) in enumerate(zip(groups, shares, strict=True)):
        own = share[group.codes]
        for k, (other, others) in enumerate(zip(groups, shares, strict=True)):
            crossed = squares.sum() - 2.0 * float(np.sum(weights * own * others[other.codes])) + loads[j] * loads[k]
            matrix[j, k] = float(np.sum(share**2 * (1.0 - 2.0 * share + loads[j]))) if j == k else crossed
        matrix[j, count] = float(np.sum(squares * (1.0 - 2.0 * own))) + loads[count] * loads[j]
        matrix[count, j] = matrix[j, count]
    matrix[count, count] = float(np.sum(squares * (1.0 - 2.0 * weights))) + loads[count] ** 2
    return matrix
