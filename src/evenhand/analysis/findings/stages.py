"""What the stages of a product's own memory do with facts, by arm: how many are kept, lost, found.

Estimand: the mean of an indicator (a fact is kept, say), or of a share (of the user's facts, those that were found),
over users and facts, or users and items, both taken as samples; estimator as for any rate
(`evenhand.analysis.findings.rates`). How far it depends on who the user is are shifts of the same numbers
(`evenhand.analysis.findings.shifts`).
"""

from __future__ import annotations

from evenhand.analysis.findings.accuracy import arm_groups
from evenhand.analysis.findings.estimand import Estimand
from evenhand.analysis.findings.rates import rate_finding
from evenhand.analysis.table.measurements import MeasureStratum
from evenhand.records.finding import Finding

__all__ = ["stage_rates"]


def stage_rates(part: MeasureStratum) -> list[Finding]:
    """The mean of one stage's number in every group of arms that has it."""
    return [
        rate_finding(
            Estimand(
                measure="stage_rate",
                arms=group.arms,
                contrast=group.contrast,
                quantity=part.quantity,
                method="mean, crossed random effects of users and facts or items",
                cue=group.cue,
                tested=False,
            ),
            stratum=part.stratum,
            rows=group.rows,
            column="value",
        )
        for group in arm_groups(part.stratum)
    ]
