"""Tables of the report that are not drawn: generic table records, models side by side."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from evenhand.records.finding import Finding
from evenhand.report.blocks import Column, Grid
from evenhand.report.figures import shape_of
from evenhand.report.numbers import ABSENT, cell_text, span, unit_of, value
from evenhand.report.words import verdict_word

__all__ = ["SYMBOLS", "drop_empty", "grid_of", "side_by_side"]

_NUMERIC = frozenset({"percent", "points", "count", "number", "p"})
_LONG = 8
"""Rows beyond which a table is folded."""
SYMBOLS = {"difference": "◆", "equivalent": "●", "inconclusive": "○", "descriptive": "▪"}
"""Markers of the verdicts in running text."""


def drop_empty(grid: Grid) -> Grid:
    """The same table without columns in which no row has anything."""
    kept = [index for index in range(len(grid.columns)) if any(row[index] != ABSENT for row in grid.rows)]
    return msgspec.structs.replace(
        grid,
        columns=tuple(grid.columns[index] for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in grid.rows),
    )


def grid_of(table: Table, *, several: bool) -> Grid:
    """A table record with its numbers written out.

    Args:
        table: the record.
        several: whether several models were audited, so that the title must name the model.
    """
    numeric = [_is_numeric(table, index) for index in range(len(table.columns))]
    whole = Grid(
        id=f"table/{table.id}",
        title=f"{table.title}: {table.model}" if several and table.model else table.title,
        caption=table.caption,
        columns=tuple(Column(name, numeric=number) for name, number in zip(table.columns, numeric, strict=True)),
        rows=tuple(
            tuple(cell_text(cell, unit=table.units.get(name)) for name, cell in zip(table.columns, row, strict=False))
            for row in table.rows
        ),
        folded=len(table.rows) > _LONG,
    )
    return _without_constants(whole)


def _without_constants(grid: Grid) -> Grid:
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


def _is_numeric(table: Table, index: int) -> bool:
    unit = table.units.get(table.columns[index])
    if unit is not None:
        return unit in _NUMERIC
    cells = [row[index] for row in table.rows if index < len(row) and row[index] is not None]
    return bool(cells) and not any(isinstance(cell, str) for cell in cells)


def side_by_side(rows: Sequence[tuple[str, Sequence[Finding]]], *, models: Sequence[str]) -> Grid:
    """Contrasts down, models across; each cell has marker, estimate and interval.

    Args:
        rows: name of the contrast and its findings, at most one a model.
        models: columns, in this order.
    """
    return Grid(
        id="side-by-side",
        title="The same contrasts for every model",
        caption="Each cell: verdict marker, estimate and interval. ◆ difference, ● equivalent within the margin, "
        "○ inconclusive. Read along a row: models were asked the same questions with the same option orders.",
        columns=(Column("Contrast"), *(Column(model, numeric=True) for model in models)),
        rows=tuple((name, *_across(findings, models=models)) for name, findings in rows),
        folded=False,
    )


def _across(findings: Sequence[Finding], *, models: Sequence[str]) -> tuple[str, ...]:
    by_model = {finding.model: finding for finding in findings}
    return tuple(_short(by_model[model]) if model in by_model else ABSENT for model in models)


def _short(finding: Finding) -> str:
    if finding.estimate is None:
        return ABSENT
    unit = unit_of(finding)
    symbol = SYMBOLS[shape_of(finding)] if verdict_word(shape_of(finding)) else ""
    return f"{symbol} {value(finding.estimate, unit=unit)} ({span(finding.low, finding.high, unit=unit)})".strip()
