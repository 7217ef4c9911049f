"""How answers vary, for `evenhand power`: from a pilot run, from an accuracy, or as is assumed."""

from __future__ import annotations

from pathlib import Path

from evenhand.analysis.estimators.power import DEFAULT_COMPONENTS, Components, answer_components
from evenhand.analysis.findings.pilot import components_from_scores
from evenhand.audit import score
from evenhand.errors import UsageError
from evenhand.plan.file import read_plan

__all__ = ["components_of"]


def components_of(accuracy: float | None, *, flips: float | None, pilot: Path | None) -> Components:
    """How answers vary: as a pilot run found, as an accuracy implies, or as is assumed where nothing is known."""
    if flips is not None and accuracy is None:
        raise UsageError("--flips needs the accuracy it goes with; name it with --accuracy, for example 0.9")
    if pilot is None:
        return DEFAULT_COMPONENTS if accuracy is None else answer_components(accuracy, flips=flips)
    if accuracy is not None:
        raise UsageError("--pilot and --accuracy both say how answers vary; name one of them")
    return components_from_scores(score(read_plan(pilot), pilot))
