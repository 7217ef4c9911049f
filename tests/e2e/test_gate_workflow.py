"""The workflow of docs/gate.md, step by step: red for planted differences or too few answers, green without."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree
from xml.etree import ElementTree as ET

import pytest
import yaml

from evenhand.gate.policy_file import read_policy
from tests.support.standard_audit import StandardAudit

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
STEPS = [step["run"] for step in WORKFLOW["jobs"]["gate"]["steps"] if "run" in step]
ENVIRONMENT = WORKFLOW["jobs"]["gate"]["env"]
pytestmark = pytest.mark.xdist_group("standard audits")
TINY = "--preset quick --kind understanding --pairs 1 --placebo 0.2 --none-repeats 1"


@pytest.fixture
def folder(model: str, size: str, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the job runs. The answers of a standard audit are there already: the job asks no question twice."""
    if size == ENVIRONMENT["SIZE"]:
        audit: StandardAudit = request.getfixturevalue(f"{model.rpartition('/')[2]}_audit")
        copytree(audit.run, tmp_path / "runs" / "gate")
    return tmp_path


def job(folder: Path, **env: str) -> tuple[int, str]:
    """(exit code, log) of the steps after the installation, each as GitHub runs it; the first that fails ends them."""
    shim = folder / "bin" / "evenhand"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m evenhand.cli.main "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    environment = {
        **os.environ,
        **ENVIRONMENT,
        **env,
        "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }
    log = ""
    assert STEPS[0] == "pip install evenhand"
    for step in ("evenhand gate --init", *STEPS[1:]):
        command = ["bash", "-e", "-c", step]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        log += done.stdout + done.stderr
        if done.returncode:
            return done.returncode, log
    return 0, log


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("model", "size", "code", "result"),
    [
        ("specimen/tilted", ENVIRONMENT["SIZE"], 7, "not met"),
        ("specimen/level", ENVIRONMENT["SIZE"], 0, "pass"),
        ("specimen/level", TINY, 8, "inconclusive"),
    ],
)
def test_the_example_workflow_turns_red_for_the_right_reason(
    model: str, size: str, code: int, result: str, folder: Path
) -> None:
    ended, log = job(folder, MODEL=model, SIZE=size)
    assert ended == code, log
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert f"evenhand gate: {result}" in summary.splitlines()[0]
    root = ET.parse(folder / "gate.xml").getroot()
    failed = int(root.get("failures", "")), int(root.get("errors", ""))
    assert (failed[0] > 0, failed[1] > 0) == (code == 7, code == 8)
    if code == 7:
        assert "Advantaged minus disadvantaged: 1" in summary


def test_the_policy_of_the_page_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0], encoding="utf-8")
    assert len(read_policy(path).rule) == 3
