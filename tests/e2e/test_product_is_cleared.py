"""A product keeps nothing of a run: not after Ctrl-C, and not after a kill once the run is resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from evenhand.errors import StoreError
from evenhand.store.reading import open_trials
from tests.support.product_plan import held, product_name

ROOT = Path(__file__).parents[2]
SMALL = ("--kind", "understanding", "--items", "4", "--answer", "letter", "--yes")


def start(memory: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "evenhand.cli.main", *map(str, arguments)]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PRODUCT_MEMORY": str(memory), "PYTHONPATH": path}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def await_answers(run: Path, process: subprocess.Popen[str]) -> None:
    """Return when the run has its first answers, so that users with memory are in the product."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(StoreError), open_trials(run / "trials.sqlite") as trials:
            if trials.count():
                return
        time.sleep(0.02)
    raise AssertionError(f"no answer came: {process.communicate()}")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_nothing_is_left_after_ctrl_c_nor_after_a_kill_and_the_next_run(tmp_path: Path) -> None:
    memory, run = tmp_path / "memory", tmp_path / "run"
    memory.mkdir()
    asked = ("audit", product_name("Slow"), "--out", run, *SMALL)
    first = start(memory, *asked)
    await_answers(run, first)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 130, said
    assert held(memory) == []

    second = start(memory, "run", run)
    deadline = time.monotonic() + 60
    while not held(memory) and second.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    second.kill()
    second.communicate()
    assert held(memory), "the kill must fall into the run for this test to mean something"

    third = start(memory, "run", run)
    _, said = third.communicate(timeout=120)
    assert third.returncode == 0, said
    assert held(memory) == []
    with open_trials(run / "trials.sqlite") as trials:
        assert all(row.trial.reply is not None for row in trials.rows())
