"""The section on a product's own memory: whether users are apart, what is stored, found and read, and of whom."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.records.finding import Finding
from evenhand.records.product_memory import CanarySummary
from evenhand.report.blocks import Block, Column, Grid, Note, Section
from evenhand.report.forest import ForestSpec
from evenhand.report.numbers import count, percent
from evenhand.report.shift_figures import ShiftFigures, shift_forests
from evenhand.report.shift_words import shift_headline
from evenhand.report.source import Source, forests_by_model
from evenhand.report.words import joined, plural

__all__ = ["stage_section"]

_GAPS = ShiftFigures(
    id="stages",
    titles=(("points", "Facts and answers, between users"),),
    caption="Each row compares what the product's memory does with the facts of one group of users and of another. "
    "Dot: estimate. Bar: 95% interval.",
)
_RATES = ForestSpec(
    id="stage-rates",
    title="What the product's memory does with facts, by arm",
    caption="Facts and stored texts are compared by their words, numbers and negations, so that a fact in other words "
    "counts as distorted or lost; all groups meet the same rule.",
    foldable=True,
)
_TOLD = 3
_SHOWN = 20
"""Items in the table of retrieval, those with the lowest rates first."""


def stage_section(source: Source) -> Section | None:
    """What a product's own memory does, stage by stage; None where no product kept memory itself."""
    canaries, retrievals = source.findings.canaries, source.findings.retrievals
    rates, gaps = source.of("stage_rate"), source.of("stage_gap")
    if not (canaries or rates or gaps):
        return None
    blocks: list[Block] = [Note("Whether users are kept apart", _isolation(canaries, source))] if canaries else []
    if not rates:
        blocks.append(Note("What is stored and found", _NOT_SHOWN))
    for model in source.models:
        own = [finding for finding in gaps if finding.model == model]
        blocks += shift_forests(source, model, own, figures=_GAPS)
    blocks += forests_by_model(rates, source=source, spec=_RATES)
    blocks += [_items(source)] if retrievals else []
    return Section(
        id="stages",
        nav="Own memory",
        title="What the product's own memory does",
        lead=_lead(gaps),
        blocks=tuple(blocks),
    )


_NOT_SHOWN = (
    "The product does not show what it stores and finds, so only its answers could be looked at. A function recall, or "
    "memories in its replies, would show it."
)


def _isolation(canaries: Sequence[CanarySummary], source: Source) -> str:
    said = []
    for one in canaries:
        who = f"{one.model}: " if source.several else ""
        said.append(
            f"{who}Before the first question, made-up facts were stored for {count(one.users)} of "
            f"{plural(one.of, 'user')}. Their own users gave back {count(one.found['own'])} of "
            f"{count(one.asked['own'])}; asked of the other users ({plural(one.asked['other'], 'question')}), of the "
            f"one without memory ({count(one.asked['none'])}) and of users that were cleared "
            f"({count(one.asked['cleared'])}), none came back."
        )
    return " ".join(said)


def _lead(gaps: Sequence[Finding]) -> tuple[str, ...]:
    differ = [finding for finding in gaps if finding.verdict == "difference" and finding.value is not None]
    alike = sum(finding.verdict == "equivalent" for finding in gaps)
    rest = f"Of {count(len(gaps))} comparisons {count(alike)} are shown to lie within their margin."
    if not gaps:
        return ()
    if not differ:
        return (f"No difference between users is shown in what memory does with their facts. {rest}",)
    differ.sort(key=lambda finding: (finding.arms.arm != "pairs", finding.p if finding.p is not None else 1.0))
    told = joined([shift_headline(finding) for finding in differ[:_TOLD]])
    return (f"{told[:1].upper()}{told[1:]}. {rest}",)


def _items(source: Source) -> Grid:
    rows = source.findings.retrievals
    shown = rows[:_SHOWN]
    more = f" The {count(_SHOWN)} items with the lowest rates of {count(len(rows))}." if len(rows) > _SHOWN else ""
    return Grid(
        id="retrieval",
        title="What memory gives for each item",
        caption=f"Share of questions for which memory gave at least one fact of the user, and mean share of the user's "
        f"facts that it gave.{more}",
        columns=(
            *((Column("Model"),) if source.several else ()),
            Column("Item"),
            Column("Kind"),
            Column("Questions"),
            Column("Any fact found"),
            Column("Facts found"),
        ),
        rows=tuple(
            (
                *((one.model,) if source.several else ()),
                one.item,
                one.kind,
                count(one.trials),
                percent(one.some),
                percent(one.share),
            )
            for one in shown
        ),
    )
