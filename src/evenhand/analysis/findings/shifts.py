"""Shifts of a number that answers state: one estimator for ratings, shares, features of a text, whatever is measured.

Estimand: the mean of the number in one arm minus its mean in another, on the scale of the number, over the items and
users of the design: between the two versions of a matched pair, between each level of a factor and its reference,
between any profile and a placebo, between any profile and no memory, between placebo and no memory. Sampling units:
items and matched sets (or profiles), crossed, as for scores; same estimators (`evenhand.analysis.estimators.paired`,
`evenhand.analysis.estimators.crossed`). Each quantity has a margin of its own. docs/methods/shifts.md.
"""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from evenhand.analysis.estimators.equivalence import Sampled
from evenhand.analysis.estimators.estimate import Estimate
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.factor_gaps import CodedTrials, FactorLevels, crossing_of, level_estimate
from evenhand.analysis.findings.gaps import gap_estimate, gap_grid, sample_of
from evenhand.analysis.findings.memory_effect import NOTHING_SHARED, Comparison, against
from evenhand.analysis.table.measurements import MeasureStratum
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import cues
from evenhand.errors import TableError
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import MissingBounds
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import PRIMARY_NUMBERS, Measure
from evenhand.records.measurement import MEMORY_STAGES
from evenhand.records.profile import Cue

__all__ = ["reactions", "shift_findings"]

_NO_PAIR = "No pair has both numbers, so there is no difference to average."
_PAIRED = "paired differences, crossed random effects (quasi-F, Satterthwaite)"
_ARMS = "arm differences within items, crossed random effects (quasi-F, Satterthwaite)"
_LEVELS = "level contrast, crossed random effects of profiles and items"


def shift_findings(part: MeasureStratum) -> list[Finding]:
    """Every shift of one quantity and tag in one condition."""
    stratum = part.stratum
    none, placebo = stratum.arm("none"), stratum.arm("placebo")
    found: list[Finding] = []
    for cue in cues(stratum):
        pairs, crossed, profiles = stratum.paired(cue), stratum.crossed(cue), stratum.profiles(cue)
        if pairs.height:
            found.append(_between_versions(part, pairs, cue=cue))
        if crossed.height:
            found += _between_levels(part, crossed, cue=cue)
        if profiles.height and placebo.height:
            found.append(
                _against(part, profiles, placebo, arms=ArmContrast(arm="profile", baseline="placebo"), cue=cue)
            )
        if profiles.height and none.height:
            found.append(_against(part, profiles, none, arms=ArmContrast(arm="profile", baseline="none"), cue=cue))
    if placebo.height and none.height:
        found.append(_against(part, placebo, none, arms=ArmContrast(arm="placebo", baseline="none"), cue=None))
    return found


def _between_versions(part: MeasureStratum, rows: pl.DataFrame, *, cue: Cue | None) -> Finding:
    stratum, settings = part.stratum, part.stratum.settings
    contrast = LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged)
    estimand = _estimand(part, arms=ArmContrast(arm="pairs"), contrast=(contrast,), cue=cue, method=_PAIRED)
    differences = gap_grid(rows, stratum=stratum)
    sample = sample_of(differences)
    if not differences.observed:
        return without_number(estimand, stratum=stratum, sample=sample, reason=_NO_PAIR)
    name = f"shift/{part.quantity.name}/{part.quantity.tag}/{stratum.stream_name}/{cue}"
    estimate = gap_estimate(differences, stratum=stratum, name=name)
    advantaged = pl.col(level_column(settings.contrast)).cast(pl.String) == settings.advantaged
    bounds = _bounds(part, plus=rows.filter(advantaged), minus=rows.filter(~advantaged), value=estimate.estimate)
    return _found(part, estimand, estimate=estimate, sample=sample, bounds=bounds)


def _between_levels(part: MeasureStratum, rows: pl.DataFrame, *, cue: Cue | None) -> list[Finding]:
    crossing = crossing_of(rows, part.stratum)
    return [
        _level(part, crossing, rows, factor=factor, level=level, cue=cue)
        for factor in crossing.factors
        for level in range(1, len(factor.levels))
    ]


