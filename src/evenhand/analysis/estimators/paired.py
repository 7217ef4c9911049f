"""Paired differences on a matrix of matched sets and items: the primary result.

Estimand: the mean difference, on the scale of the scores, between the two arms of a pair, over matched sets and items
of the populations the audited ones stand for. Sampling units are matched sets and items, both.

The estimate is the mean over the pairs (replicates of a pair averaged first), every set and item with the weight it was
planned to have (`evenhand.analysis.estimators.planned`). Its variance is the sum of a set, an item and a residual part,
found by the method of moments with the exact expected mean squares of the design
(`evenhand.analysis.estimators.moments`); for a complete crossing that is the untruncated quasi-F with Satterthwaite
degrees of freedom. Where answers are missing, the sums of squares are those of what every set and item adds to the
estimate (`evenhand.analysis.estimators.planned_variance`). Sign-flip randomisation over sets and over items is given
with it; each is exact only where the other unit does not vary in its difference.

References:
    Clark (1973), J. Verbal Learning and Verbal Behavior 12:335-359. Satterthwaite (1946), Biometrics Bulletin
    2:110-114. Winkler et al. (2014), NeuroImage 92:381-397 (sign flips).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from evenhand.analysis.estimators.equivalence import sampled_units, unseen_share
from evenhand.analysis.estimators.estimate import Component, Estimate, EstimateSpec, infer
from evenhand.analysis.estimators.influence import influence
from evenhand.analysis.estimators.moments import MomentVariance, moment_variance
from evenhand.analysis.estimators.planned import planned_weights
from evenhand.analysis.estimators.planned_variance import planned_variance
from evenhand.analysis.estimators.random_terms import RandomTerm, tally
from evenhand.analysis.estimators.skewness import third_cumulant
from evenhand.errors import TableError

__all__ = ["PairedGap", "arm_differences", "pair_matrix", "paired_gap", "units_of"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_TINY = 1e-12
_CHUNK = 4_000_000


class PairedGap(Estimate, frozen=True, kw_only=True):
    """A mean paired difference."""

    sets: int
    """Matched sets with at least one pair."""
    items: int
    """Items with at least one pair."""
    pairs: int
    """Observed (set, item) pairs; replicates do not count twice."""
    complete: bool
    """Every set met every item."""
    p_flip_sets: float | None
    """Sign flips of whole sets; None where not asked for or where there are fewer than 5 sets."""
    p_flip_items: float | None
    """Sign flips of whole items, likewise."""


def pair_matrix(
    difference: Array, *, sets: Codes, items: Codes, shape: tuple[int, int], weights: Array | None = None
) -> Array:
    """Long differences as a matrix, set by item; replicates are averaged.

    Args:
        difference: First arm minus second arm, one number per row; NaN where one of them has no score.
        sets: Matched set of each row, 0-based.
        items: Item of each row, 0-based.
        shape: Numbers of sets and items.
        weights: Number of pairs that a row is the mean of; None: one.

    Returns:
        Means, with NaN where nothing was observed.
    """
    known = ~np.isnan(difference)
    index = sets[known] * shape[1] + items[known]
    weight = np.ones(index.size) if weights is None else weights[known]
    counts = tally(index, weights=weight, levels=shape[0] * shape[1])
    sums = tally(index, weights=weight * difference[known], levels=shape[0] * shape[1])
    means = np.full(counts.size, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means.reshape(shape)


def arm_differences(arm: Array, *, baseline: Array) -> Array:
    """Each arm's score minus the item's own baseline.

    The baseline's noise is shared by all differences of an item and so becomes part of the item component.

    Args:
        arm: Mean score of every profile (row) on every item (column); NaN where missing.
        baseline: Mean score of every item without memory; NaN where missing.
    """
    result: Array = arm - baseline[None, :]
    return result


def _sums_flip_p(sums: Array, rng: np.random.Generator, flips: int) -> float | None:
    """Two-sided sign-flip p-value of a total, with the observed arrangement counted."""
    units = sums[np.abs(sums) > _TINY]
    if sums.size < 5:
        return None
    if units.size == 0:
        return 1.0
    observed = abs(float(units.sum())) * (1 - 1e-9) - _TINY
    if 2**units.size <= flips:
        patterns = (np.arange(2**units.size)[:, None] >> np.arange(units.size)) & 1
        return float(np.mean(np.abs((1.0 - 2.0 * patterns) @ units) >= observed))
    hits = 0
    rows = max(1, _CHUNK // units.size)
    for start in range(0, flips, rows):
        signs = rng.integers(0, 2, size=(min(rows, flips - start), units.size), dtype=np.int8)
        hits += int(np.count_nonzero(np.abs(units.sum() - 2.0 * (signs @ units)) >= observed))
    return (hits + 1) / (flips + 1)


def _flip_tests(
    values: Array, sets: Codes, items: Codes, rng: np.random.Generator | None, flips: int
) -> tuple[float | None, float | None]:
    if rng is None or flips <= 0:
        return None, None
    set_sums = tally(sets, weights=values, levels=int(sets.max()) + 1)
    item_sums = tally(items, weights=values, levels=int(items.max()) + 1)
    return _sums_flip_p(set_sums, rng, flips), _sums_flip_p(item_sums, rng, flips)


def _constant_notes(value: float, units: int, confidence: float) -> tuple[str, ...]:
    note = (
        "All observed differences are exactly alike, so their variation cannot be estimated and the interval is the "
        "point itself."
    )
    if abs(value) > _TINY:
        return (note, "The p-value is that of the sign-flip test over the smaller of sets and items.")
    bound = unseen_share(units, confidence=confidence)
    return (
        note,
        f"With {units} independent units and no difference seen, up to {100 * bound:.1f}% of items or users could "
        f"differ ({100 * confidence:.0f}% upper bound).",
    )


def _zero_components(groups: tuple[str, ...]) -> tuple[Component, ...]:
    return tuple(Component(name=name, variance=0.0, sd=0.0) for name in groups)


def paired_gap(
    differences: Array,
    *,
    planned: npt.NDArray[np.bool_] | None = None,
    spec: EstimateSpec | None = None,
    rng: np.random.Generator | None = None,
) -> PairedGap:
    """Mean paired difference with an interval that holds for new sets and new items.

    Args:
        differences: Shape (sets, items); NaN where a pair was not asked or has no score.
        planned: Which pairs were asked, so that sets and items keep their weight where answers are missing; None:
            those that have a score.
        spec: What to state.
        rng: For the sign-flip tests; None: they are left out.

    Raises:
        TableError: No pair was observed, or a difference is infinite.
    """
    spec = EstimateSpec() if spec is None else spec
    known = _known(differences)
    rows, columns = np.nonzero(known)
    values = differences[rows, columns]
    set_ids, sets = np.unique(rows, return_inverse=True)
    item_ids, items = np.unique(columns, return_inverse=True)
    counts = (int(set_ids.size), int(item_ids.size))
    weights = planned_weights(known, planned=planned)[rows, columns]
    level = math.fsum(values) / values.size
    even = planned is None or bool((planned <= known).all())
    mean = level if even else math.fsum(weights * values)
    if float(np.ptp(values)) <= _TINY:
        return _degenerate(float(values[0]) if abs(mean) > _TINY else 0.0, values.size, counts, spec)
    groups = _groups(sets, items, counts)
    moments = moment_variance(values - level, weights=weights, groups=groups, covariates=np.ones((values.size, 1)))
    if not even:
        moments = planned_variance(values, weights=weights, groups=groups, moments=moments)
    inference = infer(mean, se=math.sqrt(moments.variance), df=moments.df, spec=spec)
    flip_sets, flip_items = _flip_tests(values, sets, items, rng, spec.flips)
    parts = weights * (values - mean)
    return PairedGap(
        estimate=mean,
        se=math.sqrt(moments.variance),
        df=moments.df,
        low=inference.low,
        high=inference.high,
        p=inference.p,
        confidence=spec.confidence,
        smallest_detectable=inference.smallest_detectable,
        components=moments.components,
        degenerate=False,
        notes=_notes(moments, counts),
        third=third_cumulant(parts, groups=(sets, items)),
        units=units_of(counts),
        sampled=sampled_units(counts),
        by_item=influence(parts, share=weights, estimate=mean, codes=items),
        by_unit=influence(parts, share=weights, estimate=mean, codes=sets),
        sets=counts[0],
        items=counts[1],
        pairs=int(values.size),
        complete=int(values.size) == counts[0] * counts[1],
        p_flip_sets=flip_sets,
        p_flip_items=flip_items,
    )


def _known(differences: Array) -> npt.NDArray[np.bool_]:
    known = ~np.isnan(differences)
    if not known.any():
        raise TableError(
            f"None of the {differences.size} pairs (sets x items) has a score on both sides, so there is no gap to "
            "estimate; check the arms and the outcomes."
        )
    if np.isinf(differences).any():
        raise TableError("A paired difference is infinite; scores must be finite numbers.")
    return known


def units_of(counts: tuple[int, int]) -> int:
    """The smaller of sets and items; a single set or item is no sample and leaves the other."""
    return min(counts) if min(counts) > 1 else max(counts)


def _groups(sets: Codes, items: Codes, counts: tuple[int, int]) -> list[RandomTerm]:
    """Sets and items as random groupings; one that has a single level is none."""
    named = (("set", sets, counts[0]), ("item", items, counts[1]))
    return [RandomTerm(name=name, codes=codes, levels=count) for name, codes, count in named if count > 1]


def _notes(moments: MomentVariance, counts: tuple[int, int]) -> tuple[str, ...]:
    notes = []
    for count, name in zip(counts, ("matched set", "item"), strict=True):
        if count == 1:
            notes.append(f"There is a single {name}, so the result holds for this {name} only.")
    confounded = [part.name for part in moments.components if part.variance is None]
    if confounded and min(counts) > 1:
        notes.append(
            f"The design cannot tell the components {', '.join(confounded)} apart; the standard error needs only "
            "sums of them that it can tell."
        )
    if not moments.estimable:
        notes.append("The design is too sparse to find the variance without assumption; the standard error may be low.")
    return tuple(notes)


def _degenerate(value: float, pairs: int, counts: tuple[int, int], spec: EstimateSpec) -> PairedGap:
    units = units_of(counts)
    p = 1.0 if value == 0.0 else min(1.0, 2.0 ** (1 - units))
    return PairedGap(
        estimate=value,
        se=0.0,
        df=None,
        low=value,
        high=value,
        p=p,
        confidence=spec.confidence,
        smallest_detectable=None,
        components=_zero_components(("set", "item", "residual")),
        degenerate=True,
        notes=_constant_notes(value, units, spec.confidence),
        units=units,
        sampled=sampled_units(counts),
        sets=counts[0],
        items=counts[1],
        pairs=pairs,
        complete=pairs == counts[0] * counts[1],
        p_flip_sets=None,
        p_flip_items=None,
    )
