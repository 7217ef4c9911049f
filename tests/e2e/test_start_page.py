"""docs/start.md, followed word for word by somebody with a model server on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evenhand.report.findings_file import read_findings
from tests.support.chat_server import chat_body, chat_server

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
INSTALL = ["make install", ". .venv/bin/activate"]
"""What the first step says; the environment of the tests was made by it; see tests/extras/test_wheel.py."""
TEN_MINUTES_S = 600.0
ENDS = {"evenhand gate": (0, 7, 8, 13)}
"""The page says that the gate ends so."""


def commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def replaced(line: str, *, url: str, model: str) -> str:
    """The command with what the page tells the reader to replace, and nothing else."""
    told = re.search(r"Replace `([^`]+)` by the address of your server and `([^`]+)` by the name", PAGE)
    assert told is not None
    return line.replace(told[1], url).replace(told[2], model)


def answering(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
    """A plausible assistant: a letter, numbers or some sentences, by chance but repeatably."""
    assert asked["model"] == "the-model"
    words = json.dumps(asked["messages"])
    question = asked["messages"][-1]["content"]
    drawn = hashlib.sha256(question.encode()).digest()
    letters = re.findall(r"^([A-H])[.)] ", question, re.MULTILINE)
    if letters and "percent" not in question.lower():
        return 200, chat_body(letters[drawn[0] % len(letters)])
    if letters:
        best = letters[drawn[0] % len(letters)]
        shares = dict.fromkeys(letters, 10) | {best: 100 - 10 * (len(letters) - 1)}
        return 200, chat_body("\n".join(f"{letter}: {share}" for letter, share in shares.items()))
    names = re.findall(r"^[-*] (.+?):?$", question, re.MULTILINE)
    if names:
        return 200, chat_body("\n".join(f"{name}: {drawn[n % 32] % 11}" for n, name in enumerate(names)))
    return 200, chat_body(f"That sounds hard. Take a walk, and talk to a friend. ({len(words)})")


def reader(folder: Path) -> dict[str, str]:
    """The environment of a reader: no keys, and this environment's `evenhand` first on the path."""
    binaries = folder / "bin"
    if not binaries.exists():
        binaries.mkdir()
        script = binaries / "evenhand"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m evenhand.cli.main "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    return environment | {"PATH": f"{binaries}{os.pathsep}{environment['PATH']}"}


def followed(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one line of the page in a shell, as a reader would."""
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=reader(folder), capture_output=True, text=True, timeout=240, check=False
    )


def looked_at(line: str, folder: Path) -> str:
    """Start a page that a line of the page opens, read it, and end it with Ctrl-C as the page says."""
    log = folder / "view.log"
    with log.open("wb") as out:
        process = subprocess.Popen(["sh", "-c", f"exec {line}"], cwd=folder, env=reader(folder), stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + 120.0
            while not (said := re.search(r"Serving at (\S+)", log.read_text(encoding="utf-8"))):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, "it said no address"
                time.sleep(0.1)
            try:
                with urllib.request.urlopen(said[1], timeout=60) as answer:
                    shown = answer.read().decode()
            except OSError as error:
                time.sleep(0.5)
                raise AssertionError(f"{said[1]} gave no page; the process ended with {process.poll()}") from error
        finally:
            process.send_signal(signal.SIGINT)
            ended = process.wait(timeout=30)
    assert ended in (0, 130), ended
    return str(shown)


@pytest.mark.timeout(600)
def test_the_page_leads_from_nothing_to_a_report(tmp_path: Path) -> None:
    lines = commands()
    assert lines[:2] == INSTALL
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\ninstall: .venv/.installed ##" in makefile
    said: dict[str, str] = {}
    spent: dict[str, float] = {}
    with chat_server(answering) as url:
        for line in lines[2:]:
            if line == "evenhand view runs":
                said["evenhand view"] = looked_at(line, tmp_path)
                continue
            began = time.monotonic()
            done = followed(replaced(line, url=url, model="the-model"), tmp_path)
            name = " ".join(line.split()[:2])
            normal = ENDS.get(name, (0,))
            assert done.returncode in normal, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            said[name] = done.stdout
            spent[name] = time.monotonic() - began
    assert sum(spent.values()) < TEN_MINUTES_S, spent
    assert list(said) == [
        f"evenhand {name}" for name in ("audit", "init", "doctor", "plan", "run", "status", "view", "gate")
    ]
    assert "It was made to treat users\ndifferently" in PAGE
    assert "difference" in said["evenhand audit"].lower()
    assert "failed" not in said["evenhand doctor"]
    assert "every cell is asked" in said["evenhand status"]
    for run in ("specimen", "mine"):
        assert run in said["evenhand view"]
        assert (tmp_path / "runs" / run / "report.html").stat().st_size > 50_000
    mine = read_findings(tmp_path / "runs" / "mine").run
    assert mine is not None
    (model,) = mine.models
    assert (model.model, sum(model.outcomes.values())) == ("vllm/the-model", model.planned)
    assert model.outcomes["answered"] > 0.9 * model.planned, model.troubles
