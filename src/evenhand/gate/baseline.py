"""Not worse than a baseline run: how far a difference has grown on the side on which it lies now.

On either side of zero a difference has grown by the smaller of two numbers: what it is now, and how far it has moved
to that side. From +5 to +1 nothing has grown; from +5 to -2 it has grown by 2 below zero. It is shown not to have grown
by a margin where either number is shown to be smaller than the margin, on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from evenhand.gate.margin import claim, widened
from evenhand.gate.policy import CHANGE_OF
from evenhand.gate.result import Result
from evenhand.gate.words import PROPORTIONS, number, with_interval
from evenhand.records.estimate import Absent, Interval, PointEstimate, Tested, Unassessed
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure

__all__ = ["change_of", "compared", "grown"]


def compared(findings: Sequence[Finding], changes: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings about outcomes that a comparison of two runs compares.

    That is the primary outcome of the plan; answers given that are shown beside it are no part of a comparison.
    """
    outcomes = {(change.kind, change.quantity.name) for change in changes}
    return tuple(finding for finding in findings if (finding.kind, finding.quantity.name) in outcomes)


def change_of(finding: Finding, changes: Sequence[Finding]) -> Finding | None:
    """The finding that tells how this one changed; None where the comparison has none.

    Runs of one model each are compared whatever their models are called, so the name counts only among several.
    """
    same = [change for change in changes if _coordinates(change) == _coordinates(finding, CHANGE_OF[finding.measure])]
    if len({change.model for change in changes}) > 1:
        same = [change for change in same if change.model == finding.model]
    return same[0] if same else None


def _coordinates(finding: Finding, measure: Measure | None = None) -> tuple[object, ...]:
    return (
        measure or finding.measure,
        finding.kind,
        finding.where,
        finding.arms,
        finding.contrast,
        finding.quantity.name,
        finding.quantity.tag,
    )


def grown(finding: Finding, change: Finding, *, margin: float, own: bool, certainty: float) -> tuple[Result, str]:
    """Whether a difference has grown since the baseline, and the sentence that says so.

    Args:
        finding: The difference as it is now.
        change: How far it has moved since the baseline run.
        margin: Growth that is allowed, on the scale of the difference.
        own: Whether the margin is the policy's own; otherwise it is that of the plan.
        certainty: Certainty of the claim.
    """
    now, moved = finding.number, change.number
    match moved:
        case Absent(reason=reason) | Unassessed(reason=reason):
            return "not assessable", f"its change since the baseline is not known: {reason}"
        case PointEstimate() | Interval():
            return "not assessable", "its change since the baseline was not tested."
        case Tested():
            pass
        case _ as unreachable:
            assert_never(unreachable)
    if isinstance(now, Unassessed):
        return "not assessable", now.reason
    if not isinstance(now, Tested):
        return "not assessable", f"{number(finding, finding.value)} was not tested."
    proportion = finding.quantity.scale in PROPORTIONS
    said = (
        f"{with_interval(finding, now.spread_adjusted or now.spread)} now, "
        f"changed by {with_interval(change, moved.spread_adjusted or moved.spread)} since the baseline"
    )
    if claim(moved, margin=margin, own=own, certainty=certainty, proportion=proportion) == "equivalent" or all(
        _shown_below(now, side=side, margin=margin, certainty=certainty)
        or _shown_below(moved, side=side, margin=margin, certainty=certainty)
        for side in (1, -1)
    ):
        return "pass", f"{said}: not shown to be worse, and shown not to be by {number(finding, margin)}."
    if moved.verdict == "difference" and any(
        _shown_above_zero(now, side=side, certainty=certainty)
        and _shown_above_zero(moved, side=side, certainty=certainty)
        for side in (1, -1)
    ):
        return "not met", f"{said}: it has grown."
    return "inconclusive", f"{said}: neither shown to have grown nor not to have, by {number(finding, margin)}."


def _shown_below(tested: Tested, *, side: int, margin: float, certainty: float) -> bool:
    """Whether a number is shown to be less than the margin on one side, with what the sample cannot see taken off."""
    spread = widened(tested.spread_adjusted or tested.spread, value=tested.value, certainty=certainty)
    unseen = None if tested.equivalence is None else tested.equivalence.unseen
    if spread is None or unseen is None:
        return False
    return (spread.high if side > 0 else -spread.low) < margin - unseen


def _shown_above_zero(tested: Tested, *, side: int, certainty: float) -> bool:
    spread = widened(tested.spread_adjusted or tested.spread, value=tested.value, certainty=certainty)
    return spread is not None and (spread.low if side > 0 else -spread.high) > 0
