"""Batches in the store: written down before they are sent, added to and never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.store.job_rows import holds_jobs
from evenhand.store.jobs import JobTable
from evenhand.store.reading import open_trials
from evenhand.store.store import discard_unanswered, open_store

PLAN = "ab" * 32
CELLS = ("00" * 16, "11" * 16)


def test_what_is_learnt_of_a_batch_is_added_and_the_newest_holds(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    with open_store(path, plan_sha256=PLAN) as store:
        table = JobTable(store, clock=iter(range(100, 200)).__next__)
        job = table.intend("aa", model="m", cells=CELLS, marker="batch_7")
        assert (job.state, job.rows, job.made, job.is_out) == ("intent", 2, 100, True)
        table.note(job, "sent", remote="batch_8", until=500.0)
        (sent,) = table.out()
        table.note(sent, "ended", until=900.0)
        (ended,) = table.out()
        assert (ended.state, ended.remote, ended.until, ended.at) == ("ended", "batch_8", 900.0, 102)
        assert table.cells("aa") == set(CELLS)
        table.note(ended, "collected")
        assert table.out() == ()
        assert store.database.execute("SELECT state FROM job_states ORDER BY number").fetchall() == [
            ("intent",),
            ("sent",),
            ("ended",),
            ("collected",),
        ]
    with open_trials(path) as trials:
        (read,) = trials.batches()
    assert (read.id, read.model, read.marker, read.state) == ("aa", "m", "batch_7", "collected")


def test_a_store_without_batches_has_no_tables_of_them(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    with open_store(path, plan_sha256=PLAN) as store:
        assert not holds_jobs(store.database)
    with open_trials(path) as trials:
        assert trials.batches() == ()


@pytest.mark.parametrize(("state", "goes"), [("sent", False), ("ended", False), ("unsent", True), ("rejected", True)])
def test_a_store_whose_batches_are_out_is_not_discarded(state: str, goes: bool, tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    with open_store(path, plan_sha256=PLAN) as store:
        table = JobTable(store)
        table.note(table.intend("aa", model="m", cells=CELLS, marker=None), state)  # type: ignore[arg-type]  # a state
    assert discard_unanswered(path) is goes
    assert path.exists() is not goes
