"""A key stands in nothing that a run leaves: not in the store, the findings, the report, the terminal or the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.chat_server import chat_body, chat_server
from tests.support.command import SMALL

KEY = "canary-0123456789-abcdef"


def audit(url: str, run: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Audit a server that wants a key, in a process of its own."""
    command = [sys.executable, "-m", "evenhand.cli.main", "audit", "openai/m", "--base-url", url, "--out", str(run)]
    return subprocess.run(
        [*command, "--api-key-env", "CANARY_VARIABLE", "--yes", *SMALL, *more],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CANARY_VARIABLE": KEY},
    )


def nothing_holds_the_key(run: Path, ended: subprocess.CompletedProcess[str]) -> None:
    for name, text in (("stdout", ended.stdout), ("stderr", ended.stderr)):
        assert KEY not in text, name
    for path in run.rglob("*"):
        assert KEY.encode() not in path.read_bytes(), path.name


def test_a_key_that_answers_and_errors_echo_stands_in_no_artefact(tmp_path: Path) -> None:
    count = [0]

    def echoes(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        count[0] += 1
        sent = headers["Authorization"]
        assert KEY in sent, "the key must be sent for this test to mean something"
        match count[0] % 4:
            case 0:
                return 400, json.dumps({"error": {"message": f"{'x' * 180} you sent {sent}"}}).encode()
            case 1:
                return 200, chat_body(f"Hm, your key is {sent}.", model=f"model-of-{sent}")
            case _:
                return 200, chat_body("A")

    run = tmp_path / "r"
    with chat_server(echoes) as url:
        ended = audit(url, run)
    assert ended.returncode == 0, ended.stderr
    nothing_holds_the_key(run, ended)
    assert "[key removed]" in (run / "report.md").read_text(encoding="utf-8").replace("\\", "")
    troubles = json.loads((run / "findings.json").read_text(encoding="utf-8"))["run"]["models"][0]["troubles"]
    assert {trouble["outcome"] for trouble in troubles} == {"failed", "unparsed"}


def test_a_key_in_the_address_stands_in_no_artefact_and_not_on_the_terminal(tmp_path: Path) -> None:
    def answers(_: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        return 200, chat_body(f"A: {headers['Host']} {headers['Authorization']}")

    with chat_server(answers) as url:
        for place, address in enumerate((f"{url}?key={KEY}", url.replace("http://", f"http://me:{KEY}@"))):
            run = tmp_path / str(place)
            ended = audit(address, run)
            assert ended.returncode != 0
            nothing_holds_the_key(run, ended)
