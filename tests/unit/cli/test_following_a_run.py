"""What a command says while it runs: lines without a terminal, nothing with --quiet, events with --log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evenhand.run import progress_lines
from tests.support.chat_server import chat_body, chat_server
from tests.support.command import SMALL, Ended

Cli = Callable[..., Ended]


def slowly(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
    time.sleep(0.02)
    return 200, chat_body("A")


def test_without_a_terminal_lines_tell_the_progress_on_standard_error(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_lines, "EVERY_S", 0.1)
    with chat_server(slowly) as url:
        ended = cli("audit", "vllm/m", "--base-url", url, *SMALL, "--items", "40", "--out", tmp_path / "r", "--json")
    assert ended.code == 0, ended.err
    asking = [line for line in ended.err.splitlines() if line.startswith("asking: ")]
    assert len(asking) >= 2
    assert "per second, about" in asking[-1]
    assert "answered" in asking[-1]
    assert json.loads(ended.out)["findings"] is not None, "the result alone is on standard output"


def test_quiet_says_the_result_alone(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_lines, "EVERY_S", 0.01)
    ended = cli("audit", "simulated/null", *SMALL, "--items", "20", "--out", tmp_path / "r", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert "Report: " in ended.out


def test_a_log_follows_a_run_to_its_end_and_holds_no_text(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    said = "The word that every answer says: letter A"
    with chat_server(lambda asked, headers: (200, chat_body(said))) as url:
        words = ("audit", "vllm/m", "--base-url", url, *SMALL, "--items", "20", "--out", tmp_path / "r", "--log", log)
        ended = cli(*words)
    assert ended.code == 0, ended.err
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    kinds = [event["kind"] for event in events]
    assert (kinds[0], kinds[-2:]) == ("started", ["asked", "ended"])
    assert set(kinds[1:-2]) == {"asking"}
    asked = events[-2]
    assert asked["stopped"] == "done"
    assert asked["asked"] == sum(asked["outcomes"].values()) == events[0]["planned"]
    assert "every answer says" not in log.read_text(encoding="utf-8")


def test_a_log_tells_the_error_that_ended_a_run(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    with chat_server(lambda asked, headers: (400, b'{"error": {"message": "no such thing"}}')) as url:
        ended = cli("audit", "vllm/m", "--base-url", url, *SMALL, "--out", tmp_path / "r", "--log", log)
    last = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["kind"], last["exit_code"]) == ("failed", ended.code)
    assert "no such thing" not in log.read_text(encoding="utf-8")
