"""A run that is killed, again and again, ends with exactly the planned cells."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from evenhand.run.execute import UNSAVED
from evenhand.store.reading import open_trials
from evenhand.store.store import open_store
from tests.faults.killable_run import CONCURRENCY, PLAN, work

CELLS = 4000
KILLS = 10
SCRIPT = Path(__file__).with_name("killable_run.py")


def start(store: Path, log: Path, *, disk_s: float = 0.0) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(SCRIPT), str(store), str(CELLS), str(log), str(disk_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"asking\n"
    return process


def test_a_run_killed_ten_times_at_random_moments_ends_with_exactly_the_planned_cells(tmp_path: Path) -> None:
    store, log = tmp_path / "trials.sqlite", tmp_path / "asked"
    rng = np.random.default_rng(20261123)
    kept: list[int] = []
    for _ in range(KILLS):
        process = start(store, log)
        time.sleep(float(rng.uniform(0.0, 0.12)))
        process.kill()
        process.communicate()
        with sqlite3.connect(store) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
        with open_store(store, plan_sha256=PLAN) as opened:
            kept.append(opened.count())
    assert kept == sorted(kept)
    assert 0 < kept[-1] < CELLS, "the kills must fall into the run for this test to mean something"

    process = start(store, log)
    out, _ = process.communicate(timeout=60)
    assert out == b"done\n"
    planned = sorted(cell.cell.cell_key for cell in work(CELLS))
    with open_trials(store) as trials:
        rows = list(trials.rows())
        assert [row.cell.cell_key for row in rows] == planned
        assert all(row.trial.reply is not None for row in rows)
        assert [message.content for message in trials.messages(rows[0])] == [f"Question {rows[0].cell.item}"]

    asked = Counter(log.read_text(encoding="ascii").split())
    twice = sum(asked.values()) - CELLS
    assert set(asked) == set(planned)
    assert twice <= KILLS * (CONCURRENCY + UNSAVED), "only what was in flight or waited for the disk is asked again"


def test_on_a_slow_disk_too_no_more_waits_to_be_written_than_is_stated(tmp_path: Path) -> None:
    store, log = tmp_path / "trials.sqlite", tmp_path / "asked"
    process = start(store, log, disk_s=0.5)
    time.sleep(1.8)
    process.kill()
    process.communicate()
    with open_store(store, plan_sha256=PLAN) as opened:
        kept = opened.count()
    asked = len(log.read_text(encoding="ascii").split())
    assert kept > 0, "the kill must fall into the run for this test to mean something"
    assert CONCURRENCY < asked - kept <= CONCURRENCY + UNSAVED
