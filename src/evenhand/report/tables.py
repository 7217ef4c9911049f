"""Tables of the report that are not drawn: what they have in common, and models side by side."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from evenhand.records.finding import Finding
from evenhand.report.blocks import Column, Grid
from evenhand.report.figures import shape_of
from evenhand.report.numbers import ABSENT, span, unit_of, value
from evenhand.report.words import verdict_word

__all__ = ["SYMBOLS", "drop_empty", "side_by_side", "without_constants"]

SYMBOLS = {"difference": "◆", "equivalent": "●", "inconclusive": "○", "not assessable": "✕", "descriptive": "▪"}
"""Markers of the verdicts in running text."""


def drop_empty(grid: Grid) -> Grid:
    """The same table without columns in which no row has anything."""
    kept = [index for index in range(len(grid.columns)) if any(row[index] != ABSENT for row in grid.rows)]
    return msgspec.structs.replace(
        grid,
        columns=tuple(grid.columns[index] for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in grid.rows),
    )


def without_constants(grid: Grid) -> Grid:
    """The same table with columns of one and the same text said once, in the caption."""
    if len(grid.rows) < 2:
        return grid
    same = [
        index
        for index, column in enumerate(grid.columns)
        if not column.numeric and len({row[index] for row in grid.rows}) == 1
    ]
    if not same or len(same) == len(grid.columns):
        return grid
    said = ", ".join(f"{grid.columns[index].name} {grid.rows[0][index]}" for index in same)
    kept = [index for index in range(len(grid.columns)) if index not in same]
    return msgspec.structs.replace(
        grid,
        caption=f"{grid.caption} In every row: {said}.".strip(),
        columns=tuple(grid.columns[index] for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in grid.rows),
    )


def side_by_side(rows: Sequence[tuple[str, Sequence[Finding]]], *, models: Sequence[str]) -> Grid:
    """Contrasts down, models across; each cell has marker, estimate and interval.

    Args:
        rows: name of the contrast and its findings, at most one per model.
        models: columns, in this order.
    """
    return Grid(
        id="side-by-side",
        title="The same contrasts for every model",
        caption="Each cell: verdict marker, estimate and interval. ◆ difference, ● equivalent within the margin, "
        "○ inconclusive, ✕ not assessable. Read along a row: models were asked the same questions with "
        "the same option orders.",
        columns=(Column("Contrast"), *(Column(model, numeric=True) for model in models)),
        rows=tuple((name, *_across(findings, models=models)) for name, findings in rows),
        folded=False,
    )


def _across(findings: Sequence[Finding], *, models: Sequence[str]) -> tuple[str, ...]:
    by_model = {finding.model: finding for finding in findings}
    return tuple(_short(by_model[model]) if model in by_model else ABSENT for model in models)


def _short(finding: Finding) -> str:
    if finding.value is None:
        return ABSENT
    unit = unit_of(finding)
    symbol = SYMBOLS[shape_of(finding)] if verdict_word(shape_of(finding)) else ""
    return f"{symbol} {value(finding.value, unit=unit)} ({span(finding.low, finding.high, unit=unit)})".strip()