def _level(
    part: MeasureStratum,
    crossing: CodedTrials,
    rows: pl.DataFrame,
    *,
    factor: FactorLevels,
    level: int,
    cue: Cue | None,
) -> Finding:
    contrast = factor.contrast(level)
    estimand = _estimand(part, arms=ArmContrast(arm="crossing"), contrast=(contrast,), cue=cue, method=_LEVELS)
    try:
        estimate = level_estimate(crossing, crossing.scores, factor=factor, level=level, stratum=part.stratum)
    except TableError as error:
        return without_number(estimand, stratum=part.stratum, sample=crossing.sample, reason=str(error))
    held = pl.col(level_column(factor.name)).cast(pl.String)
    plus, minus = rows.filter(held == contrast.level), rows.filter(held == contrast.reference)
    bounds = _bounds(part, plus=plus, minus=minus, value=estimate.estimate)
    return _found(part, estimand, estimate=estimate, sample=crossing.sample, bounds=bounds)


def _against(
    part: MeasureStratum, rows: pl.DataFrame, baseline: pl.DataFrame, *, arms: ArmContrast, cue: Cue | None
) -> Finding:
    estimand = _estimand(part, arms=arms, cue=cue, method=_ARMS)
    name = f"shift/{arms.arm}/{arms.baseline}/{part.quantity.name}/{part.quantity.tag}/{part.stratum.stream_name}/{cue}"
    estimate, sample = against(
        Comparison(rows=rows, baseline=baseline, name=name, sampled=arms.baseline == "placebo"), stratum=part.stratum
    )
    if estimate is None:
        return without_number(estimand, stratum=part.stratum, sample=sample, reason=NOTHING_SHARED)
    bounds = _bounds(part, plus=rows, minus=baseline, value=estimate.estimate)
    return _found(part, estimand, estimate=estimate, sample=sample, bounds=bounds)


def _estimand(
    part: MeasureStratum,
    *,
    arms: ArmContrast,
    cue: Cue | None,
    method: str,
    contrast: tuple[LevelContrast, ...] = (),
) -> Estimand:
    measure: Measure = "stage_gap" if part.quantity.name in MEMORY_STAGES else "shift"
    return Estimand(measure=measure, arms=arms, contrast=contrast, quantity=part.quantity, method=method, cue=cue)


def _found(
    part: MeasureStratum,
    estimand: Estimand,
    *,
    estimate: Estimate,
    sample: SampleSize,
    bounds: MissingBounds | None,
) -> Finding:
    """The finding, in the confirmatory family where its quantity is primary."""
    estimate = replace(estimate, sampled=reactions(part, estimate.sampled))
    found = finding(estimand, stratum=part.stratum, estimate=estimate, sample=sample, bounds=bounds)
    main = part.quantity in PRIMARY_NUMBERS and estimand.arms.baseline != "none" and estimand.arms.arm != "crossing"
    primary = main and part.stratum.main and estimand.cue in {None, "stated"}
    confirmed = primary and "shift" in part.stratum.settings.confirmatory
    return replace(found, role="confirmatory" if confirmed else found.role)


def reactions(part: MeasureStratum, sampled: tuple[Sampled, ...]) -> tuple[Sampled, ...]:
    """The largest reactions of units on the scale of the number, which those of scores are shares of.

    One item may move a rating from one end of its scale to the other. A number without ends, such as one of words, is
    taken to reach as far as the numbers that were seen.
    """
    seen, measured = part.stratum.rows["value"].drop_nulls().to_numpy(), part.measured
    least = float(seen.min()) if measured.least is None else measured.least
    most = float(seen.max()) if measured.most is None else measured.most
    return tuple(replace(kind, reaction=kind.reaction * (most - least)) for kind in sampled) if most > least else ()


def _bounds(part: MeasureStratum, *, plus: pl.DataFrame, minus: pl.DataFrame, value: float) -> MissingBounds | None:
    """The shift with every missing number at its worst and at its best; None where the scale has no ends.

    Trials are weighed alike, so that the bounds widen the estimate by the share of each side that is missing.
    """
    least, most = part.measured.least, part.measured.most
    if least is None or most is None:
        return None
    missing = plus["value"].null_count() + minus["value"].null_count()
    if missing == 0:
        return MissingBounds(low=value, high=value, missing=0)
    first, second = (side["value"].null_count() / side.height for side in (plus, minus))
    one, two = (float(side["value"].mean() or 0.0) for side in (plus, minus))  # type: ignore[arg-type]
    low = value + first * (least - one) - second * (most - two)
    high = value + first * (most - one) - second * (least - two)
    return MissingBounds(low=low, high=high, missing=missing, first=first, second=second)
