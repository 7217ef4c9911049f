"""Reading rows by their ids, as a reader that follows a run does."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from evenhand.store.reading import open_trials
from tests.support.small_plan import small_plan
from tests.support.viewed_run import add_rows, failing, run_rows, viewed_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    plan = small_plan()
    add_rows(tmp_path, plan, run_rows(plan, cells=slice(0, 6)))
    add_rows(tmp_path, plan, run_rows(plan, failing, cells=slice(6, 9)))
    add_rows(tmp_path, plan, run_rows(plan, failing, cells=slice(6, 8)))
    add_rows(tmp_path, plan, run_rows(plan, cells=slice(6, 7)))
    return tmp_path / "trials.sqlite"


def test_rows_come_in_the_order_in_which_they_were_written(run: Path) -> None:
    rows = run_rows(small_plan(), cells=slice(0, 7))
    with open_trials(run) as trials:
        assert (trials.last_id("trials"), trials.last_id("failures")) == (7, 5)
        found = trials.after("trials", 0, most=4) + trials.after("trials", 4, most=100)
        assert trials.after("trials", 7, most=100) == []
        assert [number for number, _ in found] == [1, 2, 3, 4, 5, 6, 7]
        assert [stored.cell.cell_key for _, stored in found if stored] == [row.cell_key for row in rows]
        assert trials.at("trials", 3) == found[2][1]
        assert trials.at("trials", 99) is None


def test_the_failures_that_stand_are_the_latest_of_cells_without_an_answer(run: Path) -> None:
    with open_trials(run) as trials:
        standing = trials.standing_failures()
        keys = [stored.cell.cell_key for row in standing if (stored := trials.at("failures", row)) is not None]
        expected = [row.cell_key for row in run_rows(small_plan(), cells=slice(7, 9))]
        assert sorted(keys) == sorted(expected)
        assert standing == [3, 5]
        assert trials.count() == 7 + len(standing)


def test_the_latest_of_a_cell_is_its_answer_or_else_its_last_failure(run: Path) -> None:
    rows = run_rows(small_plan(), cells=slice(6, 10))
    with open_trials(run) as trials:
        ends = [trials.latest(row.cell_key) for row in rows]
    assert [type(one.trial.outcome).__name__ if one else None for one in ends] == ["Answered", "Failed", "Failed", None]


def test_a_row_that_cannot_be_read_keeps_its_place(tmp_path: Path) -> None:
    viewed_run(tmp_path)
    database = sqlite3.connect(tmp_path / "trials.sqlite")
    database.execute("UPDATE trials SET detail = '{' WHERE id = 2")
    database.commit()
    database.close()
    with open_trials(tmp_path / "trials.sqlite") as trials:
        assert [(number, stored is None) for number, stored in trials.after("trials", 0, most=3)] == [
            (1, False),
            (2, True),
            (3, False),
        ]
        assert trials.at("trials", 2) is None
