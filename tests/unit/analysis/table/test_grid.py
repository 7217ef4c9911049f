"""Grids of means, and of paired differences."""

from __future__ import annotations

import numpy as np
import polars as pl

from evenhand.analysis.table.grid import grid, held, item_means, pair_grid
from evenhand.analysis.table.scores import level_column

ROWS = pl.DataFrame(
    {
        "unit": ["s1", "s1", "s1", "s1", "s2", "s2"],
        "item": ["i1", "i1", "i1", "i1", "i2", "i2"],
        level_column("position"): ["advantaged", "disadvantaged"] * 3,
        "replicate": [0, 0, 1, 1, 0, 0],
        "value": [1.0, 0.0, 1.0, None, 0.25, 0.75],
    }
)


def test_means_stand_at_unit_and_item_and_what_was_not_asked_is_nan() -> None:
    cells = grid(ROWS)
    assert (cells.units, cells.items, cells.trials) == (["s1", "s2"], ["i1", "i2"], 5)
    np.testing.assert_allclose(cells.values, [[2 / 3, np.nan], [np.nan, 0.5]])


def test_a_pair_with_one_answer_missing_is_left_out() -> None:
    # Set s1 on i1: replicate 0 differs by 1, replicate 1 has no second answer; set s2 on i2: 0.25 - 0.75.
    cells = pair_grid(ROWS, contrast="position", first="advantaged", second="disadvantaged")
    np.testing.assert_allclose(cells.values, [[1.0, np.nan], [np.nan, -0.5]])
    assert cells.trials == 4


def test_item_means_come_in_the_order_asked_for() -> None:
    np.testing.assert_allclose(item_means(ROWS, items=["i2", "i3", "i1"]), [0.5, np.nan, 2 / 3])


def test_a_grid_without_answers_says_so() -> None:
    assert not grid(ROWS.with_columns(pl.lit(None, dtype=pl.Float64).alias("value"))).observed


def test_a_level_is_held_by_the_rows_that_have_it_and_by_no_null() -> None:
    column = pl.Series(["a", None, "b"], dtype=pl.Categorical)
    assert held(column, "a").tolist() == [True, False, False]
    assert held(column.drop_nulls(), "c").tolist() == [False, False]


def test_grids_of_indicators_count_nulls_as_not_answered() -> None:
    rows = ROWS.with_columns(pl.Series("leak", [True, False, None, True, None, None]))
    cells = grid(rows, column="leak")
    np.testing.assert_allclose(cells.values, [[2 / 3, np.nan], [np.nan, np.nan]])
    assert cells.trials == 3
    assert cells.planned.tolist() == [[True, False], [False, True]]
