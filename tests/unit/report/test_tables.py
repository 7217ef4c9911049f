from __future__ import annotations

from evenhand.report.blocks import Column, Grid
from evenhand.report.tables import drop_empty, without_constants

COLUMNS = (Column("condition"), Column("fact"), Column("share", numeric=True))


def table(*rows: tuple[str, ...], columns: tuple[Column, ...] = COLUMNS) -> Grid:
    return Grid(id="x", title="Facts", caption="Which facts.", columns=columns, rows=rows)


def test_a_text_that_is_the_same_in_every_row_is_said_once() -> None:
    grid = without_constants(table(("system", "job", "50.0%"), ("system", "age", "50.0%")))
    assert [column.name for column in grid.columns] == ["fact", "share"]
    assert grid.rows == (("job", "50.0%"), ("age", "50.0%"))
    assert grid.caption == "Which facts. In every row: condition system."


def test_a_table_of_one_row_keeps_its_columns() -> None:
    assert len(without_constants(table(("system", "job", "50.0%"))).columns) == 3


def test_a_table_of_nothing_but_repeats_keeps_its_columns() -> None:
    same = table(("1", "2"), ("1", "2"), columns=(Column("a"), Column("b")))
    assert len(without_constants(same).columns) == 2


def test_columns_without_content_are_dropped() -> None:
    grid = table(("1", "–"), ("2", "–"), columns=(Column("a"), Column("b")))
    assert drop_empty(grid).columns == (Column("a"),)
    assert drop_empty(grid).rows == (("1",), ("2",))
