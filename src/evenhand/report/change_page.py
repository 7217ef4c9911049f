"""The page of `evenhand compare`: changes stated as changes, with what was found before and after."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.records.comparison import BeforeAfter, RunComparison
from evenhand.records.finding import Finding
from evenhand.report.answer import ReportAnswer, answers_of
from evenhand.report.blocks import (
    Block,
    Column,
    Facts,
    Grid,
    NamedValue,
    Note,
    Page,
    Point,
    Points,
    Section,
    VerdictCard,
    VerdictLine,
    Verdicts,
)
from evenhand.report.figures import axis_for, mark_for, shape_of
from evenhand.report.forest import ForestSpec, anchor_of, variant_of
from evenhand.report.numbers import ABSENT, count, p_value, percent, points, size, span, value
from evenhand.report.source import Source, forests_by_model, titled
from evenhand.report.titles import title_of
from evenhand.report.words import joined, kind_label, plural, verdict_sentence, verdict_word

__all__ = ["CHANGE_COLUMNS", "change_page", "change_rows"]

_ITEMS = 40
"""Items that moved which the page lists; findings.json has them all."""
_FIRST = ("gap_change", "memory_effect_change")
"""Measures whose changes are on the card."""


def change_page(source: Source, comparison: RunComparison) -> Page:
    """The whole report of a comparison as blocks."""
    same = comparison.first == comparison.second
    title = f"What changed: {comparison.first}" + ("" if same else f" against {comparison.second}")
    return Page(
        title=title,
        kicker="evenhand comparison of two runs",
        standfirst="The same questions asked twice, cell by cell: the second run minus the first. A change counts as "
        f"none when it is shown to be smaller than ±{size(source.margin)}.",
        facts=(
            NamedValue("Before", comparison.first),
            NamedValue("After", comparison.second),
            NamedValue("Answered in both", f"{count(comparison.answered)} of {count(comparison.cells)} cells"),
            NamedValue("Cells that moved", _moved(comparison)),
        ),
        notice=None,
        badge="",
        warnings=(),
        first=None,
        sections=(
            _answer_section(source),
            _before_after_section(source, comparison),
            _figure_section(source),
            _items_section(comparison),
            _limits_section(source, comparison),
        ),
        footer="Written by evenhand. The page needs no network.",
    )


def _moved(comparison: RunComparison) -> str:
    share = comparison.moved / comparison.answered if comparison.answered else 0.0
    return f"{count(comparison.moved)} ({percent(share)})"


def _answer_section(source: Source) -> Section:
    findings = [found for found in source.all() if found.measure in _FIRST]
    axis = axis_for(findings, unit="points", margin=source.margin)
    cards = tuple(
        _card(answer, [found for found in findings if found.model == answer.model], source=source)
        for answer in answers_of(source.findings).models
    )
    return Section(
        id="verdict",
        nav="What changed",
        title="What changed from the first run to the second?",
        lead=(),
        blocks=(Verdicts(axis=axis, cards=cards),),
    )


def _card(answer: ReportAnswer, findings: Sequence[Finding], *, source: Source) -> VerdictCard:
    axis = axis_for([f for f in source.all() if f.measure in _FIRST], unit="points", margin=source.margin)
    shape = answer.verdict or "descriptive"
    tally = [f"{number} {verdict}" for verdict, number in sorted(answer.contrasts.items())]
    return VerdictCard(
        model=answer.model,
        shape=shape,
        verdict=verdict_word(shape, margin=source.margin),
        answer=answer.short,
        lines=tuple(
            VerdictLine(
                label=f"{kind_label(found.kind)}: {title_of(found)}",
                shape=shape_of(found),
                verdict=verdict_word(shape_of(found)),
                sentence=verdict_sentence(found),
                mark=mark_for(found, axis=axis),
                anchor=anchor_of(found),
            )
            for found in findings
        ),
        facts=(NamedValue("Compared", f"{joined(tally)}."),) if tally else (),
    )


def change_rows(source: Source, comparison: RunComparison) -> list[tuple[str, ...]]:
    """A row per contrast: model, kind, contrast, variant, before, after, change, interval, adjusted p, verdict."""
    changes = dict(zip(map(anchor_of, source.findings.findings), comparison.changes, strict=True))
    return [_row(found, changes[anchor_of(found)], among=source.all()) for found in source.all()]


def _row(found: Finding, both: BeforeAfter, *, among: Sequence[Finding]) -> tuple[str, ...]:
    same = [other for other in among if other.measure == found.measure]
    return (
        found.model,
        kind_label(found.kind),
        title_of(found),
        variant_of(found, among=same) or ABSENT,
        points(both.before),
        points(both.after),
        points(found.value),
        span(found.low, found.high, unit="points"),
        p_value(found.p_adjusted),
        verdict_word(shape_of(found)) or ABSENT,
    )


CHANGE_COLUMNS = (
    "Model",
    "Items",
    "Contrast",
    "Variant",
    "Before",
    "After",
    "Change",
    "Interval",
    "Adjusted p",
    "Verdict",
)
"""Names of the columns of `change_rows`."""
_NUMERIC = frozenset({"Before", "After", "Change", "Interval", "Adjusted p"})


def _before_after_section(source: Source, comparison: RunComparison) -> Section:
    grid = Grid(
        id="before-after",
        title="Before, after, change",
        caption="In percentage points, on the cells that are answered in both runs. The interval and the verdict are "
        "those of the change.",
        columns=tuple(Column(name, numeric=name in _NUMERIC) for name in CHANGE_COLUMNS),
        rows=tuple(change_rows(source, comparison)),
        folded=False,
    )
    return Section(
        id="changes", nav="Before and after", title="Every contrast, before and after", lead=(), blocks=(grid,)
    )


def _figure_section(source: Source) -> Section:
    spec = ForestSpec(
        id="change-forest",
        title="Change of each contrast",
        caption="Dot: the second run minus the first. Bar: 95% interval.",
        left="smaller than before",
        right="larger than before",
        margin=source.margin,
        table=False,
        foldable=True,
    )
    forests = forests_by_model(source.all(), source=source, spec=spec, label=titled(source.all()).label)
    blocks: tuple[Block, ...] = tuple(forests) or (Note("Nothing to draw", "No contrast exists in both runs."),)
    return Section(id="figure", nav="Figure", title="The changes drawn", lead=(), blocks=blocks)


def _items_section(comparison: RunComparison) -> Section:
    if not comparison.items:
        note = Note("No item moved", "Every cell that is answered in both runs has the same score.")
        return Section(id="items", nav="Items", title="Items that moved", lead=(), blocks=(note,))
    rows = tuple(
        (
            one.model,
            kind_label(one.kind),
            one.item,
            percent(one.before),
            percent(one.after),
            points(one.after - one.before),
            f"{count(one.moved)} of {count(one.cells)}",
        )
        for one in comparison.items[:_ITEMS]
    )
    left = len(comparison.items) - _ITEMS
    names = ("Model", "Items", "Item", "Before", "After", "Change", "Cells that moved")
    grid = Grid(
        id="items-moved",
        title="Items whose score is not the same in both runs",
        caption="Those that moved most first." + (f" In findings.json: {left} more." if left > 0 else ""),
        columns=tuple(Column(name, numeric=index > 2) for index, name in enumerate(names)),
        rows=rows,
        folded=False,
    )
    return Section(
        id="items",
        nav="Items",
        title=f"{plural(len(comparison.items), 'item')} moved",
        lead=("A cell moves too where an assistant answers at random; the changes above are read against that.",),
        blocks=(grid,),
    )


def _limits_section(source: Source, comparison: RunComparison) -> Section:
    lost = comparison.cells - comparison.answered
    settings = source.findings.settings
    found = [
        Point(
            "Two runs, one design",
            "Both runs asked the same items of the same users in the same option order. A change says nothing about "
            "items or users that were not asked.",
        ),
        *(
            [
                Point(
                    "Cells that are not answered in both",
                    f"{plural(lost, 'cell is', 'cells are')} left out of every number, because one run or both has no "
                    "usable answer there.",
                )
            ]
            if lost
            else []
        ),
    ]
    chosen = (
        NamedValue("Margin", f"±{value(settings.margin, unit='points').lstrip('+')} points"),
        NamedValue("Level", f"{settings.alpha:g}"),
        NamedValue("Analysis seed", str(settings.seed)),
    )
    return Section(
        id="limits",
        nav="Limits",
        title="Limits",
        lead=(),
        blocks=(Points(tuple(found)), Facts(title="Analysis settings", facts=chosen)),
    )
