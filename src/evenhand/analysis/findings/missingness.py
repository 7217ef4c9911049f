"""Missing answers as an outcome: how often they are missing by arm, and whether that depends on who the user is.

Estimand of `missing_rate`: the probability that a trial of the arm has no usable answer (refused, truncated, unparsed
or failed). Estimand of `missing_gap`: the difference of that probability between arms on the same items, paired as in
the primary analysis. Sampling units: matched sets (or profiles) and items, crossed; estimator:
`evenhand.analysis.estimators.paired`. The worst-case bounds of a gap are in its finding. docs/methods/missing.md.
"""

from __future__ import annotations

from typing import Literal, get_args

import polars as pl
from msgspec.structs import replace

from evenhand.analysis.findings.accuracy import ArmRows, arm_groups
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.gaps import gap_estimate, gap_grid, sample_of
from evenhand.analysis.findings.memory_effect import NOTHING_SHARED, Comparison, against
from evenhand.analysis.findings.rates import rate_finding
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from evenhand.records.profile import Cue
from evenhand.records.results import OutcomeCount
from evenhand.records.trial import OUTCOMES

__all__ = ["missing_findings", "outcome_counts"]

_Column = Literal["missing", "refused", "unparsed"]
_COLUMNS: tuple[_Column, ...] = get_args(_Column)


def missing_findings(stratum: Stratum) -> list[Finding]:
    """Missing rates of every group of arms; where any answer is missing also the gaps between arms."""
    found = [_rate(stratum, group) for group in arm_groups(stratum)]
    for column in _COLUMNS:
        if stratum.rows[column].any():
            found += _gaps(stratum, column=column)
    return found


def outcome_counts(stratum: Stratum) -> list[OutcomeCount]:
    """How the trials of a stratum ended, by arm."""
    found = []
    for group in arm_groups(stratum):
        counts = dict(group.rows["outcome"].cast(pl.String).value_counts().iter_rows())
        found.append(
            OutcomeCount(
                model=stratum.model,
                kind=stratum.kind,
                where=replace(stratum.where, cue=group.cue),
                arms=group.arms,
                contrast=group.contrast,
                outcomes={name: counts.get(name, 0) for name in OUTCOMES},
            )
        )
    return found


def _rate(stratum: Stratum, group: ArmRows) -> Finding:
    estimand = Estimand(
        measure="missing_rate",
        arms=group.arms,
        contrast=group.contrast,
        quantity=Quantity(name="missing", scale="rate"),
        method="share, crossed random effects of users and items",
        cue=group.cue,
        tested=False,
    )
    return rate_finding(estimand, stratum=stratum, rows=group.rows, column="missing")


def _gaps(stratum: Stratum, *, column: _Column) -> list[Finding]:
    settings = stratum.settings
    found: list[Finding] = []
    for cue in cues(stratum):
        pairs = stratum.paired(cue)
        if pairs.height:
            differences = gap_grid(pairs, stratum=stratum, column=column)
            contrast = LevelContrast(
                factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged
            )
            estimand = _estimand(column, arms=ArmContrast(arm="pairs"), contrast=(contrast,), cue=cue)
            if differences.observed:
                name = f"missing_gap/{stratum.stream_name}/{cue}/{column}"
                estimate = gap_estimate(differences, stratum=stratum, name=name)
                found.append(finding(estimand, stratum=stratum, estimate=estimate, sample=sample_of(differences)))
        profiles, none = stratum.profiles(cue), stratum.arm("none")
        if profiles.height and none.height:
            name = f"missing_gap/{stratum.stream_name}/{cue}/{column}/memory"
            compared = Comparison(rows=profiles, baseline=none, column=column, name=name)
            effect, sample = against(compared, stratum=stratum)
            estimand = _estimand(column, arms=ArmContrast(arm="profile", baseline="none"), contrast=(), cue=cue)
            if effect is None:
                found.append(without_number(estimand, stratum=stratum, sample=sample, reason=NOTHING_SHARED))
            else:
                found.append(finding(estimand, stratum=stratum, estimate=effect, sample=sample))
    return found


def _estimand(column: _Column, *, arms: ArmContrast, contrast: tuple[LevelContrast, ...], cue: Cue | None) -> Estimand:
    return Estimand(
        measure="missing_gap",
        arms=arms,
        contrast=contrast,
        quantity=Quantity(name=column, scale="rate"),
        method="paired differences of indicators, crossed random effects (quasi-F, Satterthwaite)",
        cue=cue,
    )
