"""Everything that is found of the numbers that answers state: shifts, divergence, and what the scenes can show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from evenhand.analysis.findings.divergence import divergence_findings
from evenhand.analysis.findings.people import corrected_by_people
from evenhand.analysis.findings.sensitivity import moves_enough, relative_note, sensitivity_finding, unmoved_reason
from evenhand.analysis.findings.shifts import shift_findings
from evenhand.analysis.findings.stages import stage_rates
from evenhand.analysis.table.measurements import Measurements, MeasureStratum, measure_strata, people_of, whole_answers
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.records.measure import QuantityName
from evenhand.records.measurement import MEMORY_STAGES

__all__ = ["Sensitivities", "follows", "held", "number_findings", "sensitivities"]

_FOLLOW_THE_SCENE: frozenset[QuantityName] = frozenset({"rating", "valence_rating", "keyed_rating"})
"""Numbers that mean something only where they follow the scene."""


Sensitivities = Mapping[tuple[str, str], Finding]
"""Model and kind -> how far the decisive detail moves its ratings."""


def sensitivities(measurements: Measurements) -> Sensitivities:
    """The sensitivity of every model and kind that rated scenes with twins, without a policy."""
    found: dict[tuple[str, str], Finding] = {}
    for stratum, quantity in whole_answers(measurements):
        moved = sensitivity_finding(stratum) if quantity == "rating" and stratum.main else None
        if moved is not None:
            found.setdefault((stratum.model, stratum.kind), moved)
    return found


def number_findings(measurements: Measurements, *, sensitivity: Sensitivities | None = None) -> list[Finding]:
    """The findings of a measurement table; none where it has no rows.

    Args:
        measurements: The table.
        sensitivity: What is known of the ratings from elsewhere, as under a policy; None: it is found in the table, and
            is among the findings.
    """
    known = sensitivities(measurements) if sensitivity is None else sensitivity
    found: list[Finding] = list(known.values()) if sensitivity is None else []
    for stratum, quantity in whole_answers(measurements):
        found += held(
            divergence_findings(stratum, quantity=quantity),
            follows(quantity, stratum, known),
            margin=stratum.settings.margin,
        )
    for part in measure_strata(measurements):
        moved = follows(part.quantity.name, part.stratum, known)
        if part.quantity.name in MEMORY_STAGES:
            found += stage_rates(part)
        shifts = shift_findings(part)
        if moved is not None and moves_enough(moved, margin=part.stratum.settings.margin):
            shifts = [_beside(one, moved, part) for one in shifts]
        if part.quantity.name == "judged":
            people = people_of(measurements, tag=part.quantity.tag)
            if people.height:
                shifts = [corrected_by_people(one, judged=part, people=people) for one in shifts]
        found += held(shifts, moved, margin=part.stratum.settings.margin)
    return found


def follows(quantity: QuantityName, stratum: Stratum, known: Sensitivities) -> Finding | None:
    """The sensitivity that a number of a stratum rests on; None for numbers that need none."""
    return known.get((stratum.model, stratum.kind)) if quantity in _FOLLOW_THE_SCENE else None


def held(findings: Iterable[Finding], sensitivity: Finding | None, *, margin: float) -> list[Finding]:
    """The findings; without numbers where the ratings they rest on do not follow the scene."""
    if sensitivity is None or moves_enough(sensitivity, margin=margin):
        return list(findings)
    reason = unmoved_reason(sensitivity, margin=margin)
    return [replace(one, number=Absent(reason=reason), notes=()) for one in findings]


def _beside(shift: Finding, sensitivity: Finding, part: MeasureStratum) -> Finding:
    if shift.value is None or not sensitivity.value:
        return shift
    note = relative_note(shift.value, sensitivity=sensitivity.value, part=part)
    return replace(shift, notes=(*shift.notes, note))
