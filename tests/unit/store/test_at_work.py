from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from evenhand.errors import StoreError
from evenhand.store.at_work import run_at_work
from evenhand.store.store import open_store

PLAN = "ab" * 32


def test_a_run_is_at_work_while_its_store_is_open(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    assert not run_at_work(path)
    with open_store(path, plan_sha256=PLAN):
        assert run_at_work(path)
        assert run_at_work(path)
    assert not run_at_work(path)


def test_a_lock_that_is_no_lock_counts_as_free(tmp_path: Path) -> None:
    (tmp_path / "trials.lock").write_bytes(b"nonsense" * 500)
    assert not run_at_work(tmp_path / "trials.sqlite")


def test_a_look_never_keeps_a_run_from_starting(tmp_path: Path) -> None:
    path, stop = tmp_path / "trials.sqlite", threading.Event()
    with open_store(path, plan_sha256=PLAN):
        looks = threading.Thread(target=lambda: [run_at_work(path) for _ in iter(stop.is_set, True)])
        looks.start()
    try:
        for _ in range(30):
            with open_store(path, plan_sha256=PLAN) as store:
                assert store.count() == 0
    finally:
        stop.set()
        looks.join()


def test_a_look_that_is_going_on_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    with open_store(path, plan_sha256=PLAN):
        pass
    looking = sqlite3.connect(tmp_path / "trials.lock", isolation_level=None, check_same_thread=False)
    looking.execute("BEGIN")
    looking.execute("SELECT count(*) FROM sqlite_master").fetchone()
    ending = threading.Timer(0.1, looking.close)
    ending.start()
    with open_store(path, plan_sha256=PLAN):
        ending.join()


def test_a_second_run_is_still_refused(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    with open_store(path, plan_sha256=PLAN):
        began = time.monotonic()
        with pytest.raises(StoreError, match="Another run is at work"), open_store(path, plan_sha256=PLAN):
            pass
        assert time.monotonic() - began < 5.0
