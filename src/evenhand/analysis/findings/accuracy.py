"""Mean score by arm, with intervals that respect items and personas.

Estimand: the mean score of an arm over the sampling units and items of the design. Probability scale. Sampling units:
matched sets or profiles, and items, crossed (for the no-memory arm items only). Estimator:
`evenhand.analysis.estimators.paired` on scores in place of differences; docs/methods/paired-gaps.md.
"""

from __future__ import annotations

import polars as pl
from msgspec import Struct

from evenhand.analysis.findings.estimand import Estimand
from evenhand.analysis.findings.rates import rate_finding
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from evenhand.records.profile import Cue

__all__ = ["ArmRows", "accuracy_findings", "arm_groups"]


class ArmRows(Struct, frozen=True, kw_only=True):
    """The trials of one group of arms."""

    arms: ArmContrast
    contrast: tuple[LevelContrast, ...] = ()
    """The version of the matched pairs; empty for a whole group."""
    cue: Cue | None = None
    rows: pl.DataFrame


def arm_groups(stratum: Stratum) -> list[ArmRows]:
    """The groups of arms that have trials: none, placebo, item_fact, any profile, either version, the crossing."""
    settings = stratum.settings
    groups = [
        ArmRows(arms=ArmContrast(arm="none"), rows=stratum.arm("none")),
        ArmRows(arms=ArmContrast(arm="placebo"), rows=stratum.arm("placebo")),
        ArmRows(arms=ArmContrast(arm="item_fact"), rows=stratum.arm("item_fact")),
    ]
    for cue in cues(stratum):
        pairs = stratum.paired(cue)
        groups.append(ArmRows(arms=ArmContrast(arm="profile"), cue=cue, rows=stratum.profiles(cue)))
        for version in (settings.advantaged, settings.disadvantaged):
            kept = pairs.filter(pl.col(level_column(settings.contrast)) == version) if pairs.height else pairs
            one = (LevelContrast(factor=settings.contrast, level=version),)
            groups.append(ArmRows(arms=ArmContrast(arm="pairs"), contrast=one, cue=cue, rows=kept))
        if pairs.height:
            groups.append(ArmRows(arms=ArmContrast(arm="crossing"), cue=cue, rows=stratum.crossed(cue)))
    return [group for group in groups if group.rows.height]


def accuracy_findings(stratum: Stratum) -> list[Finding]:
    """The mean score of every group of arms."""
    return [_accuracy(stratum, group) for group in arm_groups(stratum)]


def _accuracy(stratum: Stratum, group: ArmRows) -> Finding:
    estimand = Estimand(
        measure="accuracy",
        arms=group.arms,
        contrast=group.contrast,
        quantity=Quantity(name=stratum.primary, scale="rate"),
        method="mean, crossed random effects of users and items",
        cue=group.cue,
        tested=False,
    )
    return rate_finding(estimand, stratum=stratum, rows=group.rows, column="value")
