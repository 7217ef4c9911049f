"""Findings picked by their fields, as a reader of findings.json would."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, Unpack

from evenhand.records.contrast import ArmGroup
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure, QuantityName, Scale
from evenhand.records.profile import Cue


class Wanted(TypedDict, total=False):
    """What a finding must be; what is not named may be anything."""

    measure: Measure
    arm: ArmGroup
    baseline: ArmGroup | None
    level: str | None
    levels: dict[str, str]
    quantity: QuantityName
    tag: str | None
    scale: Scale
    cue: Cue | None


def told(finding: Finding) -> Wanted:
    """What is told of a finding; `level` is that of its only contrast, None where there is none or several."""
    one = finding.contrast[0] if len(finding.contrast) == 1 else None
    return Wanted(
        measure=finding.measure,
        arm=finding.arms.arm,
        baseline=finding.arms.baseline,
        level=one.level if one else None,
        levels={part.factor: part.level for part in finding.contrast},
        quantity=finding.quantity.name,
        tag=finding.quantity.tag,
        scale=finding.quantity.scale,
        cue=finding.where.cue,
    )


def all_of(findings: Iterable[Finding], **wanted: Unpack[Wanted]) -> list[Finding]:
    """The findings that are as wanted, in their order."""
    return [finding for finding in findings if told(finding) | wanted == told(finding)]


def the(findings: Iterable[Finding], **wanted: Unpack[Wanted]) -> Finding:
    """The one finding that is as wanted; fails where there is none or several."""
    found = all_of(findings, **wanted)
    assert len(found) == 1, (wanted, [told(finding) for finding in found])
    return found[0]


def number(finding: Finding) -> float:
    """The estimate, which must be there."""
    assert finding.value is not None
    return finding.value


def se_of(finding: Finding) -> float | None:
    """Standard error; None where there is no interval, or where it comes from no standard error."""
    return finding.spread.se if finding.spread else None


def bounds_of(finding: Finding) -> tuple[float, float] | None:
    """Worst-case bounds; None where none were computed."""
    return (finding.bounds.low, finding.bounds.high) if finding.bounds else None
