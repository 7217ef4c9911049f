"""The log of a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from evenhand.endpoints.redact import forget, remember
from evenhand.errors import SameError, StoreError
from evenhand.run.event_log import EventLog
from evenhand.run.limits import Halt, Progress, RunReport

AT = Progress(done=3, skipped=1, outcomes={"answered": 3}, in_flight=2, calls=3, cost_usd=None, seconds=0.5, ended=None)
REPORT = RunReport(
    stopped="same_error",
    skipped=1,
    asked=3,
    outcomes={"answered": 3},
    calls=3,
    input_tokens=30,
    output_tokens=3,
    cost_usd=0.25,
    seconds=1.0,
    halts=(Halt(model="m", reason="same_error", said="You asked: what does Ana feel?"),),
)


def opened(path: Path, *, models: tuple[str, ...] = ("m",)) -> EventLog:
    return EventLog(path, plan="abc", models=models, planned=10)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_line_has_its_time_its_kind_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.jsonl"
    before = datetime.now(tz=UTC)
    with opened(path) as log:
        log.update(AT)
        log.asked(REPORT)
    found = lines(path)
    assert [line["kind"] for line in found] == ["started", "asking", "asked", "ended"]
    assert all(0 <= (datetime.fromisoformat(line["time"]) - before).total_seconds() + 0.001 < 60 for line in found)
    assert (found[0]["plan"], found[0]["planned"]) == ("abc", 10)
    assert {key: found[1][key] for key in ("done", "skipped", "planned", "in_flight", "cost_usd")} == {
        "done": 3,
        "skipped": 1,
        "planned": 10,
        "in_flight": 2,
        "cost_usd": None,
    }
    assert found[2]["given_up"] == [{"model": "m", "reason": "same_error"}]


def test_it_grows_by_a_line_a_second_and_by_the_last_report(tmp_path: Path) -> None:
    with opened(tmp_path / "a") as log:
        for step in range(40):
            log.update(replace(AT, done=step, seconds=step / 10))
        log.update(replace(AT, done=40, seconds=3.95, ended="done"))
    assert [line["done"] for line in lines(tmp_path / "a") if line["kind"] == "asking"] == [0, 10, 20, 30, 40]


def test_what_a_server_said_and_keys_are_in_no_line(tmp_path: Path) -> None:
    remember("a-very-secret-key")
    try:
        with pytest.raises(SameError), opened(tmp_path / "a", models=("m/a-very-secret-key",)) as log:
            log.asked(REPORT)
            raise SameError("the server said: You asked: what does Ana feel?")
    finally:
        forget()
    text = (tmp_path / "a").read_text(encoding="utf-8")
    assert "Ana" not in text
    assert "a-very-secret-key" not in text
    last = lines(tmp_path / "a")[-1]
    assert (last["kind"], last["error"], last["exit_code"]) == ("failed", "SameError", 9)


def test_a_second_run_adds_to_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path / "a"):
            pass
    assert [line["kind"] for line in lines(tmp_path / "a")] == ["started", "ended"] * 2


def test_a_log_that_cannot_be_opened_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot write the log .*; name another file with --log"):
        opened(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_ends_the_log_and_not_the_run() -> None:
    with opened(Path("/dev/full")) as log:
        assert log.trouble is not None
        assert "the log '/dev/full' is not whole (No space left on device)" in log.trouble
        log.update(AT)
