from __future__ import annotations

from evenhand.report.blocks import Column, Grid
from evenhand.report.tables import drop_empty, grid_of


def table(*rows: tuple[str | float | int | None, ...]) -> Table:
    return Table(
        id="leakage/m",
        title="Facts",
        caption="Which facts.",
        columns=("condition", "fact", "share"),
        rows=rows,
        model="m",
        units={"share": "percent"},
    )


def test_numbers_are_written_by_the_unit_of_their_column() -> None:
    grid = grid_of(table(("system", "job", 0.5), ("tool", "age", None)), several=False)
    assert grid.rows == (("system", "job", "50.0%"), ("tool", "age", "–"))
    assert [column.numeric for column in grid.columns] == [False, False, True]


def test_a_text_that_is_the_same_in_every_row_is_said_once() -> None:
    grid = grid_of(table(("system", "job", 0.5), ("system", "age", 0.5)), several=False)
    assert [column.name for column in grid.columns] == ["fact", "share"]
    assert grid.caption == "Which facts. In every row: condition system."


def test_a_table_of_one_row_keeps_its_columns() -> None:
    assert len(grid_of(table(("system", "job", 0.5)), several=False).columns) == 3


def test_a_table_of_nothing_but_repeats_keeps_its_columns() -> None:
    same = Table(id="x", title="t", caption="c", columns=("a", "b"), rows=(("1", "2"), ("1", "2")))
    assert len(grid_of(same, several=False).columns) == 2


def test_the_model_is_named_only_where_there_are_several() -> None:
    assert grid_of(table(("a", "b", 0.1)), several=True).title == "Facts: m"
    assert grid_of(table(("a", "b", 0.1)), several=False).title == "Facts"


def test_long_tables_are_folded() -> None:
    assert grid_of(table(*((f"c{n}", "f", 0.1) for n in range(9))), several=False).folded
    assert not grid_of(table(*((f"c{n}", "f", 0.1) for n in range(8))), several=False).folded


def test_columns_without_content_are_dropped() -> None:
    grid = Grid(id="x", title="", caption="", columns=(Column("a"), Column("b")), rows=(("1", "–"), ("2", "–")))
    assert drop_empty(grid).columns == (Column("a"),)
    assert drop_empty(grid).rows == (("1",), ("2",))
