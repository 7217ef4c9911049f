"""The sections behind the answer: memory and noise, intersections, items and options."""

from __future__ import annotations

from msgspec.structs import replace

from evenhand.records.finding import Finding
from evenhand.records.measure import Measure
from evenhand.report.blocks import Block, Forest, ForestGroup, Note, Section
from evenhand.report.emotion_heat import emotion_heats
from evenhand.report.forest import ForestSpec, anchor_of
from evenhand.report.heat import heat_of
from evenhand.report.numbers import count
from evenhand.report.record_tables import item_grids, mention_grids, option_grids
from evenhand.report.source import Source, forests_by_model, measure_forests
from evenhand.report.words import MEASURE_TITLES

__all__ = ["intersections_section", "items_section", "memory_section"]

_OWN_FACT = frozenset({"benefit", "leakage", "sycophancy"})
"""Kinds of item that bring their own stored fact; no profile is asked about them."""
_OPEN_HEATS = 2
"""Matrices shown open; the others are folded."""


def memory_section(source: Source) -> Section:
    """What memory does at all: effects against none and placebo, changed answers against the noise floor."""
    blocks: list[Block] = []
    effects, own_effects = _split(source.of("memory_effect", "placebo_effect", "fact_effect"))
    blocks += forests_by_model(
        effects,
        source=source,
        spec=ForestSpec(
            id="memory-forest",
            title="Change of the score when something is in memory",
            caption="Placebo memory holds neutral facts of the same length. What a profile does beyond the placebo is "
            "due to what it says, not to its length.",
            left="worse than no memory",
            right="better than no memory",
            margin=source.margin,
            foldable=source.many,
        ),
    )
    blocks += measure_forests(source, "accuracy", folded=bool(effects))
    flips, own_flips = _split(source.of("flip_rate"))
    spec = ForestSpec(
        id="flip-forest",
        title="Answers that differ from the model's own answer without memory",
        caption="A model also disagrees with itself when nothing changes. That disagreement is the noise floor.",
        foldable=True,
    )
    blocks += [_with_floor(forest, flips) for forest in forests_by_model(flips, source=source, spec=spec)]
    blocks += forests_by_model(
        source.of("flip_excess"),
        source=source,
        spec=ForestSpec(
            id="flip-excess-forest",
            title="Changed answers beyond the noise floor",
            caption="Share of changed answers minus the share that changes between two repeats without memory.",
            left="fewer than noise",
            right="more than noise",
            foldable=True,
        ),
    )
    blocks += _own_facts(source, effects=own_effects, flips=own_flips)
    return Section(
        id="memory",
        nav="Memory and noise",
        title="What memory itself does, against placebo and noise",
        lead=(),
        blocks=tuple(blocks) or (Note("Not asked in this design", "No arm without memory was asked."),),
    )


def _split(findings: list[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Findings on items asked of profiles, and on items that bring a fact of their own."""
    return [f for f in findings if f.kind not in _OWN_FACT], [f for f in findings if f.kind in _OWN_FACT]


def _own_facts(source: Source, *, effects: list[Finding], flips: list[Finding]) -> list[Forest]:
    """What the stored fact of benefit items, leakage and sycophancy probes does; a scale of its own."""
    effect = ForestSpec(
        id="own-fact-forest",
        title="When memory holds the item's own fact",
        caption="Benefit items need the fact; sycophancy probes must not be swayed by it. These effects are meant to "
        "be large or nil, so they have a scale of their own.",
        margin=source.margin,
        foldable=source.many,
    )
    floor = ForestSpec(
        id="own-fact-flips",
        title="Noise floor of the items with a fact of their own",
        caption="",
        folded=True,
    )
    return [
        *forests_by_model(effects, source=source, spec=effect),
        *forests_by_model(flips, source=source, spec=floor),
    ]


def _with_floor(forest: Forest, flips: list[Finding]) -> Forest:
    """The same forest with the noise floor of each group as a landmark in all of its rows."""
    floors = {anchor_of(finding) for finding in flips if finding.arms.arm == "none"}

    def guided(group: ForestGroup) -> ForestGroup:
        floor = next((row.mark.centre for row in group.rows if row.anchor in floors), None)
        rows = tuple(replace(row, mark=replace(row.mark, guide=floor)) for row in group.rows)
        return replace(group, rows=rows)

    return replace(forest, groups=tuple(map(guided, forest.groups)), guide_label="noise floor" if floors else "")


def intersections_section(source: Source) -> Section:
    """The intersectional table as heat matrices, with variance and interactions."""
    grouped = source.cells()
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
        blocks.append(_no_cells(source))
    blocks += measure_forests(source, "variance", folded=False)
    blocks += _interactions(source)
    size = max((len(cells) for cells in grouped.values()), default=0)
    return Section(
        id="intersections",
        nav="Intersections",
        title=f"All {count(size)} combinations" if size else "Combinations of factors",
        lead=(
            "Single factors can hide what happens where they meet. Estimates are partially pooled: a combination with "
            "few answers is drawn towards what its factors predict.",
        )
        if size
        else (),
        blocks=tuple(blocks),
    )


def _no_cells(source: Source) -> Note:
    """Why there is no matrix: never asked, or asked without estimates of single combinations."""
    if source.of("variance", "interaction"):
        return Note("No table of combinations", "These findings hold no estimates of single combinations.")
    return Note("Not asked in this design", "Combinations of factors were not crossed.")


def _interactions(source: Source) -> list[Forest]:
    """Interactions with the labels of their factors and levels."""
    found = source.of("interaction")
    spec = ForestSpec(
        id="interaction-forest",
        title=MEASURE_TITLES["interaction"],
        caption="Zero: the two factors add up. Each row says by how much they do not.",
        margin=source.margin,
        foldable=True,
    )

    def name(finding: Finding) -> str:
        labels = source.labels
        named = (f"{labels.factor(o.factor).lower()} {labels.level(o.factor, o.level)}" for o in finding.contrast)
        title = " with ".join(named)
        return title[:1].upper() + title[1:]

    return forests_by_model(found, source=source, spec=spec, label=name)


def items_section(source: Source) -> Section:
    """Exploratory findings on items, options and leakage, and tables that belong nowhere else."""
    blocks: list[Block] = []
    grids = {"item_functioning": item_grids, "option_shift": option_grids, "leakage": mention_grids}
    measures: tuple[Measure, ...] = (
        *("item_functioning", "option_shift", "strategy_shift", "leakage", "silent_influence"),
    )
    for measure in measures:
        blocks += measure_forests(source, measure, folded=True)
        blocks += grids[measure](source) if measure in grids else []
    blocks = [*emotion_heats(source), *blocks]
    return Section(
        id="items",
        nav="Items and options",
        title="Which items, which options, which words",
        lead=("Where an answer changes, and into what. Exploratory: leads to follow up, not results.",)
        if blocks
        else (),
        blocks=tuple(blocks) or (Note("Nothing here", "No item-level findings were made for this design."),),
    )
