"""Figures of shifts: one for each unit, grouped by what is compared; for stated numbers and for written answers."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evenhand.records.finding import Finding
from evenhand.report.blocks import Forest
from evenhand.report.forest import ForestSpec, Texts, forest_of, variant_of
from evenhand.report.number_titles import number_name
from evenhand.report.numbers import Unit, unit_of
from evenhand.report.source import Source
from evenhand.report.titles import sides_of, title_of

__all__ = ["ShiftFigures", "shift_forests", "spread_forests"]


class ShiftFigures(Struct, frozen=True, kw_only=True):
    """What the figures of one section are called."""

    id: str
    """Start of the id of each figure."""
    titles: tuple[tuple[Unit, str], ...]
    """Unit and title of each figure, in order; numbers of other units are not drawn."""
    caption: str


def shift_forests(source: Source, model: str, shifts: Sequence[Finding], *, figures: ShiftFigures) -> list[Forest]:
    """A figure for each unit that occurs; a row for each number, grouped by what is compared."""
    found = []
    for unit, title in figures.titles:
        own = [finding for finding in shifts if unit_of(finding) == unit]
        groups: dict[str, list[Finding]] = {}
        for finding in own:
            groups.setdefault(_compared(source, finding), []).append(finding)
        margins = {finding.equivalence.margin for finding in own if finding.equivalence is not None}
        forest = forest_of(
            groups,
            spec=ForestSpec(
                id=f"{figures.id}-{unit}/{model}",
                title=_titled(source, model, title),
                caption=figures.caption,
                margin=margins.pop() if len(margins) == 1 else None,
                bounds=True,
                foldable=True,
                folded=_later(source, model),
            ),
            texts=Texts(label=_name, detail=lambda finding: variant_of(finding, among=shifts)),
        )
        found += [forest] if forest is not None else []
    return found


def spread_forests(source: Source, model: str, beyond: Sequence[Finding], *, spec: ForestSpec) -> list[Forest]:
    """The figure of how far whole answers differ beyond repeats; none where a model has no such finding.

    Args:
        source: Where the findings come from.
        model: The model that is shown.
        beyond: Findings of all models.
        spec: Id, title and caption; the model is added to the first two.
    """
    forest = forest_of(
        {"": [finding for finding in beyond if finding.model == model]},
        spec=ForestSpec(
            id=f"{spec.id}/{model}",
            title=_titled(source, model, spec.title),
            caption=spec.caption,
            folded=_later(source, model),
        ),
        texts=Texts(label=title_of, detail=lambda finding: variant_of(finding, among=beyond)),
    )
    return [forest] if forest is not None else []


def _later(source: Source, model: str) -> bool:
    """Whether a model is not the first of several: its figures are folded, so that the page stays short."""
    return source.several and model != source.models[0]


def _compared(source: Source, finding: Finding) -> str:
    """What the two sides are."""
    if finding.contrast and finding.arms.arm == "crossing":
        one, labels = finding.contrast[0], source.labels
        against = labels.level(one.factor, one.reference or "")
        return f"{labels.factor(one.factor)}: {labels.level(one.factor, one.level)}, against {against}"
    first, second = sides_of(finding)
    return f"{first[:1].upper()}{first[1:]} minus {second}"


def _titled(source: Source, model: str, title: str) -> str:
    return f"{model}: {title[:1].lower()}{title[1:]}" if source.several else title


def _name(finding: Finding) -> str:
    name = number_name(finding.quantity)
    return f"{name[:1].upper()}{name[1:]}"
