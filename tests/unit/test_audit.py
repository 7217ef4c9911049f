"""`evenhand.audit` from Python: in a running loop, interrupted, and the same plan as at the command line."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

import evenhand
from evenhand.design.presets import preset_design
from evenhand.errors import PlanError
from evenhand.plan.file import read_plan
from evenhand.rundir import RunDirectory, open_run
from evenhand.store.reading import open_trials
from tests.support.command import Ended
from tests.support.command import evenhand as command

SRC = Path(evenhand.__file__).parents[1]
SMALL = evenhand.Design(kinds=("understanding",), pairs_per_item=1, placebo_per_item=0.2, none_repeats=1)
REQUEST = evenhand.PlanRequest(models=("simulated/null",), design=SMALL)
ASSISTANT = """
import time
from pathlib import Path

def reply(messages):
    Path("began").touch()
    time.sleep(0.05)
    return "A"
"""
AUDIT = """
import sys
import evenhand

try:
    evenhand.audit(
        evenhand.PlanRequest(
            models=("python:slow_assistant:reply",),
            design=evenhand.Design(kinds=("understanding",), pairs_per_item=1, none_repeats=1),
        ),
        "run",
    )
except KeyboardInterrupt as stopped:
    print("KeyboardInterrupt", stopped)
    sys.exit(77)
"""
IN_A_LOOP = (
    "import asyncio\n"
    "async def main():\n" + "".join(f"    {line}\n" for line in AUDIT.strip().splitlines()) + "asyncio.run(main())\n"
)


def test_an_audit_works_where_an_event_loop_runs_already(tmp_path: Path) -> None:
    async def notebook() -> RunDirectory:
        return evenhand.audit(REQUEST, tmp_path, limits=evenhand.Limits(max_calls=60))

    run = asyncio.run(notebook())
    assert (run.asked.stopped, run.asked.asked) == ("max_calls", 60)
    assert len(run.scores) == 60
    assert run.report.is_file()


def test_an_unfinished_run_is_interim_and_has_no_confirmatory_verdict_until_it_is_finished(tmp_path: Path) -> None:
    first = evenhand.audit(REQUEST, tmp_path, limits=evenhand.Limits(max_calls=150))
    assert first.findings.run is not None
    assert first.findings.run.interim
    assert [
        f for f in first.findings.findings if f.role == "confirmatory" and f.verdict in ("difference", "equivalent")
    ] == []
    whole = evenhand.audit(REQUEST, tmp_path)
    assert whole.asked.skipped == first.asked.asked
    assert whole.findings.run is not None
    assert not whole.findings.run.interim


@pytest.mark.parametrize("code", [AUDIT, IN_A_LOOP], ids=["script", "running loop"])
def test_ctrl_c_raises_and_keeps_every_answer(tmp_path: Path, code: str) -> None:
    (tmp_path / "slow_assistant.py").write_text(ASSISTANT, encoding="utf-8")
    (tmp_path / "audit_it.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{SRC}{os.pathsep}{tmp_path}"}
    process = subprocess.Popen(
        [sys.executable, "audit_it.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (tmp_path / "began").exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 77, err
    assert out.startswith("KeyboardInterrupt")
    assert not (tmp_path / "run" / "findings.json").exists()
    with open_trials(tmp_path / "run" / "trials.sqlite") as trials:
        assert 0 < trials.count() < 1000


def test_a_plan_of_the_command_line_is_the_plan_of_a_notebook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cli(*arguments: object) -> Ended:
        return command(*arguments, capsys=capsys, monkeypatch=monkeypatch)

    told = ("--kind", "understanding", "--pairs", "2", "--placebo", "0.2", "--preset", "quick")
    assert cli("plan", "simulated/tilted", "--out", tmp_path / "cli", *told).code == 0
    design = replace(preset_design("quick"), kinds=("understanding",), pairs_per_item=2, placebo_per_item=0.2)
    made = evenhand.make_plan(evenhand.PlanRequest(models=("simulated/tilted",), preset="quick", design=design))
    other = read_plan(tmp_path / "cli")
    assert (made.sha256, made.preset) == (other.sha256, "custom")
    assert cli("plan", "simulated/tilted", "--out", tmp_path / "usual", "--preset", "quick").code == 0
    usual = evenhand.make_plan(evenhand.PlanRequest(models=("simulated/tilted",), preset="quick"))
    assert (usual.sha256, usual.preset) == (read_plan(tmp_path / "usual").sha256, "quick")


def test_another_plan_does_not_go_into_a_directory_with_answers(tmp_path: Path) -> None:
    evenhand.audit(REQUEST, tmp_path, limits=evenhand.Limits(max_calls=20))
    with pytest.raises(PlanError, match="belongs to another plan"):
        evenhand.audit("simulated/tilted", tmp_path)
    assert open_run(tmp_path).plan.models[0].name == "simulated/null"
