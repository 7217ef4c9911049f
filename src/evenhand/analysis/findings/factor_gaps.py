"""Each level of each factor against its reference, within the intersectional crossing.

Estimand: the mean score of profiles with the level minus the mean score of profiles with the reference level, the
other factors held equal, over the items of the design. Probability scale. Sampling units: profiles and items, crossed,
with a random level effect of items. Estimator: `evenhand.analysis.estimators.crossed`; docs/methods/paired-gaps.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.crossed import (
    CrossedContrast,
    CrossedScores,
    cell_means,
    dummies,
    interaction_contrast,
    level_contrast,
)
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.table.codes import codes, groups_of
from evenhand.analysis.table.scores import covariate_column, level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.errors import TableError
from evenhand.records.contrast import ArmContrast, LevelContrast, LevelOf
from evenhand.records.estimate import MissingBounds
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.records.profile import Cue

__all__ = [
    "CodedTrials",
    "FactorLevels",
    "coded_trials",
    "covariates_of",
    "crossing_levels",
    "crossing_of",
    "crossings_of",
    "factor_findings",
    "factor_levels",
    "gap_bounds",
    "interaction_estimate",
    "interaction_findings",
    "level_estimate",
    "reference_of",
]


class FactorLevels(Struct, frozen=True, kw_only=True):
    """One factor over the profiles of a crossing."""

    name: str
    codes: NDArray[np.int64]
    """Level of every profile; reference is 0."""
    levels: tuple[str, ...]
    """Reference first."""
    of: LevelOf = "user"
    """What has the levels."""

    def contrast(self, level: int) -> LevelContrast:
        """A level, by its code, against the reference."""
        return LevelContrast(factor=self.name, level=self.levels[level], reference=self.levels[0], of=self.of)


class CodedTrials(Struct, frozen=True, kw_only=True):
    """The trials of an intersectional crossing, coded."""

    value: NDArray[np.float64]
    """Score of every trial, NaN where the answer is missing."""
    covariates: NDArray[np.float64]
    """Shape (trials, covariates)."""
    item: NDArray[np.int64]
    profile: NDArray[np.int64]
    factors: tuple[FactorLevels, ...]
    scores: CrossedScores
    """Cell means of the answered trials."""
    sample: SampleSize

    def refilled(self, fill: NDArray[np.float64]) -> CrossedScores:
        """Cell means with missing answers scored as given (NaN: left out)."""
        value = np.where(np.isnan(self.value), fill, self.value)
        kept = ~np.isnan(value)
        return cell_means(
            value[kept], item=self.item[kept], profile=self.profile[kept], covariates=self.covariates[kept]
        )


def factor_findings(stratum: Stratum) -> list[Finding]:
    """A gap for every cue style, factor and level other than the reference."""
    found: list[Finding] = []
    for cue, crossing in crossings_of(stratum):
        for factor in crossing.factors:
            for level in range(1, len(factor.levels)):
                found.append(_factor_gap(stratum, crossing, factor=factor, level=level, cue=cue))
    return found


def interaction_findings(stratum: Stratum) -> list[Finding]:
    """Planned interaction contrasts: every pair of factors, every pair of levels against both references."""
    found: list[Finding] = []
    for cue, crossing in crossings_of(stratum):
        for first, second in combinations(crossing.factors, 2):
            for one in range(1, len(first.levels)):
                for two in range(1, len(second.levels)):
                    found.append(_interaction(stratum, crossing, first=(first, one), second=(second, two), cue=cue))
    return found


def crossing_levels(rows: pl.DataFrame, stratum: Stratum) -> tuple[list[str], tuple[FactorLevels, ...]]:
    """The profiles of some trials (arm ids, in alphabetical order) and their levels on every factor."""
    arm, names = codes(rows["arm"])
    people = groups_of(arm).first.tolist()
    factors = tuple(
        factor_levels(name, rows[level_column(name)][people], stratum=stratum) for name in stratum.crossed_factors()
    )
    return names, factors


def factor_levels(name: str, column: pl.Series, *, stratum: Stratum, of: LevelOf = "user") -> FactorLevels:
    """The levels of a factor over the units of a column without nulls, reference first."""
    coded, values = codes(column)
    reference = reference_of(name, values=values, counts=np.bincount(coded, minlength=len(values)), stratum=stratum)
    ordered = (reference, *(value for value in values if value != reference))
    place = np.array([ordered.index(value) for value in values])
    return FactorLevels(name=name, codes=place[coded], levels=ordered, of=of)


def reference_of(name: str, *, values: list[str], counts: NDArray[np.int64], stratum: Stratum) -> str:
    """The plan's reference level of a factor, or the most frequent where the plan names none that occurs.

    Args:
        name: The factor.
        values: Its levels, in alphabetical order.
        counts: How often each of them occurs; of the most frequent ones the first is taken.
        stratum: Has the references of the plan.
    """
    stated = stratum.settings.references.get(name)
    return str(stated) if stated in values else values[int(np.argmax(counts))]


def crossings_of(stratum: Stratum) -> Iterator[tuple[Cue | None, CodedTrials]]:
    """The crossing under every cue style that has one; trials that cannot be adjusted are left out."""
    for cue in cues(stratum):
        rows = stratum.adjusted(stratum.crossed(cue))
        if rows.height:
            yield cue, crossing_of(rows, stratum)


def crossing_of(rows: pl.DataFrame, stratum: Stratum) -> CodedTrials:
    """Code the trials of a crossing; profiles in alphabetical order of their arm."""
    _, factors = crossing_levels(rows, stratum)
    return coded_trials(rows, stratum, factors=factors, item="item", profile="arm")


def coded_trials(
    rows: pl.DataFrame, stratum: Stratum, *, factors: tuple[FactorLevels, ...], item: str, profile: str
) -> CodedTrials:
    """Trials as codes, with the mean score of each cell.

    Args:
        rows: The trials; both columns have a value in every row.
        stratum: What they are trials of.
        factors: Levels of the units of `profile`, in alphabetical order of the units.
        item: Column of the units within which levels are compared.
        profile: Column of the units that have the levels.
    """
    item_code, items = codes(rows[item])
    profile_code, profiles = codes(rows[profile])
    value = rows["value"].fill_null(float("nan")).to_numpy()
    kept = ~np.isnan(value)
    covariates = covariates_of(rows, stratum)
    return CodedTrials(
        value=value,
        covariates=covariates,
        item=item_code,
        profile=profile_code,
        factors=factors,
        scores=cell_means(value[kept], item=item_code[kept], profile=profile_code[kept], covariates=covariates[kept]),
        sample=SampleSize(trials=int(kept.sum()), items=len(items), profiles=len(profiles)),
    )


def covariates_of(rows: pl.DataFrame, stratum: Stratum) -> NDArray[np.float64]:
    """The covariates of some trials, shape (trials, covariates)."""
    names = [covariate_column(name) for name in stratum.covariates]
    return rows.select(names).to_numpy() if names else np.empty((rows.height, 0))


def _nuisance(crossing: CodedTrials, *, but: tuple[str, ...]) -> NDArray[np.float64] | None:
    columns = [dummies(factor.codes) for factor in crossing.factors if factor.name not in but]
    return np.column_stack(columns) if columns else None


def _spec(stratum: Stratum) -> EstimateSpec:
    return EstimateSpec(confidence=1 - stratum.settings.alpha, power=stratum.settings.power)


def _factor_gap(
    stratum: Stratum, crossing: CodedTrials, *, factor: FactorLevels, level: int, cue: Cue | None
) -> Finding:
    estimand = Estimand(
        measure="factor_gap",
        arms=ArmContrast(arm="crossing"),
        contrast=(factor.contrast(level),),
        quantity=Quantity(name=stratum.primary),
        method="level contrast, crossed random effects of profiles and items",
        cue=cue,
        main=True,
    )
    try:
        estimate = level_estimate(crossing, crossing.scores, factor=factor, level=level, stratum=stratum)
        bounds = gap_bounds(crossing, factor=factor, level=level, stratum=stratum, estimate=estimate.estimate)
    except TableError as error:
        return without_number(estimand, stratum=stratum, sample=crossing.sample, reason=str(error))
    return finding(estimand, stratum=stratum, estimate=estimate, sample=crossing.sample, bounds=bounds)


def level_estimate(
    crossing: CodedTrials, scores: CrossedScores, *, factor: FactorLevels, level: int, stratum: Stratum
) -> CrossedContrast:
    """Level minus reference, the other factors held equal.

    Raises:
        TableError: The level or the reference has no answered cell, or there are too few cells for a variance.
    """
    nuisance = _nuisance(crossing, but=(factor.name,))
    spec = _spec(stratum)
    return level_contrast(scores, levels=factor.codes, level=level, reference=0, nuisance=nuisance, spec=spec)


def interaction_estimate(
    crossing: CodedTrials, *, first: tuple[FactorLevels, int], second: tuple[FactorLevels, int], stratum: Stratum
) -> CrossedContrast:
    """How much the gap at one level of a factor changes at a level of another, each against its reference.

    Raises:
        TableError: As for `level_estimate`.
    """
    (one, level_one), (two, level_two) = first, second
    return interaction_contrast(
        crossing.scores,
        first=one.codes,
        second=two.codes,
        pairs=((level_one, 0), (level_two, 0)),
        nuisance=_nuisance(crossing, but=(one.name, two.name)),
        spec=_spec(stratum),
    )


def gap_bounds(
    crossing: CodedTrials, *, factor: FactorLevels, level: int, stratum: Stratum, estimate: float
) -> MissingBounds:
    """The gap with the level's missing answers at their worst and the reference's at their best, and the reverse."""
    held = factor.codes[crossing.profile]
    missing = int((np.isnan(crossing.value) & ((held == level) | (held == 0))).sum())
    if missing == 0:
        return MissingBounds(low=estimate, high=estimate, missing=0)
    ends = []
    for high in (0.0, 1.0):
        fill = np.where(held == level, high, np.where(held == 0, 1 - high, np.nan))
        shifted = crossing.refilled(fill)
        ends.append(level_estimate(crossing, shifted, factor=factor, level=level, stratum=stratum).estimate)
    lacking = np.isnan(crossing.value)
    first, second = float(lacking[held == level].mean()), float(lacking[held == 0].mean())
    return MissingBounds(low=ends[0], high=ends[1], missing=missing, first=first, second=second)


def _interaction(
    stratum: Stratum,
    crossing: CodedTrials,
    *,
    first: tuple[FactorLevels, int],
    second: tuple[FactorLevels, int],
    cue: Cue | None,
) -> Finding:
    (one, level_one), (two, level_two) = first, second
    estimand = Estimand(
        measure="interaction",
        arms=ArmContrast(arm="crossing"),
        contrast=(one.contrast(level_one), two.contrast(level_two)),
        quantity=Quantity(name=stratum.primary),
        method="interaction contrast, crossed random effects of profiles and items",
        cue=cue,
        main=True,
    )
    try:
        estimate = interaction_estimate(crossing, first=first, second=second, stratum=stratum)
    except TableError as error:
        return without_number(estimand, stratum=stratum, sample=crossing.sample, reason=str(error))
    return finding(estimand, stratum=stratum, estimate=estimate, sample=crossing.sample)
