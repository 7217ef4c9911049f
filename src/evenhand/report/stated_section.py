"""The section on numbers that answers state: ratings of emotions, stated percentages."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.report.blocks import Block, Note, Section
from evenhand.report.forest import ForestSpec
from evenhand.report.number_titles import SENSITIVITY_TITLE
from evenhand.report.numbers import decimal, span
from evenhand.report.shift_figures import ShiftFigures, shift_forests, spread_forests
from evenhand.report.shift_words import shift_headline, shift_sentence
from evenhand.report.source import Source
from evenhand.report.words import joined

__all__ = ["stated_section"]

_SHIFTS = ShiftFigures(
    id="shifts",
    titles=(("rating", "Shift of ratings, in points of 10"), ("points", "Shift of stated percentages")),
    caption="Each row compares the numbers stated for the same items when only memory changes. Dot: estimate. Bar: 95% "
    "interval.",
)
_SPREAD = ForestSpec(
    id="divergence",
    title="Whole answers, beyond what repeats differ by (squared)",
    caption="Above zero: the numbers differ between arms by more than repeats of one question differ.",
)
_TOLD = 3
"""Differences that are told in words, the largest first."""


def stated_section(source: Source) -> Section | None:
    """Ratings and percentages: what they can show, what moved, and by how much; None where none were asked for."""
    shifts, beyond = _stated(source.of("shift")), _stated(source.of("divergence"))
    moved = source.of("sensitivity")
    if not (shifts or beyond or moved):
        return None
    blocks: list[Block] = [Note("What these scenes can show", _sensitive(source, moved))] if moved else []
    for model in source.models:
        own = [finding for finding in shifts if finding.model == model]
        blocks += shift_forests(source, model, own, figures=_SHIFTS)
        blocks += spread_forests(source, model, beyond, spec=_SPREAD)
    return Section(
        id="stated",
        nav="Ratings",
        title="How strongly the same scene is read",
        lead=_lead(shifts),
        blocks=tuple(blocks),
    )


def _stated(findings: Sequence[Finding]) -> list[Finding]:
    """Without written answers, which have a section of their own."""
    return [finding for finding in findings if finding.where.answer != "text"]


def _lead(shifts: Sequence[Finding]) -> tuple[str, ...]:
    """The primary shifts in full, then the largest of the other differences."""
    primary = [finding for finding in shifts if finding.role == "confirmatory"]
    others = [f for f in shifts if f.role != "confirmatory" and f.verdict == "difference" and f.value is not None]
    largest = sorted(others, key=lambda finding: -abs(finding.value or 0.0))[:_TOLD]
    said = [shift_sentence(finding) for finding in primary]
    if largest:
        told = joined([f"{shift_headline(finding)}" for finding in largest])
        said.append(f"Largest of the other differences: {told}.")
    elif not primary:
        said.append("No shift of a stated number is shown.")
    return tuple(said)


def _sensitive(source: Source, moved: Sequence[Finding]) -> str:
    said = []
    for finding in moved:
        who = f"{finding.model}: " if source.several else ""
        if isinstance(finding.number, Absent):
            said.append(f"{who}{finding.number.reason}")
            continue
        interval = span(finding.low, finding.high, unit="rating")
        said.append(
            f"{who}The detail that decides a scene moves the rating of its emotion by {decimal(finding.value)} points "
            f"(95% interval {interval}). Every shift below is to be read against that."
        )
    return " ".join(said) or SENSITIVITY_TITLE
