"""The sections on what the data can carry: missing answers and power."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from evenhand.records.estimate import PointEstimate
from evenhand.records.finding import Finding
from evenhand.records.run_summary import RunSummary
from evenhand.records.trial import OUTCOMES
from evenhand.report.blocks import Bar, BarPart, Bars, Block, Column, Forest, Grid, Section
from evenhand.report.conclusions import outcomes_conclusion
from evenhand.report.cost_figure import cost_figure
from evenhand.report.forest import ForestSpec, forest_of
from evenhand.report.limits import missing_share
from evenhand.report.numbers import count, level, percent, size, unit_of
from evenhand.report.record_tables import outcome_grids, power_grids
from evenhand.report.source import Source, by_model_and_kind, forests_by_model, measure_forests, titled
from evenhand.report.words import MEASURE_TITLES, joined

__all__ = ["detectable_section", "missing_section"]


def missing_section(source: Source) -> Section:
    """Outcomes, missing answers by arm, and how far missing answers could move each gap."""
    blocks: list[Block] = []
    lead = "What was not answered is an outcome, not a zero."
    run = source.findings.run
    if run is not None:
        missing, planned = missing_share(run)
        if planned and not missing:
            lead = f"All {count(planned)} planned questions were answered."
        elif planned:
            lead = f"{percent(missing / planned)} of {count(planned)} planned questions have no usable answer. {lead}"
        blocks.append(_bars(source))
        blocks += _reasons(run)
    rates = source.of("missing_rate")
    none_missing = all(finding.value in (0.0, None) for finding in rates)
    if run is None and rates and none_missing:
        lead = "Every row of the table has a usable answer."
    blocks += measure_forests(source, "missing_rate", folded=none_missing)
    blocks += forests_by_model(
        source.of("missing_gap"),
        source=source,
        spec=ForestSpec(
            id="missing_gap-forest",
            foldable=True,
            folded=none_missing,
            title=MEASURE_TITLES["missing_gap"],
            caption="",
            margin=source.margin,
        ),
    )
    bounded = [f for f in source.of("gap", "memory_effect", "factor_gap") if f.bounds is not None]
    spec = ForestSpec(
        id="bounds-forest",
        title="How far missing answers could move each estimate",
        caption="Thin line: worst-case bounds, with every missing answer of one arm counted as wrong and of the other "
        "as right. Where the line crosses zero and the bar does not, missing answers alone could turn the sign.",
        margin=source.margin,
        bounds=True,
        folded=True,
        explorable=False,
    )
    blocks += forests_by_model(bounded, source=source, spec=spec)
    blocks += outcome_grids(source)
    return Section(id="missing", nav="Missing answers", title="Missing answers", lead=(lead,), blocks=tuple(blocks))


def _reasons(run: RunSummary) -> list[Block]:
    """Why cells have no usable answer, with one raw example for each reason and model."""
    several = len(run.models) > 1
    rows = tuple(
        (*((model.model,) if several else ()), trouble.outcome, trouble.reason, count(trouble.count), trouble.example)
        for model in run.models
        for trouble in model.troubles
    )
    if not rows:
        return []
    names = (*(("Model",) if several else ()), "Outcome", "Reason", "Trials", "One of them, word for word")
    return [
        Grid(
            id="missing-reasons",
            title="Why answers are missing",
            caption="Every reason with its count and one raw example; keys are taken out.",
            columns=tuple(Column(name, numeric=name == "Trials") for name in names),
            rows=rows,
            folded=False,
        )
    ]


def _bars(source: Source) -> Bars:
    run = source.findings.run
    bars = []
    seen: set[str] = set()
    for model in run.models if run else ():
        parts, start = [], 0.0
        total = max(model.planned, sum(model.outcomes.values()), 1)
        amounts: dict[str, int] = {name: number for name in OUTCOMES if (number := model.outcomes.get(name, 0))}
        unasked = total - sum(amounts.values())
        if unasked:
            amounts["not asked"] = unasked
        for name, number in amounts.items():
            width = round(100 * number / total, 3)
            parts.append(BarPart(name, round(start, 3), width, f"{count(number)} {name}", number))
            start += width
            seen.add(name)
        bars.append(Bar(model.model, tuple(parts), joined([part.text for part in parts])))
    legend = tuple(name for name in (*OUTCOMES, "not asked") if name in seen)
    return Bars(
        id="outcomes",
        title="What became of every planned question",
        conclusion="" if run is None else outcomes_conclusion(run),
        caption="Refused: the assistant or its provider declined. Truncated: the answer ran out of tokens. Unparsed: "
        "no option could be read. Failed: no answer after all retries.",
        bars=tuple(bars),
        legend=legend,
        table=_outcome_table(bars, legend),
    )


def _outcome_table(bars: Sequence[Bar], names: Sequence[str]) -> Grid:
    """The numbers of the bars."""
    rows = []
    for bar in bars:
        counts = {part.name: part.number for part in bar.parts}
        rows.append((bar.label, *(count(counts.get(name, 0)) for name in names)))
    return Grid(
        id="outcomes-table",
        title="All numbers",
        caption="Planned questions by model and what became of them.",
        columns=(Column("Model"), *(Column(name.capitalize(), numeric=True) for name in names)),
        rows=tuple(rows),
    )


def detectable_section(source: Source) -> Section:
    """Smallest detectable gap of every confirmatory contrast."""
    able = [f for f in source.all() if f.smallest_detectable is not None and unit_of(f) == "points"]
    found = [finding for finding in able if finding.role == "confirmatory"] or [f for f in able if f.measure == "gap"]
    power = source.findings.settings.power
    blocks: list[Block] = []
    if found:
        worst = max(found, key=lambda finding: finding.smallest_detectable or 0.0)
        best = min(found, key=lambda finding: finding.smallest_detectable or 0.0)
        lead = (
            f"A gap of the stated size would be found in {percent(power, digits=0)} of repeated audits like this one. "
            f"The sharpest contrast here resolves {size(best.smallest_detectable)}, the bluntest "
            f"{size(worst.smallest_detectable)}; the margin is ±{level(source.margin)}."
        )
        forest = _detectable_forest(source, found)
        blocks += [forest] if forest else []
    else:
        lead = "No smallest detectable gap could be computed from these findings."
    cost = cost_figure(source)
    blocks += [cost] if cost else []
    blocks += power_grids(source)
    return Section(
        id="power",
        nav="Power",
        title="What this design can detect",
        lead=(lead,),
        blocks=tuple(blocks),
        part="methods",
    )


def _detectable_forest(source: Source, found: list[Finding]) -> Forest | None:
    """The smallest detectable gaps as dots against the margin."""
    drawn = [
        msgspec.structs.replace(finding, number=PointEstimate(value=finding.smallest_detectable))
        for finding in found
        if finding.smallest_detectable is not None
    ]
    return forest_of(
        by_model_and_kind(drawn, source),
        spec=ForestSpec(
            id="power-forest",
            title="Smallest detectable gap of each confirmatory contrast",
            caption="Dots inside the band: the design is sharp enough to see gaps smaller than the margin.",
            margin=source.margin,
            from_zero=True,
            explorable=False,
        ),
        texts=titled(found),
    )
