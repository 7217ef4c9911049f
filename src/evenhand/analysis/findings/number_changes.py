"""What changes with a policy in the numbers that answers state or show: shifts, and divergence of whole answers.

Estimand of a change: the shift (divergence) with the policy minus the same without one, on the same items, users,
orders and replicates; every question is its own control. Shifts are compared between the two versions of a matched
pair, between each level of a factor and its reference, and between any profile and no memory; they have the estimators
and the margins of `evenhand.analysis.findings.shifts`. The divergence from no memory is a mean over questions too. That
between versions is no mean, and its change is tested by exchanging policy and no policy within matched sets.
docs/methods/mitigation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.estimators.crossed import CrossedContrast
from evenhand.analysis.estimators.divergence import beyond_repeats, divergence_change_of_pairs
from evenhand.analysis.estimators.estimate import Estimate
from evenhand.analysis.findings.compare import QUESTION
from evenhand.analysis.findings.divergence import NO_SETS, version_differences, versions_sample, whole
from evenhand.analysis.findings.estimand import Estimand, finding, with_number, without_number
from evenhand.analysis.findings.factor_gaps import CodedTrials, FactorLevels, crossing_of, level_estimate
from evenhand.analysis.findings.gaps import gap_estimate, gap_grid, sample_of
from evenhand.analysis.findings.numbers import Sensitivities, follows, held
from evenhand.analysis.findings.policy_changes import (
    METHOD,
    AspectChange,
    change_estimate,
    joined_questions,
    mean_of,
)
from evenhand.analysis.findings.shifts import reactions
from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.grid import grid
from evenhand.analysis.table.measurements import Measurements, MeasureStratum, measure_strata, whole_answers
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.errors import TableError
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Tested
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity, QuantityName
from evenhand.records.measurement import MEMORY_STAGES
from evenhand.records.profile import Cue
from evenhand.records.tried import Aspect
from evenhand.seeds import stream

__all__ = ["number_changes"]

_NO_QUESTION = "No question has the number both with the policy and without, so there is no change to average."
_PAIRS = "change of squared mean differences of pairs, exchange of policies within matched sets"


def number_changes(without: Measurements, under: Measurements, *, sensitivity: Sensitivities) -> list[AspectChange]:
    """Every change of every number.

    Args:
        without: The numbers without a policy.
        under: Those under one policy, with those without memory.
        sensitivity: How far ratings follow their scenes; numbers of ratings that do not are not compared.
    """
    found: list[AspectChange] = []
    known = {(*_named(one), quantity): one for one, quantity in whole_answers(without)}
    for stratum, quantity in whole_answers(under):
        bare = known.get((*_named(stratum), quantity))
        if bare is not None and stratum.where.mitigation != "none":
            moved = follows(quantity, stratum, sensitivity)
            found += _held(_divergences(bare, stratum, quantity=quantity), moved, margin=stratum.settings.margin)
    parts = {(*_named(one.stratum), one.quantity): one for one in measure_strata(without)}
    for part in measure_strata(under):
        other = parts.get((*_named(part.stratum), part.quantity))
        if other is None or part.stratum.where.mitigation == "none" or part.quantity.name in MEMORY_STAGES:
            continue
        moved = follows(part.quantity.name, part.stratum, sensitivity)
        found += _held(_shifts(_Pair.of(other, part)), moved, margin=part.stratum.settings.margin)
    return found


def _named(stratum: Stratum) -> tuple[object, ...]:
    """What a stratum with a policy has in common with the one without."""
    return stratum.model, stratum.kind, replace(stratum.where, mitigation="none")


def _held(changes: Iterable[AspectChange], sensitivity: Finding | None, *, margin: float) -> list[AspectChange]:
    """The changes; without numbers where the ratings they rest on do not follow the scene."""
    made = list(changes)
    kept = held([one.change for one in made], sensitivity, margin=margin)
    return [
        one if found is one.change else replace(one, change=found, before=None, after=None)
        for one, found in zip(made, kept, strict=True)
    ]


class _Pair(Struct, frozen=True, kw_only=True):
    """One number without a policy and with one, on the questions that have it on both sides."""

    part: MeasureStratum
    """What the number is, and its margin."""
    change: Stratum
    before: Stratum
    after: Stratum

    @classmethod
    def of(cls, without: MeasureStratum, under: MeasureStratum) -> _Pair:
        """Join the questions of both sides; a number is null where the other side lacks it."""
        old = without.stratum.rows.select(*QUESTION, pl.col("value").alias("before"))
        rows = under.stratum.rows.join(old, on=list(QUESTION), how="inner", maintain_order="left", nulls_equal=True)
        change = pl.col("value") - pl.col("before")

        def valued(value: pl.Expr) -> Stratum:
            both = pl.when(change.is_not_null()).then(value)
            return replace(under.stratum, rows=rows.with_columns(both.alias("value")).drop("before"))

        return cls(part=under, change=valued(change), before=valued(pl.col("before")), after=valued(pl.col("value")))


def _shifts(pair: _Pair) -> Iterator[AspectChange]:
    for cue in cues(pair.change):
        if pair.change.paired(cue).height:
            yield _between_versions(pair, cue=cue)
        yield from _between_levels(pair, cue=cue)
        if pair.change.profiles(cue).height and pair.change.arm("none").height:
            yield from _against_none(pair, cue=cue)


def _between_versions(pair: _Pair, *, cue: Cue | None) -> AspectChange:
    settings = pair.change.settings
    contrast = LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged)
    estimand = _estimand(pair.part, arms=ArmContrast(arm="pairs"), contrast=contrast, cue=cue)
    grids = [gap_grid(one.paired(cue), stratum=one) for one in (pair.change, pair.before, pair.after)]
    sample = sample_of(grids[0])
    if not grids[0].observed:
        return _absent("shift", estimand, pair.change, sample=sample, reason=_NO_QUESTION)
    name = f"shift-change/{pair.part.quantity.name}/{pair.part.quantity.tag}/{pair.change.stream_name}/{cue}"
    estimate, before, after = (gap_estimate(one, stratum=pair.change, name=name) for one in grids)
    return _made(pair, estimand, estimate, sample=sample, before=before.estimate, after=after.estimate)


def _between_levels(pair: _Pair, *, cue: Cue | None) -> Iterator[AspectChange]:
    if not pair.change.crossed(cue).height:
        return
    made = [crossing_of(one.crossed(cue), one) for one in (pair.change, pair.before, pair.after)]
    for factor in made[0].factors:
        for level in range(1, len(factor.levels)):
            estimand = _estimand(pair.part, arms=ArmContrast(arm="crossing"), contrast=factor.contrast(level), cue=cue)
            estimated = partial(_level, factor=factor, level=level, stratum=pair.change)
            try:
                estimate, before, after = (estimated(one) for one in made)
            except TableError as error:
                yield _absent("shift", estimand, pair.change, sample=made[0].sample, reason=str(error))
                continue
            yield _made(pair, estimand, estimate, sample=made[0].sample, before=before.estimate, after=after.estimate)


def _level(crossing: CodedTrials, *, factor: FactorLevels, level: int, stratum: Stratum) -> CrossedContrast:
    return level_estimate(crossing, crossing.scores, factor=factor, level=level, stratum=stratum)


def _against_none(pair: _Pair, *, cue: Cue | None) -> Iterator[AspectChange]:
    """The mean change; what there is without memory is the same on both sides."""
    none = pair.after.arm("none").group_by("item").agg(pl.col("value").mean().alias("none"))

    def away(stratum: Stratum) -> pl.DataFrame:
        rows = stratum.profiles(cue).join(none, on="item", how="inner", maintain_order="left")
        return rows.with_columns((pl.col("value") - pl.col("none")).alias("value")).drop("none")

    joined = joined_questions(away(pair.before), away(pair.after), column="value")
    if joined.height == 0:
        return
    estimand = _estimand(pair.part, arms=ArmContrast(arm="profile", baseline="none"), contrast=None, cue=cue)
    cells = grid(joined, column="change")
    name = f"shift-change/none/{pair.part.quantity.name}/{pair.part.quantity.tag}/{pair.change.stream_name}/{cue}"
    estimate = change_estimate(cells, stratum=pair.change, name=name)
    sample = SampleSize(trials=joined.height, items=len(cells.items), profiles=len(cells.units))
    before, after = mean_of(joined, "before"), mean_of(joined, "after")
    yield _made(pair, estimand, estimate, sample=sample, before=before, after=after)


def _estimand(part: MeasureStratum, *, arms: ArmContrast, contrast: LevelContrast | None, cue: Cue | None) -> Estimand:
    return Estimand(
        measure="shift_change",
        arms=arms,
        contrast=() if contrast is None else (contrast,),
        quantity=part.quantity,
        method=METHOD,
        cue=cue,
    )


def _made(
    pair: _Pair, estimand: Estimand, estimate: Estimate, *, sample: SampleSize, before: float, after: float
) -> AspectChange:
    estimate = replace(estimate, sampled=reactions(pair.part, estimate.sampled))
    found = finding(estimand, stratum=pair.change, estimate=estimate, sample=sample)
    return AspectChange(aspect="shift", change=found, before=before, after=after)


def _divergences(without: Stratum, under: Stratum, *, quantity: QuantityName) -> Iterator[AspectChange]:
    """The change of the divergence between versions, and of that from no memory."""
    for cue in cues(under):
        if under.paired(cue).height and without.paired(cue).height:
            yield _versions_apart(without, under, quantity=quantity, cue=cue)
        yield from _away_from_none(without, under, quantity=quantity, cue=cue)


def _versions_apart(without: Stratum, under: Stratum, *, quantity: QuantityName, cue: Cue | None) -> AspectChange:
    settings = under.settings
    contrast = LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged)
    estimand = _divergence(quantity, arms=ArmContrast(arm="pairs"), contrast=(contrast,), method=_PAIRS, cue=cue)
    keys = ["unit", "item", "replicate", "number"]
    old, new = (version_differences(one.paired(cue), stratum=one) for one in (without, under))
    pairs = new.join(old.select(*keys, pl.col("difference").alias("old")), on=keys, how="inner", maintain_order="left")
    sample = versions_sample(pairs)
    sets, number = codes(pairs["unit"])[0], codes(pairs["number"])[0]
    rng = stream(settings.seed, "analysis", "divergence-change", quantity, under.stream_name, str(cue))
    change = divergence_change_of_pairs(
        pairs["old"].to_numpy(), pairs["difference"].to_numpy(), number=number, sets=sets, rng=rng
    )
    if change is None:
        return _absent("divergence", estimand, under, sample=sample, reason=NO_SETS)
    number_found = Tested(value=change.after - change.before, p=change.p)
    return AspectChange(
        aspect="divergence",
        change=with_number(estimand, stratum=under, number=number_found, sample=sample),
        before=change.before,
        after=change.after,
    )


def _away_from_none(
    without: Stratum, under: Stratum, *, quantity: QuantityName, cue: Cue | None
) -> Iterator[AspectChange]:
    old, new = (_distances(one.profiles(cue), none=one.arm("none")) for one in (without, under))
    if old is None or new is None:
        return
    joined = joined_questions(old, new, column="beyond")
    if joined.height == 0:
        return
    arms = ArmContrast(arm="profile", baseline="none")
    estimand = _divergence(quantity, arms=arms, contrast=(), method=METHOD, cue=cue)
    cells = grid(joined, column="change")
    name = f"divergence-change/{quantity}/{under.stream_name}/{cue}"
    estimate = change_estimate(cells, stratum=under, name=name)
    sample = SampleSize(trials=joined.height, items=len(cells.items), profiles=len(cells.units))
    found = finding(estimand, stratum=under, estimate=estimate, sample=sample)
    yield AspectChange(
        aspect="divergence", change=found, before=mean_of(joined, "before"), after=mean_of(joined, "after")
    )


def _distances(rows: pl.DataFrame, *, none: pl.DataFrame) -> pl.DataFrame | None:
    """One row per whole answer: how far it is from those without memory beyond repeats; None where nothing is shared.

    Items with fewer than two answers without memory have no floor and are left out.
    """
    found = []
    floor = {item: answers for item, (_, answers) in whole(none).items()}
    for item, (asked, answers) in whole(rows).items():
        if len(floor.get(item, ())) >= 2:
            found.append(asked.with_columns(pl.Series("beyond", beyond_repeats(answers, floor[item]))))
    return pl.concat(found) if found else None


def _divergence(
    quantity: QuantityName, *, arms: ArmContrast, contrast: tuple[LevelContrast, ...], method: str, cue: Cue | None
) -> Estimand:
    return Estimand(
        measure="divergence_change",
        arms=arms,
        contrast=contrast,
        quantity=Quantity(name=quantity, scale="squared"),
        method=method,
        cue=cue,
    )


def _absent(aspect: Aspect, estimand: Estimand, stratum: Stratum, *, sample: SampleSize, reason: str) -> AspectChange:
    found = without_number(estimand, stratum=stratum, sample=sample, reason=reason)
    return AspectChange(aspect=aspect, change=found, before=None, after=None)
