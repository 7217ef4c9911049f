"""The intersectional table as a two-way heat matrix."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from evenhand.records.results import CellMean
from evenhand.report.blocks import Column, Grid, Heat, HeatCell
from evenhand.report.conclusions import cells_conclusion, leaves_out
from evenhand.report.figures import heat_step
from evenhand.report.numbers import ABSENT, count, decimal, percent, points, span
from evenhand.report.words import Labels, joined, kind_label

__all__ = ["heat_of"]

_PALE = 3.0
"""Margins at which the colour scale ends at the earliest."""


def heat_of(cells: Sequence[CellMean], *, labels: Labels, margin: float, several: bool, folded: bool) -> Heat:
    """Matrix of one model and kind: the first half of the factors down, the second half across.

    The colour is the pooled estimate's distance from the mean of all cells; the scale never ends closer to the mean
    than three margins, so that noise stays pale.

    Args:
        cells: all combinations of one model and kind, at least one.
        labels: names of factors and levels.
        margin: equivalence margin on the probability scale.
        several: whether the title must name the model.
        folded: closed until asked for.
    """
    factors = tuple(cells[0].levels)
    half = max(1, len(factors) // 2)
    down, across = factors[:half], factors[half:]
    values = [cell.pooled for cell in cells if cell.pooled is not None]
    mean = sum(values) / len(values) if values else 0.0
    reach = max([abs(value - mean) for value in values] + [_PALE * margin])
    by_levels = {tuple(cell.levels.get(factor, "") for factor in factors): cell for cell in cells}
    levels = {
        factor: labels.ordered(factor, dict.fromkeys(cell.levels.get(factor, "") for cell in cells))
        for factor in factors
    }
    rows = tuple(itertools.product(*(levels[factor] for factor in down)))
    columns = tuple(itertools.product(*(levels[factor] for factor in across)))
    model, kind = cells[0].model, cells[0].kind
    name = f"{kind_label(kind)}, {model}" if several else kind_label(kind)
    return Heat(
        id=f"cells/{model}/{kind}",
        title=name,
        conclusion=cells_conclusion([(_who(cell, labels=labels), cell) for cell in cells], mean=mean),
        caption=f"Partially pooled score in per cent for each of {len(cells)} combinations of "
        f"{joined([labels.factor(factor).lower() for factor in factors])}; the mean is {percent(mean)}. Colour is the "
        "distance from the mean. A dot marks a cell whose interval leaves out the mean.",
        row_names=tuple(labels.factor(factor) for factor in down),
        column_names=tuple(labels.factor(factor) for factor in across),
        rows=tuple(
            (
                _names(row, factors=down, labels=labels),
                tuple(
                    _cell(by_levels.get((*row, *column)), labels=labels, mean=mean, reach=reach) for column in columns
                ),
            )
            for row in rows
        ),
        columns=tuple(_names(column, factors=across, labels=labels) for column in columns),
        legend=(f"{points(-reach)} points", f"mean {percent(mean)}", f"{points(reach)} points"),
        table=_list_of(cells, labels=labels, factors=factors, name=name),
        folded=folded,
    )


def _names(levels: tuple[str, ...], *, factors: tuple[str, ...], labels: Labels) -> tuple[str, ...]:
    return tuple(labels.level(factor, level) for factor, level in zip(factors, levels, strict=True))


def _who(cell: CellMean, *, labels: Labels) -> str:
    return ", ".join(labels.level(factor, level) for factor, level in cell.levels.items())


def _cell(cell: CellMean | None, *, labels: Labels, mean: float, reach: float) -> HeatCell:
    if cell is None:
        return HeatCell(text=ABSENT, step=0, marked=False, tip="Not asked in this design")
    who = _who(cell, labels=labels)
    raw = f"raw {percent(cell.raw)}" if cell.raw is not None else "nothing answered"
    answers = "1 answer" if cell.trials == 1 else f"{count(cell.trials)} answers"
    if cell.pooled is None:
        return HeatCell(text=ABSENT, step=0, marked=False, tip=f"{who}: no estimate; {raw}, {answers}")
    low, high = cell.low, cell.high
    return HeatCell(
        text=decimal(100 * cell.pooled, digits=1),
        step=heat_step(cell.pooled - mean, reach=reach),
        marked=leaves_out(cell, mean),
        tip=f"{who}: pooled {percent(cell.pooled)} (interval {span(low, high, unit='percent')}); {raw}, {answers}",
    )


def _list_of(cells: Sequence[CellMean], *, labels: Labels, factors: tuple[str, ...], name: str) -> Grid:
    ordered = sorted(cells, key=lambda cell: (cell.pooled is None, cell.pooled if cell.pooled is not None else 0.0))
    return Grid(
        id=f"cells-list/{cells[0].model}/{cells[0].kind}",
        title="The same cells as a list, lowest first",
        caption=f"{name}: pooled and raw score, interval and number of answers of each combination.",
        columns=(
            *(Column(labels.factor(factor)) for factor in factors),
            Column("Pooled", numeric=True),
            Column("Low", numeric=True),
            Column("High", numeric=True),
            Column("Raw", numeric=True),
            Column("Answers", numeric=True),
        ),
        rows=tuple(
            (
                *(labels.level(factor, cell.levels.get(factor, "")) for factor in factors),
                percent(cell.pooled),
                percent(cell.low),
                percent(cell.high),
                percent(cell.raw),
                count(cell.trials),
            )
            for cell in ordered
        ),
    )
