"""The store: what it keeps, what it refuses, what it says."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from evenhand.errors import PlanError, StoreError
from evenhand.records.message import Message, Reply, TokenProbability, Usage
from evenhand.records.trial import Answered, Failed, Refused
from evenhand.store.reading import open_trials
from evenhand.store.rows import Row, row_of
from evenhand.store.schema import APPLICATION_ID, SCHEMA_VERSION
from evenhand.store.store import open_store
from tests.support.scripted_run import PLAN, key_of, make_work

ROOT = Path(__file__).parents[3]
REPLY = Reply(
    text="B",
    finish="stop",
    reasoning="thought",
    usage=Usage(input_tokens=3, output_tokens=1),
    top=(TokenProbability(token="B", logprob=-0.1),),
    latency_s=0.5,
    model="served",
    note="noted",
)


def answered(index: int) -> Row:
    return row_of(make_work(index), Answered(choice="b"), REPLY)


def failed(index: int, error: str = "HTTP 500") -> Row:
    return row_of(make_work(index), Failed(error=error, attempts=6), None)


def filled(path: Path, *rows: Row) -> Path:
    with open_store(path, plan_sha256=PLAN) as store:
        store.append(rows)
    return path


def test_a_row_comes_back_as_it_was_written(tmp_path: Path) -> None:
    work = make_work(1)
    tool = Message(role="assistant", content="", tool_name="recall", tool_call_id="c1", tool_arguments='{"q": "é"}')
    request = msgspec.structs.replace(work.request, messages=(*work.request.messages, tool))
    work = msgspec.structs.replace(work, request=request, retrieved=(4, 0))
    path = filled(tmp_path / "trials.sqlite", row_of(work, Answered(choice="b"), REPLY))
    with open_trials(path) as trials:
        (stored,) = trials.rows()
        assert stored.cell == work.cell
        assert stored.trial.outcome == Answered(choice="b")
        assert stored.trial.reply == REPLY
        assert stored.retrieved == (4, 0)
        assert trials.messages(stored) == work.request.messages
        assert trials.plan_sha256 == PLAN


def test_a_text_that_many_cells_share_is_kept_once(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", *(answered(index) for index in range(70)))
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM texts").fetchone() == (8,)  # one system prompt, seven questions
    database.close()


def test_an_answered_cell_is_known_when_the_store_is_opened_again(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", answered(1))
    with open_store(path, plan_sha256=PLAN) as store:
        assert store.has(make_work(1).cell.cell_key)
        assert not store.has(make_work(2).cell.cell_key)
        assert store.count() == 1


def test_a_failed_cell_is_not_known_and_is_shown_with_its_latest_failure(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", failed(1, "first"), failed(2), answered(2))
    filled(path, failed(1, "second"))
    with open_store(path, plan_sha256=PLAN) as store:
        assert not store.has(make_work(1).cell.cell_key)
    with open_trials(path) as trials:
        outcomes = {stored.trial.cell_key: stored.trial.outcome for stored in trials.rows()}
        assert trials.totals()["m"].outcomes["failed"] == 1
    assert outcomes == {
        make_work(1).cell.cell_key: Failed(error="second", attempts=6),
        make_work(2).cell.cell_key: Answered(choice="b"),
    }


def test_rows_come_ordered_by_key_whatever_the_order_of_writing(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", answered(3), failed(5), answered(1), answered(2))
    with open_trials(path) as trials:
        keys = [stored.cell.cell_key for stored in trials.rows()]
    assert keys == sorted(key_of(f"m/{index}") for index in (1, 2, 3, 5))


def test_a_cell_cannot_be_answered_twice_and_the_whole_transaction_is_taken_back(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", answered(1))
    with open_store(path, plan_sha256=PLAN) as store, pytest.raises(StoreError, match="UNIQUE"):
        store.append([answered(2), answered(1)])
    with open_trials(path) as trials:
        assert len(list(trials.rows())) == 1


def test_totals_add_up_what_the_replies_report(tmp_path: Path) -> None:
    refused = row_of(make_work(9), Refused(by="assistant"), Reply(text="no", finish="stop"))
    path = filled(tmp_path / "trials.sqlite", answered(1), answered(2), refused)
    with open_trials(path) as trials:
        totals = trials.totals()["m"]
    assert (totals.input_tokens, totals.output_tokens, totals.latency_s) == (6, 2, 1.0)
    assert (totals.outcomes["answered"], totals.outcomes["refused"]) == (2, 1)
    assert (totals.reported, totals.notes, totals.logprobs) == (("served",), ("noted",), 2)


def test_a_store_of_another_plan_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", answered(1))
    with pytest.raises(PlanError, match="holds answers to the plan"), open_store(path, plan_sha256="cd" * 32):
        pass


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", answered(1))
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer evenhand"), open_store(path, plan_sha256=PLAN):
        pass
    with pytest.raises(StoreError, match="newer evenhand"):
        open_trials(path)
    assert path.read_bytes() == before


def test_a_store_of_an_older_version_is_refused_with_a_way_out_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    database = sqlite3.connect(path)
    # Version 1 had other names for the key and the option order.
    database.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    database.execute(
        "CREATE TABLE trials (id INTEGER PRIMARY KEY, key TEXT UNIQUE, order_index INTEGER, ordering TEXT)"
    )
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute("PRAGMA user_version = 1")
    database.close()
    before = path.read_bytes()
    way_out = r"older evenhand \(store version 1, this one reads 3\).*plan\.json, or ask again .* with --out"
    with pytest.raises(StoreError, match=way_out), open_store(path, plan_sha256=PLAN):
        pass
    with pytest.raises(StoreError, match=way_out):
        open_trials(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE notes (text)")
    database.close()
    with pytest.raises(StoreError, match="another program's"), open_store(path, plan_sha256=PLAN):
        pass


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    path.write_bytes(b"this is no database " * 300)
    with pytest.raises(StoreError, match="not a readable store"), open_store(path, plan_sha256=PLAN):
        pass
    with pytest.raises(StoreError, match="not a readable store"):
        open_trials(path)


def test_a_damaged_page_is_reported_not_skipped(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", *(answered(index) for index in range(300)))
    data = bytearray(path.read_bytes())
    for page in range(8, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"not a readable store|cannot be read"), open_trials(path) as trials:
        list(trials.rows())


def test_a_missing_text_is_reported(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", answered(1))
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("DELETE FROM texts")
    database.close()
    with open_trials(path) as trials:
        (stored,) = trials.rows()
        with pytest.raises(StoreError, match="lacks the text"):
            trials.messages(stored)


def test_two_runs_cannot_work_in_one_directory(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    second = open_store(path, plan_sha256=PLAN)
    with open_store(path, plan_sha256=PLAN), pytest.raises(StoreError, match="Another run is at work"):
        second.__enter__()
    with open_store(path, plan_sha256=PLAN) as store:
        assert store.count() == 0


def test_trials_can_be_read_while_a_run_writes(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    with open_store(path, plan_sha256=PLAN) as store:
        store.append([answered(1)])
        with open_trials(path) as trials:
            assert len(list(trials.rows())) == 1


def test_a_missing_directory_or_store_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="no directory"),
        open_store(tmp_path / "no" / "trials.sqlite", plan_sha256=PLAN),
    ):
        pass
    with pytest.raises(StoreError, match="no store"):
        open_trials(tmp_path / "trials.sqlite")


def _unwritable(directory: Path) -> bool:
    """Take the right to write from a directory; False where that stops nobody (the superuser)."""
    directory.chmod(0o555)
    try:
        (directory / "probe").touch()
    except OSError:
        return True
    (directory / "probe").unlink()
    return False


def test_a_read_only_directory_is_named_when_writing_and_can_be_read(tmp_path: Path) -> None:
    path = filled(tmp_path / "trials.sqlite", answered(1))
    if not _unwritable(path.parent):
        path.parent.chmod(0o755)
        pytest.skip("this user may write to any directory, so that a read-only one cannot be made")
    try:
        with pytest.raises(StoreError, match="opened for writing"), open_store(path, plan_sha256=PLAN):
            pass
        with open_trials(path) as trials:
            assert len(list(trials.rows())) == 1
    finally:
        path.parent.chmod(0o755)


READ_ONLY = """
import subprocess, sys
from pathlib import Path
directory = sys.argv[1]
for options in ("bind", "remount,ro,bind"):
    if subprocess.run(["mount", "-o", options, directory, directory], capture_output=True).returncode:
        sys.exit(77)
