"""What the word for a policy rests on: the gap of the score, or the shift of a rating where that is primary.

A rating is the primary outcome where the plan's confirmatory family holds shifts, and either no gap of scores or no
question with options between the versions of a persona. docs/methods/mitigation.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.records.settings import AnalysisSettings
from evenhand.records.tried import Aspect, PolicyChange, main_changes

__all__ = ["basis_of"]


def basis_of(changes: Sequence[PolicyChange], *, settings: AnalysisSettings) -> Aspect:
    """`gap`, or `shift` where a rating is the primary outcome and was asked."""
    scored = "gap" in settings.confirmatory and any(one.aspect == "gap" for one in changes)
    rated = "shift" in settings.confirmatory and bool(main_changes(changes, basis="shift").gaps)
    return "shift" if rated and not scored else "gap"
