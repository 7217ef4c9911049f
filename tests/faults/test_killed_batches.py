"""A run in batches that is killed in every window goes on with `evenhand run`, and no cell is paid for twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pytest

from evenhand.plan.file import write_plan
from evenhand.store.reading import open_trials
from tests.support.batch_plan import QUICK, batch_plan
from tests.support.batch_server import BatchServer, Step, batch_server
from tests.support.command import evenhand

CELLS = 120
ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
ON_THE_WIRE = get_args(Step)
INSIDE = ("intent", "keeping", "mark")
ALWAYS = (("openai", "create.after"), ("anthropic", "create.after"), ("openai", "keeping"))
"""The windows that are tried in every run of the tests: each takes two starts of the program."""
WINDOWS = [
    pytest.param(prefix, moment, marks=() if (prefix, moment) in ALWAYS else pytest.mark.slow)
    for prefix in ("openai", "anthropic")
    for moment in (*INSIDE, *ON_THE_WIRE)
    if (prefix, moment) != ("anthropic", "upload.before")  # its rows come with the batch
]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")


@contextmanager
def running(moment: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """`evenhand ARGUMENTS` in a process of its own, which ends with the block."""
    command = [sys.executable, str(ROOT / "tests/faults/killable_batches.py"), moment, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def die_within(server: BatchServer, moment: str, run: Path) -> None:
    """Start a run and have it killed at the moment."""
    if moment in INSIDE:
        with running(moment, "run", run, "--batch-rows", "60") as process:
            assert process.wait(timeout=100) == KILLED
        return
    server.hold = moment  # type: ignore[assignment]  # one of the steps
    with running("none", "run", run, "--batch-rows", "60") as process:
        assert server.held.wait(timeout=100)
        process.kill()
        assert process.wait(timeout=100) == KILLED
    server.release()


@pytest.mark.parametrize(("prefix", "moment"), WINDOWS)
def test_a_killed_run_goes_on_and_pays_for_no_cell_twice(
    prefix: str, moment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenhand.run.batches.USUAL_PACE", QUICK)
    run = tmp_path / "run"
    with batch_server() as server:
        write_plan(batch_plan(server.base_url, prefix=prefix), run)
        die_within(server, moment, run)
        ended = evenhand("run", run, "--quiet", "--batch-rows", "60", capsys=capsys, monkeypatch=monkeypatch)
        assert ended.code == 0, ended.err
        assert server.billed == CELLS
        assert len(server.answered_rows) == len(set(server.answered_rows))
        files = [name for name, _ in server.files.values() if name.startswith("evenhand-")]
    with open_trials(run / "trials.sqlite") as trials:
        assert trials.outcomes() == {f"{prefix}/m": {"answered": CELLS}}
        states = {job.state for job in trials.batches()}
    assert "collected" in states
    assert states <= {"collected", "unsent"}
    assert len(files) == len(set(files))


def test_ctrl_c_while_batches_are_out_says_how_to_come_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    with batch_server() as server:
        server.looks = 10**9
        write_plan(batch_plan(server.base_url), run)
        with running("none", "run", run) as process:
            deadline = time.monotonic() + 100
            while not any(one.startswith("GET /v1/batches/") for one in server.requests):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=100)
        assert process.returncode == 130, said
        assert "1 answer is safe; 1 batch with 119 questions is out since" in said
        assert f"go on with `evenhand run {run}`" in said
        status = evenhand("status", run, capsys=capsys, monkeypatch=monkeypatch)
        assert "119 questions in 1 batch with providers" in status.out
        assert f"`evenhand run {run}` collects the batches that are done" in status.out
        server.looks = 0
        monkeypatch.setattr("evenhand.run.batches.USUAL_PACE", QUICK)
        assert evenhand("run", run, "--quiet", capsys=capsys, monkeypatch=monkeypatch).code == 0
        assert server.billed == CELLS