from evenhand.errors import StoreError
from evenhand.store.reading import open_trials
from evenhand.store.store import open_store
path = Path(directory) / "trials.sqlite"
try:
    print(len(list(open_trials(path).rows())))
except StoreError as error:
    print(error)
try:
    open_store(path, plan_sha256="ab" * 32).__enter__()
except StoreError as error:
    print(error)
"""


def read_only(directory: Path) -> list[str]:
    """What reading and writing say where the file system is read-only; skips where none can be made."""
    command = ["unshare", "-m", sys.executable, "-c", READ_ONLY, str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode in {1, 77} and "Traceback" not in done.stderr:
        pytest.skip("this user may not mount, so that a read-only file system cannot be made")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_store_on_a_read_only_file_system_is_named_when_writing_and_can_be_read(tmp_path: Path) -> None:
    filled(tmp_path / "trials.sqlite", answered(1))
    count, message = read_only(tmp_path)
    assert count == "1"
    assert "cannot be opened for writing" in message


def test_answers_that_stand_in_the_log_of_a_killed_run_are_never_passed_over(tmp_path: Path) -> None:
    (tmp_path / "killed").mkdir()
    path = tmp_path / "trials.sqlite"
    with open_store(path, plan_sha256=PLAN) as store:
        store.append([answered(1)])
        for name in ("trials.sqlite", "trials.sqlite-wal"):
            (tmp_path / "killed" / name).write_bytes((tmp_path / name).read_bytes())
    reading, _ = read_only(tmp_path / "killed")
    assert "copy the whole run directory" in reading
    with open_trials(tmp_path / "killed" / "trials.sqlite") as trials:
        assert len(list(trials.rows())) == 1


def test_a_full_disk_ends_with_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    """A real small file system where one can be made; elsewhere a limit on file size, which SQLite meets alike."""
    path = tmp_path / "trials.sqlite"
    code = (
        "import sys; from pathlib import Path\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.unit.store.test_store import answered, fill_until_full\n"
        f"fill_until_full(Path({str(path)!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)),
    )
    assert done.returncode == 0, done.stderr
    saved, message = done.stdout.splitlines()
    assert int(saved) > 10
    assert "disk" in message
    assert "every saved answer is safe" in message
    with open_trials(path) as trials:
        assert len(list(trials.rows())) == int(saved)


def test_a_full_file_system_ends_with_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; from pathlib import Path\n"
        f"mount = ['mount', '-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', {str(tmp_path)!r}]\n"
        "if subprocess.run(mount).returncode: sys.exit(77)\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.unit.store.test_store import answered, fill_until_full\n"
        "from evenhand.store.reading import open_trials\n"
        f"path = Path({str(tmp_path)!r}) / 'trials.sqlite'\n"
        "fill_until_full(path)\n"
        "print(len(list(open_trials(path).rows())))\n"
    )
    done = subprocess.run(["unshare", "-m", sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode in {1, 77} and "Traceback" not in done.stderr:
        pytest.skip("this user may not mount, so that a small file system cannot be made")
    assert done.returncode == 0, done.stderr
    saved, message, read = done.stdout.splitlines()
    assert "is full" in message or "disk is full" in message
    assert int(saved) > 10
    assert read == saved


def fill_until_full(path: Path) -> None:
    """Append until the store refuses; print how many rows it took and what it said."""
    saved = 0
    try:
        with open_store(path, plan_sha256=PLAN) as store:
            for index in range(100_000):
                store.append([answered(index)])
                saved += 1
    except StoreError as error:
        os.write(1, f"{saved}\n{error}\n".encode())
