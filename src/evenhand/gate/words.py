"""Numbers and texts in the sentences of the gate."""

from __future__ import annotations

from evenhand.gate.margin import widened
from evenhand.records.estimate import Interval, Spread
from evenhand.records.finding import Finding
from evenhand.records.hidden_text import HIDDEN
from evenhand.records.measure import Scale

__all__ = ["PROPORTIONS", "certain", "number", "percent", "visible", "with_interval"]

PROPORTIONS: frozenset[Scale] = frozenset({"probability", "rate", "share"})
"""Scales of proportions and their differences, on which nothing differs by more than 1."""


def number(finding: Finding, value: float | None) -> str:
    """A number on the scale of a finding: points where it is a difference of proportions, per cent where it is one."""
    if value is None:
        return "no number"
    if finding.quantity.scale not in PROPORTIONS:
        return f"{value:.2f}"
    return percent(value) if isinstance(finding.number, Interval) else f"{100 * value:.1f} points"


def visible(text: str) -> str:
    """Text with every character that is not shown, or turns the direction of others, written as its code."""
    return HIDDEN.sub(lambda found: f"<U+{ord(found.group()):04X}>", text)


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{100 * share:.1f}%"


def certain(finding: Finding, certainty: float) -> Spread | None:
    """The interval of a finding at a confidence of at least `certainty`."""
    return None if finding.value is None else widened(finding.spread, value=finding.value, certainty=certainty)


def with_interval(finding: Finding, spread: Spread | None) -> str:
    """The number with its interval."""
    said = number(finding, finding.value)
    if spread is None:
        return said
    return f"{said} ({spread.confidence:.1%} interval {_bare(finding, spread.low)} to {_bare(finding, spread.high)})"


def _bare(finding: Finding, value: float) -> str:
    return f"{100 * value:.1f}" if finding.quantity.scale in PROPORTIONS else f"{value:.2f}"
