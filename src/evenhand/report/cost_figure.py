"""Certainty against what it costs: half the width of the main gap's interval over money, or over calls."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evenhand.records.finding import Finding
from evenhand.records.run_summary import ModelSummary
from evenhand.report.blocks import Axis, Column, Grid, Scatter, ScatterPoint, SpotShape
from evenhand.report.figures import axis_of, position
from evenhand.report.numbers import ABSENT, count, decimal, money, unit_of
from evenhand.report.source import Source
from evenhand.report.words import plural

__all__ = ["cost_figure"]

_FORECAST = 4
"""With more models than this, only what was run is drawn."""


class _Bought(Struct, frozen=True, kw_only=True):
    """One design of one model: what it costs and how wide its main interval is."""

    model: str
    items: int
    calls: float
    usd: float | None
    half: float
    """Half the width of the 95% interval, on the probability scale."""
    run: bool
    """Whether it was run; else it is worked out from the variation that was found."""


def cost_figure(source: Source) -> Scatter | None:
    """The figure; None where no model has a main gap with an interval and a known number of calls."""
    run = source.findings.run
    if run is None:
        return None
    bought = [
        one
        for model in run.models
        if (gap := _main_gap(source, model.model)) is not None
        for one in _designs(source, model, gap, forecast=len(run.models) <= _FORECAST)
    ]
    if not bought:
        return None
    priced = all(one.usd for one in bought)
    paid = [one.usd or 0.0 if priced else one.calls for one in bought]
    across = axis_of(min(0.0, *paid), max(paid), unit="number", about=5)
    upward = axis_of(0.0, 100 * max(one.half for one in bought), unit="number", about=4)
    what = "US dollars" if priced else "calls"
    legend: tuple[tuple[SpotShape, str], ...] = (("pareto", "as it was run"), ("other", "worked out for other designs"))
    return Scatter(
        id="certainty",
        title=f"What certainty costs: width of the main interval against {what}",
        conclusion=_conclusion(bought, several=source.several),
        caption="Filled: this run. Rings: the same design with other numbers of items, the variation being as found "
        "here; calls and money grow with the items. Lower is surer. The interval goes as many points to either side.",
        across=across,
        upward=upward,
        across_label=what,
        upward_label="half width of the interval of the main gap, points",
        band_label="",
        legend=legend if any(not one.run for one in bought) else legend[:1],
        points=tuple(
            _point(one, place, number=str(number), across=across, upward=upward, several=source.several)
            for number, (one, place) in enumerate(zip(bought, paid, strict=True), 1)
        ),
        table=_table(bought),
    )


def _main_gap(source: Source, model: str) -> Finding | None:
    """The confirmatory gap of a model, in points and with an interval."""
    gaps = [one for one in source.of("gap") if one.model == model and unit_of(one) == "points" and one.low is not None]
    return next((one for one in gaps if one.role == "confirmatory"), next(iter(gaps), None))


def _designs(source: Source, model: ModelSummary, gap: Finding, *, forecast: bool) -> list[_Bought]:
    """What was run, and what the recorded power of other designs says of them."""
    if gap.low is None or gap.high is None or gap.high <= gap.low or not gap.sample.items:
        return []
    calls = sum(model.outcomes.values()) + sum(use.calls for use in model.second)
    usd = None if model.cost_usd is None else model.cost_usd + sum(use.cost_usd or 0.0 for use in model.second)
    items, half = gap.sample.items, (gap.high - gap.low) / 2
    made = [_Bought(model=model.model, items=items, calls=calls, usd=usd, half=half, run=True)]
    if not forecast or not gap.smallest_detectable:
        return made
    sizes = [one for one in source.findings.power if (one.model, one.kind, one.size) == (gap.model, gap.kind, "items")]
    here = next((one.smallest_gap for one in sizes if one.to == items), gap.smallest_detectable)
    for other in sizes:
        if other.to != items:
            factor = other.to / items
            made.append(
                _Bought(
                    model=model.model,
                    items=other.to,
                    calls=calls * factor,
                    usd=None if usd is None else usd * factor,
                    half=half * other.smallest_gap / here,
                    run=False,
                )
            )
    return made


def _price(one: _Bought) -> str:
    about = "" if one.run else "about "
    spent = f", {money(one.usd)}" if one.usd else ""
    return f"{about}{plural(round(one.calls), 'call')}{spent}"


def _conclusion(bought: Sequence[_Bought], *, several: bool) -> str:
    done = [one for one in bought if one.run]
    surest = min(done, key=lambda one: one.half)
    who = f"{surest.model} is surest" if several and len(done) > 1 else "This run"
    said = f"{who}: ±{decimal(100 * surest.half, digits=1)} points for {_price(surest)}"
    more = [one for one in bought if not one.run and one.model == surest.model and one.half < surest.half]
    if not more:
        return f"{said}."
    better = min(more, key=lambda one: one.calls)
    return f"{said}; with {count(better.items)} items ±{decimal(100 * better.half, digits=1)} for {_price(better)}."


def _point(one: _Bought, paid: float, *, number: str, across: Axis, upward: Axis, several: bool) -> ScatterPoint:
    half = decimal(100 * one.half, digits=1)
    named = f"{one.model}, " if several else ""
    return ScatterPoint(
        number=number,
        name=f"{named}{plural(one.items, 'item')}{'' if one.run else ', worked out'}",
        x=position(paid, low=across.low, high=across.high),
        y=round(100 - position(100 * one.half, low=upward.low, high=upward.high), 2),
        low=None,
        high=None,
        shape="pareto" if one.run else "other",
        text=f"±{half} points, {_price(one)}",
        label=number,
    )


def _table(bought: Sequence[_Bought]) -> Grid:
    names = ("Model", "Design", "Items", "Calls", "US dollars", "Half width, points")
    return Grid(
        id="certainty-table",
        title="All numbers",
        caption="Half the width of the 95% interval of the main gap, in percentage points.",
        columns=tuple(Column(name, numeric=name not in ("Model", "Design")) for name in names),
        rows=tuple(
            (
                one.model,
                "as it was run" if one.run else "worked out",
                count(one.items),
                count(round(one.calls)),
                ABSENT if one.usd is None else decimal(one.usd),
                decimal(100 * one.half),
            )
            for one in bought
        ),
    )
