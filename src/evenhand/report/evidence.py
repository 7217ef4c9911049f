"""The sections behind the answer: memory and noise, intersections, items and options."""

from __future__ import annotations

from evenhand.records.finding import Cellwise
from evenhand.report.blocks import Block, Note, Section
from evenhand.report.forest import ForestSpec
from evenhand.report.heat import heat_of
from evenhand.report.numbers import count
from evenhand.report.source import Source, forests_by_model, measure_forests

__all__ = ["intersections_section", "items_section", "memory_section"]

_OPEN_HEATS = 2
"""Matrices shown open; the others are folded."""


def memory_section(source: Source) -> Section:
    """What memory does at all: effects against none and placebo, changed answers against the noise floor."""
    blocks: list[Block] = []
    effects = source.of("memory_effect", "placebo_effect")
    blocks += forests_by_model(
        effects,
        source=source,
        spec=ForestSpec(
            id="memory-forest",
            title="Change of the score when something stands in memory",
            caption="Placebo memory holds neutral facts of the same length. What a profile does beyond the placebo is due "
            "to what it says, not to its length.",
            left="worse than no memory",
            right="better than no memory",
            margin=source.margin,
        ),
    )
    blocks += measure_forests(source, "accuracy", folded=bool(effects))
    blocks += forests_by_model(
        source.of("flip_rate"),
        source=source,
        spec=ForestSpec(
            id="flip-forest",
            title="Answers that differ from the model's own answer without memory",
            caption="A model also disagrees with itself when nothing changes. That disagreement is the noise floor.",
        ),
    )
    blocks += forests_by_model(
        source.of("flip_excess"),
        source=source,
        spec=ForestSpec(
            id="flip-excess-forest",
            title="Changed answers beyond the noise floor",
            caption="Share of changed answers minus the share that changes between two repeats without memory.",
            left="fewer than noise",
            right="more than noise",
        ),
    )
    blocks += source.grids("memory", "memory_effect", "placebo_effect", "flips", "flip_rate", "flip_excess", "accuracy")
    return Section(
        id="memory",
        nav="Memory and noise",
        title="What memory itself does, against placebo and noise",
        lead=(),
        blocks=tuple(blocks) or (Note("Not asked in this design", "No arm without memory was asked."),),
    )


def intersections_section(source: Source) -> Section:
    """The intersectional table as heat matrices, with variance and interactions."""
    grouped: dict[tuple[str, str], list[Cellwise]] = {}
    for cell in source.findings.cells:
        grouped.setdefault((cell.model, cell.kind), []).append(cell)
    blocks: list[Block] = [
        heat_of(
            cells,
            labels=source.labels,
            margin=source.margin,
            several=source.several,
            folded=index >= _OPEN_HEATS,
        )
        for index, cells in enumerate(grouped.values())
    ]
    if not blocks:
        blocks.append(Note("Not asked in this design", "Combinations of factors were not crossed."))
    for measure in ("variance", "interaction"):
        blocks += measure_forests(source, measure, folded=False)
    blocks += source.grids("intersections", "variance", "interaction", "cells")
    size = max((len(cells) for cells in grouped.values()), default=0)
    return Section(
        id="intersections",
        nav="Intersections",
        title=f"All {count(size)} combinations" if size else "Combinations of factors",
        lead=(
            "Single factors can hide what happens where they meet. Estimates are partially pooled: a combination with few "
            "answers is drawn towards what its factors predict.",
        )
        if size
        else (),
        blocks=tuple(blocks),
    )


def items_section(source: Source) -> Section:
    """Exploratory findings on items, options and leakage, and tables that belong nowhere else."""
    blocks: list[Block] = []
    for measure in ("item_functioning", "option_shift", "strategy_shift", "leakage", "silent_influence"):
        blocks += measure_forests(source, measure, folded=True)
        blocks += source.grids(measure)
    known = {table.id for prefix in _PREFIXES for table in source.findings.tables if table.id.split("/", 1)[0] == prefix}
    rest = [table for table in source.findings.tables if table.id not in known]
    blocks += source.grids(*dict.fromkeys(table.id.split("/", 1)[0] for table in rest))
    return Section(
        id="items",
        nav="Items and options",
        title="Which items, which options, which words",
        lead=("Where an answer changes, and into what. Exploratory: leads to follow up, not results.",) if blocks else (),
        blocks=tuple(blocks) or (Note("Nothing here", "No item-level findings were made for this design."),),
    )


_PREFIXES = (
    *("gap", "mixed_model", "published_model", "factor_gap", "factor", "memory", "memory_effect", "placebo_effect"),
    *("flips", "flip_rate", "flip_excess", "accuracy", "intersections", "variance", "interaction", "cells", "missing"),
    *("missing_rate", "missing_gap", "power", "item_functioning", "option_shift", "strategy_shift", "leakage"),
    "silent_influence",
)
