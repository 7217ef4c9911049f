"""The composite action, step by step as GitHub runs it: inputs come by the environment, the last step decides."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
SIZE = "--preset quick --kind understanding --answer letter --items 8 --profiles 0 --placebo 0.2 --none-repeats 1"
_INPUT = re.compile(r"\$\{\{ inputs\.(\w+) \}\}")


def tools(folder: Path) -> Path:
    """The programs that the steps call; the installation is not made again, only noted."""
    shims = folder / "bin"
    shims.mkdir()
    texts = {
        "evenhand": f'exec {sys.executable} -m evenhand.cli.main "$@"',
        "python": f'if [ "$1" = -m ]; then echo "$@" > "{folder}/installed"; else exec {sys.executable} "$@"; fi',
    }
    for name, text in texts.items():
        (shims / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (shims / name).chmod(0o755)
    return shims


def run(folder: Path, **inputs: str) -> int:
    """Exit code of the action; the first step that fails ends it."""
    given = {name: one.get("default", "") for name, one in ACTION["inputs"].items()} | inputs
    shims = tools(folder)
    for step in STEPS:
        environment = {
            **os.environ,
            **{name: _INPUT.sub(lambda found: given[found[1]], text) for name, text in step.get("env", {}).items()},
            "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "GITHUB_OUTPUT": str(folder / "output"),
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.returncode
    return 0


def test_no_input_is_written_into_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step["run"]
    named = {name for step in STEPS for text in step.get("env", {}).values() for name in _INPUT.findall(text)}
    assert named == set(ACTION["inputs"])


@pytest.mark.parametrize(("minimum", "code", "result"), [(0.0, 0, "pass"), (0.999, 7, "not met")])
def test_the_action_ends_as_the_gate_does_and_leaves_its_files(
    minimum: float, code: int, result: str, tmp_path: Path
) -> None:
    (tmp_path / "policy.toml").write_text(
        f'[[rule]]\nname = "right"\nmeasure = "accuracy"\nminimum = {minimum}\n', encoding="utf-8"
    )
    ended = run(tmp_path, model="simulated/null", arguments=SIZE, policy="policy.toml", version="evenhand==1")
    assert ended == code
    assert (tmp_path / "output").read_text(encoding="utf-8") == f"result={result}\n"
    assert "install --quiet evenhand==1" in (tmp_path / "installed").read_text(encoding="utf-8")
    folder = tmp_path / "evenhand-gate"
    assert {path.name for path in folder.iterdir()} == {
        "run", "gate.json", "gate.xml", "gate.sarif", "gate.intoto.json",
    }  # fmt: skip
    assert json.loads((folder / "gate.json").read_text(encoding="utf-8"))["result"] == result
    assert f"evenhand gate: {result}" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_what_a_stranger_writes_into_an_input_is_not_run(tmp_path: Path) -> None:
    assert run(tmp_path, model="$(touch owned)", arguments="--items `touch owned` ; touch owned *") != 0
    assert not (tmp_path / "owned").exists()
