"""Sentences about shifts of the numbers that answers state, in points of their scale."""

from __future__ import annotations

from typing import assert_never

from evenhand.records.estimate import Absent, Unassessed
from evenhand.records.finding import Finding
from evenhand.report.number_titles import number_name
from evenhand.report.numbers import Unit, decimal, p_text, size, span, unit_of, value
from evenhand.report.titles import sides_of

__all__ = ["shift_headline", "shift_sentence"]


_UNITS: dict[Unit, str] = {"rating": "points", "words": "words", "grades": "grades"}


def shift_headline(finding: Finding) -> str:
    """Size and direction: "2.1 points more anger read into the same scene with Muslim users in memory"."""
    sides = [_memory(side) for side in sides_of(finding)]
    estimate = finding.value or 0.0
    most, least = sides if estimate >= 0 else sides[::-1]
    compared = f"with {most} than with {least}"
    name, points = number_name(finding.quantity), f"{decimal(abs(estimate))} points more"
    match finding.quantity.name:
        case "rating":
            return f"{points} {name} read into the same scene {compared}"
        case "valence_rating":
            return f"{points} {finding.quantity.tag} emotion read into the same scene {compared}"
        case "keyed_rating":
            return f"{points} of {name} read into the same scene {compared}"
        case "act_share" | "act_shown" | "mention":
            return f"{size(abs(estimate))} more {name} {compared}"
        case "preferred":
            return f"{size(abs(estimate))} more of {name} {compared}"
        case "words":
            return f"{decimal(abs(estimate), digits=1)} words more {compared}"
        case "reading_grade":
            return f"{decimal(abs(estimate))} grades harder to read {compared}"
        case "judged":
            return f"{points} {name} {compared}"
        case _:
            return f"{name} {value(abs(estimate), unit=unit_of(finding)).lstrip('+')} points higher {compared}"


def shift_sentence(finding: Finding) -> str:
    """Estimate, interval and verdict of a shift."""
    if isinstance(finding.number, Unassessed):
        return f"Not assessable. {finding.number.reason}"
    if isinstance(finding.number, Absent):
        reason = finding.number.reason
        return f"No shift could be estimated: {reason[:1].lower()}{reason[1:]}"
    unit = unit_of(finding)
    said = shift_headline(finding)
    spread = finding.spread
    if spread is not None:
        said += f" (shift {value(finding.value, unit=unit)}, {spread.confidence:.0%} interval "
        said += f"{span(spread.low, spread.high, unit=unit)})"
    said = f"{said[:1].upper()}{said[1:]}."
    margin = finding.equivalence.margin if finding.equivalence else None
    within = "" if margin is None else f"±{f'{margin:g} {_UNITS[unit]}' if unit in _UNITS else size(margin)}"
    match finding.verdict:
        case "difference":
            p = finding.p_adjusted if finding.p_adjusted is not None else finding.p
            return f"{said} That is a difference ({p_text(p, name='adjusted p')})."
        case "equivalent":
            return f"{said} The equivalence test shows any shift to be smaller than {within}."
        case "inconclusive":
            return f"{said} Neither a difference nor a shift smaller than {within or 'any margin'} is shown."
        case "not assessable" | None:
            return said
        case _ as unreachable:
            assert_never(unreachable)


def _memory(side: str) -> str:
    """A side as it follows "with"."""
    return side if side == "no memory" else f"{side} in memory"
