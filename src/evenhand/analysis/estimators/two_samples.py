"""Two samples of arms on the same items: profiles against placebos, both with their own variation.

Estimand: the mean score of the profiles less that of the placebos, over items, profiles and placebo texts of the
populations the audited ones stand for. Sampling units: items, profiles and placebo arms, crossed. The estimate is a
least-squares coefficient with every item's own mean absorbed. Its variance has a part from items that react
differently, one from profiles, one from placebo arms, and a residual, by the method of moments
(`evenhand.analysis.estimators.moments`).

Each sample has a variance of its own, as in Welch's test: placebo texts may differ more than profiles do. Degrees of
freedom are those of Satterthwaite over the parts, so that a few placebo arms count as few. What borrowing from the
profiles would do to the level is in docs/methods/paired-gaps.md.

References:
    Clark (1973), J. Verbal Learning 12:335-359. Welch (1947), Biometrika 34:28-35. Satterthwaite (1946), Biometrics
    Bulletin 2:110-114.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from evenhand.analysis.estimators.crossed import item_coefficient
from evenhand.analysis.estimators.equivalence import sampled_units
from evenhand.analysis.estimators.estimate import Component, EstimateSpec, infer
from evenhand.analysis.estimators.influence import influence
from evenhand.analysis.estimators.moment_equations import RESIDUAL_FLOOR
from evenhand.analysis.estimators.moments import moment_variance
from evenhand.analysis.estimators.paired import PairedGap, units_of
from evenhand.analysis.estimators.random_terms import RandomTerm, tally
from evenhand.analysis.estimators.skewness import third_cumulant
from evenhand.errors import TableError

__all__ = ["two_sample_gap"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_TINY = 1e-12


def two_sample_gap(first: Array, second: Array, *, spec: EstimateSpec | None = None) -> PairedGap:
    """Mean of the first sample less that of the second, on the items that both met.

    Args:
        first: Mean scores, shape (units, items); NaN where not asked or missing.
        second: The same of the other sample, on the same items.
        spec: What to state.

    Raises:
        TableError: No item has scores of both samples.
    """
    spec = EstimateSpec() if spec is None else spec
    both = (~np.isnan(first)).any(axis=0) & (~np.isnan(second)).any(axis=0)
    if not both.any():
        raise TableError("No item has scores of both samples, so there is no difference to average.")
    stacked = np.concatenate([first[:, both], second[:, both]])
    row, item = np.nonzero(~np.isnan(stacked))
    y = stacked[row, item]
    side = np.where(row < first.shape[0], 0.5, -0.5)
    _, unit = np.unique(row, return_inverse=True)
    numbers = (int(np.unique(row[side > 0]).size), int(np.unique(row[side < 0]).size))
    items = RandomTerm(name="item", codes=item, levels=int(both.sum()))
    weights, residual = item_coefficient(y, side, np.empty((y.size, 0)), items)
    estimate = float(weights @ y)
    counts = (numbers[0], items.levels)
    if float(np.abs(residual).max()) <= _TINY:
        return _alike(estimate, counts=counts, pairs=y.size, spec=spec)
    variance, df, components = _variance(residual, weights, side, unit, items, numbers)
    inference = infer(estimate, se=math.sqrt(variance), df=df, spec=spec)
    parts, share = weights * residual, weights * side
    return PairedGap(
        estimate=estimate,
        se=math.sqrt(variance),
        df=df,
        low=inference.low,
        high=inference.high,
        p=inference.p,
        confidence=spec.confidence,
        smallest_detectable=inference.smallest_detectable,
        components=components,
        degenerate=False,
        notes=_notes(numbers),
        third=third_cumulant(parts, groups=(unit, item)),
        units=units_of(counts),
        sampled=sampled_units(counts),
        by_item=influence(parts, share=share, estimate=estimate, codes=item),
        by_unit=influence(parts, share=share, estimate=estimate, codes=unit),
        sets=counts[0],
        items=counts[1],
        pairs=int(y.size),
        complete=int(y.size) == sum(numbers) * items.levels,
        p_flip_sets=None,
        p_flip_items=None,
    )


def _variance(
    residual: Array, weights: Array, side: Array, unit: Codes, items: RandomTerm, numbers: tuple[int, int]
) -> tuple[float, float, tuple[Component, ...]]:
    """Variance of the coefficient, its degrees of freedom, and the parts."""
    indicators = [(side > 0).astype(np.float64), (side < 0).astype(np.float64)]
    names = ("profile", "placebo")
    # Units of the other side share the first level, where their indicator is 0.
    own = (np.where(side > 0, unit, 0), np.where(side < 0, unit - numbers[0], 0))
    groups = [
        RandomTerm(name=name, codes=codes, levels=number, covariate=indicator)
        for name, codes, indicator, number in zip(names, own, indicators, numbers, strict=True)
        if number > 1
    ]
    slopes = items.levels > 1
    if slopes:
        groups.insert(0, RandomTerm(name="item slope", codes=items.codes, levels=items.levels, covariate=side))
    moments = moment_variance(residual, weights=weights, groups=groups, fixed=[items], covariates=side[:, None])
    found = {part.name: part.variance for part in moments.components}
    noise = found["residual"]
    if noise is None or any(found.get(group.name) is None for group in groups) or not moments.estimable:
        return moments.variance, max(1.0, min(moments.df, max(min(numbers) - 1, 1))), moments.components
    sides = [found.get(name) for name in names]
    variance, spread = 0.0, 0.0
    for between, other, number, indicator in zip(sides, sides[::-1], numbers, indicators, strict=True):
        # A sample of one is taken to vary as the other does, with the fewest degrees of freedom there are.
        spread_of_units = (other or 0.0) if between is None else between
        load = float(np.sum(tally(unit, weights=weights * indicator, levels=sum(numbers)) ** 2))
        least = noise * float(np.sum((weights * indicator) ** 2))
        part = max(spread_of_units * load + least, RESIDUAL_FLOOR * least)
        variance += part
        spread += part**2 / max(number - 1, 1)
    possible = variance
    if slopes:
        load = float(np.sum(tally(items.codes, weights=weights * side, levels=items.levels) ** 2))
        part = (found["item slope"] or 0.0) * load
        spread += max(part, 0.0) ** 2 / (items.levels - 1)
        possible += max(part, 0.0)
        variance = max(variance + part, RESIDUAL_FLOOR * noise * float(weights @ weights), 0.5 * variance)
    return variance, max(1.0, possible**2 / spread), moments.components


def _notes(numbers: tuple[int, int]) -> tuple[str, ...]:
    if numbers[1] > 1:
        return ()
    return ("There is a single placebo text; it is assumed to vary as much as profiles do.",)


def _alike(estimate: float, *, counts: tuple[int, int], pairs: int, spec: EstimateSpec) -> PairedGap:
    value = 0.0 if abs(estimate) <= _TINY else estimate
    units = units_of(counts)
    return PairedGap(
        estimate=value,
        se=0.0,
        df=None,
        low=value,
        high=value,
        p=1.0 if value == 0.0 else min(1.0, 2.0 ** (1 - units)),
        confidence=spec.confidence,
        smallest_detectable=None,
        components=(),
        degenerate=True,
        notes=("The scores show no variation beyond item means and arms, so that the interval is the point itself.",),
        units=units,
        sampled=sampled_units(counts),
        sets=counts[0],
        items=counts[1],
        pairs=pairs,
        complete=True,
        p_flip_sets=None,
        p_flip_items=None,
    )
