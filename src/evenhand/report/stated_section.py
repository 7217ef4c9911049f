"""The section on numbers that answers state: ratings of emotions, stated percentages."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.report.blocks import Block, Forest, Note, Section
from evenhand.report.forest import ForestSpec, Texts, forest_of, variant_of
from evenhand.report.number_titles import SENSITIVITY_TITLE, number_name
from evenhand.report.numbers import decimal, span, unit_of
from evenhand.report.shift_words import shift_headline, shift_sentence
from evenhand.report.source import Source
from evenhand.report.titles import sides_of, title_of
from evenhand.report.words import joined

__all__ = ["compared", "stated_section"]

_CAPTION = (
    "Each row compares the numbers stated for the same items when only memory changes. Dot: estimate. Bar: 95% "
    "interval."
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
        blocks += _forests(source, model, own)
        spread = forest_of(
            {"": [finding for finding in beyond if finding.model == model]},
            spec=ForestSpec(
                id=f"divergence/{model}",
                title=_titled(source, model, "Whole answers, beyond what repeats differ by (squared)"),
                caption="Above zero: the numbers differ between arms by more than repeats of one question differ.",
            ),
            texts=Texts(label=title_of, detail=lambda finding: variant_of(finding, among=beyond)),
        )
        blocks += [spread] if spread is not None else []
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


def _forests(source: Source, model: str, shifts: Sequence[Finding]) -> list[Forest]:
    """One figure for ratings, one for shares and scores; rows a number each, grouped by what is compared."""
    found = []
    for unit, title in (("rating", "Shift of ratings, in points of 10"), ("points", "Shift of stated percentages")):
        own = [finding for finding in shifts if unit_of(finding) == unit]
        groups: dict[str, list[Finding]] = {}
        for finding in own:
            groups.setdefault(compared(source, finding), []).append(finding)
        margins = {finding.equivalence.margin for finding in own if finding.equivalence is not None}
        forest = forest_of(
            groups,
            spec=ForestSpec(
                id=f"shifts-{unit}/{model}",
                title=_titled(source, model, title),
                caption=_CAPTION,
                margin=margins.pop() if len(margins) == 1 else None,
                bounds=True,
                foldable=True,
            ),
            texts=Texts(label=_name, detail=lambda finding: variant_of(finding, among=shifts)),
        )
        found += [forest] if forest is not None else []
    return found


def _titled(source: Source, model: str, title: str) -> str:
    return f"{model}: {title[:1].lower()}{title[1:]}" if source.several else title


def _name(finding: Finding) -> str:
    name = number_name(finding.quantity)
    return f"{name[:1].upper()}{name[1:]}"


def compared(source: Source, finding: Finding) -> str:
    """What the two sides are."""
    if finding.contrast and finding.arms.arm == "crossing":
        one, labels = finding.contrast[0], source.labels
        against = labels.level(one.factor, one.reference or "")
        return f"{labels.factor(one.factor)}: {labels.level(one.factor, one.level)}, against {against}"
    first, second = sides_of(finding)
    return f"{first[:1].upper()}{first[1:]} minus {second}"
