from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from evenhand.store.store import open_store
from evenhand.view import followed_run
from evenhand.view.followed_run import FollowedRun, RunPace
from evenhand.view.known_plan import KnownPlan
from evenhand.view.library import Library
from evenhand.view.run_folder import RunFolder
from tests.support.small_plan import small_plan
from tests.support.viewed_run import add_rows, failing, run_rows, viewed_run


def followed(directory: Path) -> FollowedRun:
    run = FollowedRun(directory, KnownPlan(small_plan()))
    run.catch_up(stopping=threading.Event())
    return run


def test_a_run_that_was_never_asked_has_no_trials(tmp_path: Path) -> None:
    viewed_run(tmp_path)
    for path in tmp_path.glob("trials*"):
        path.unlink()
    run = followed(tmp_path)
    assert (len(run.snapshot.columns), run.problem, run.behind()) == (0, "", False)
    assert run.pace() == RunPace(asked=0, running=False, per_second=None)


def test_it_is_behind_until_it_has_caught_up(tmp_path: Path) -> None:
    plan = small_plan()
    viewed_run(tmp_path)
    for path in tmp_path.glob("trials*"):
        path.unlink()
    add_rows(tmp_path, plan, run_rows(plan, cells=slice(0, 10)))
    run = followed(tmp_path)
    assert (run.behind(), len(run.snapshot.columns)) == (False, 10)
    add_rows(tmp_path, plan, run_rows(plan, failing, cells=slice(10, 12)))
    assert run.behind()
    run.catch_up(stopping=threading.Event())
    assert (run.behind(), len(run.snapshot.columns), run.pace().asked) == (False, 12, 12)


def test_a_damaged_store_is_a_sentence_and_is_left_alone_for_a_while(tmp_path: Path) -> None:
    viewed_run(tmp_path)
    run = followed(tmp_path)
    path = tmp_path / "trials.sqlite"
    path.write_bytes(path.read_bytes()[:2000] + b"x" * 5000)
    run.catch_up(stopping=threading.Event())
    assert "is not a readable store" in run.problem
    assert not run.behind()


def test_an_index_that_breaks_is_made_anew(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path)
    run = followed(tmp_path)
    database = sqlite3.connect(run.index)
    database.execute("DROP TABLE open_failure")
    database.commit()
    database.close()
    again = followed(tmp_path)
    assert (again.problem, len(again.snapshot.columns)) == ("", len(run_rows(plan)))


def test_the_pace_is_what_was_seen_while_a_run_is_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, clock = small_plan(), [1000.0]
    viewed_run(tmp_path)
    for path in tmp_path.glob("trials*"):
        path.unlink()
    rows = run_rows(plan, cells=slice(0, 40))
    run = FollowedRun(tmp_path, KnownPlan(plan))
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with open_store(tmp_path / "trials.sqlite", plan_sha256=plan.sha256) as store:
        store.append(rows[:10])
        assert run.pace() == RunPace(asked=10, running=True, per_second=None)
        store.append(rows[10:40])
        clock[0] += 10.0
        pace = run.pace()
        assert pace == RunPace(asked=40, running=True, per_second=3.0)
        assert pace.seconds_left(100) == 20.0
        assert pace.seconds_left(40) is None
    assert run.pace() == RunPace(asked=40, running=False, per_second=None)
    assert run.pace().seconds_left(100) is None


def test_searches_are_kept_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    viewed_run(tmp_path)
    run = followed(tmp_path)
    first = run.snapshot.having("parcel number", inside="both")
    monkeypatch.setattr(followed_run, "found_texts", None)
    assert run.snapshot.having(" parcel  NUMBER ", inside="both") is first
    assert run.snapshot.having("***", inside="both") is None
    with pytest.raises(TypeError):
        run.snapshot.having("parcel number", inside="answers")


def test_a_library_makes_the_index_in_the_background(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path / "runs" / "a")
    library = Library(RunFolder(tmp_path / "runs"))
    try:
        deadline = time.monotonic() + 20
        while len(library.run(tmp_path / "runs" / "a").snapshot.columns) < len(run_rows(plan)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run = library.run(tmp_path / "runs" / "a")
        assert library.run(tmp_path / "runs" / "a") is run
    finally:
        library.close()
