"""What a machine does to a run: it is killed, stopped, started twice, loses a file, and has its clock set.

The command is the real one, in a process of its own; a loopback server counts what it was asked, so that "paid twice"
is what a provider would have billed.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from shutil import copytree
from threading import Event, Lock
from typing import Any

import pytest
from msgspec import Struct

from evenhand.run.execute import UNSAVED
from evenhand.store.reading import open_trials
from tests.support.chat_server import chat_body, chat_server
from tests.support.faketime import SetClock

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
ASK = (sys.executable, "-m", "tests.support.asking_process")
IN_FLIGHT, TAKES_S = 8, 0.02
DESIGN = (
    *("--preset", "quick", "--kind", "understanding", "--answer", "letter", "--items", "120"),
    *("--pairs", "1", "--profiles", "0", "--placebo", "1", "--none-repeats", "1"),
)
LONG_S = 120.0


class Provider:
    """Answers after a moment, and counts what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.calls = 0
        """Requests so far: what would have been billed."""
        self.open = Event()
        """Cleared: nothing is answered."""
        self._counting = Lock()
        self.restart()

    def restart(self) -> None:
        """Count from nothing, and answer."""
        self.calls = 0
        self.open.set()

    def answered(self, _: dict[str, Any], __: Mapping[str, str]) -> tuple[int, bytes]:
        with self._counting:
            self.calls += 1
        time.sleep(TAKES_S)
        self.open.wait(LONG_S)
        return 200, chat_body("A")

    def settled(self) -> int:
        """Requests, once no more arrive from a process that has ended."""
        before = -1
        while before != self.calls:
            before = self.calls
            time.sleep(0.15)
        return before


class Planned(Struct, frozen=True):
    """A run directory with a plan, and the server that it is asked of."""

    run: Path
    calls: int
    server: Provider

    def start(self, *, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Ask what is not answered yet, in a process of its own."""
        command = [*ASK, str(self.run), str(IN_FLIGHT)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment or dict(os.environ)
        )

    def finish(self, process: subprocess.Popen[str] | None = None) -> None:
        """The run goes on to its end, and ends well."""
        process = process or self.start()
        _, said = process.communicate(timeout=LONG_S)
        assert process.returncode == 0, said

    def kept(self) -> int:
        """Cells that have an answer on disk."""
        if not (self.run / "trials.sqlite").exists():
            return 0
        with open_trials(self.run / "trials.sqlite") as trials:
            return sum(row.trial.reply is not None for row in trials.rows())

    def every_cell_once(self) -> None:
        """Every planned cell has one answer, and the store is whole."""
        with open_trials(self.run / "trials.sqlite") as trials:
            rows = list(trials.rows())
        keys = Counter(row.cell.cell_key for row in rows)
        assert len(keys) == len(rows) == self.calls
        assert all(row.trial.reply is not None for row in rows)
        with sqlite3.connect(self.run / "trials.sqlite") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("SELECT count(*) FROM failures").fetchone() == (0,)
        database.close()

    def until_share(self, share: float) -> None:
        """Wait until so large a share of the planned calls was made."""
        self.until(lambda: self.server.calls > share * self.calls)

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something that the run does."""
        deadline = time.monotonic() + LONG_S
        while not reached():
            assert time.monotonic() < deadline, "the run did not get there"
            time.sleep(0.01)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A server for every test of this file, since its address is part of the plan."""
    provider = Provider()
    with chat_server(provider.answered) as url:
        provider.url = url
        yield provider


@pytest.fixture(scope="module")
def template(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A run directory with a plan, and how many calls are planned."""
    run = tmp_path_factory.mktemp("planned") / "run"
    command = [*EVENHAND, "plan", "openai/m", "--base-url", provider.url, *DESIGN, "--json", "--out", str(run)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return run, json.loads(shown)["calls"]


@pytest.fixture
def plan(provider: Provider, template: tuple[Path, int], tmp_path: Path) -> Iterator[Planned]:
    """A copy of the planned run, and the server counting from nothing."""
    run, calls = template
    provider.restart()
    yield Planned(copytree(run, tmp_path / "run"), calls, provider)
    provider.open.set()


def test_what_is_paid_twice_after_a_kill_is_never_more_than_was_in_flight_and_64(plan: Planned) -> None:
    server, kills = plan.server, 0
    for share in (0.4, 0.7):
        process = plan.start()
        plan.until_share(share)
        process.kill()
        process.communicate()
        kills += 1
        paid = server.settled()
        assert paid - plan.kept() <= kills * (IN_FLIGHT + UNSAVED)
    assert 0 < plan.kept() < plan.calls, "the kills must fall into the run for this test to mean something"
    plan.finish()
    plan.every_cell_once()
    assert 0 <= server.calls - plan.calls <= kills * (IN_FLIGHT + UNSAVED)


def test_a_second_process_on_a_run_is_refused_and_nothing_is_asked_twice(plan: Planned) -> None:
    server = plan.server
    server.open.clear()
    first = plan.start()
    plan.until(lambda: server.calls == IN_FLIGHT)
    second = plan.start()
    _, said = second.communicate(timeout=LONG_S)
    assert second.returncode == 4
    assert "Another run is at work" in said and said.count("\n") == 1
    server.open.set()
    plan.finish(first)
    plan.every_cell_once()
    assert server.calls == plan.calls


def test_of_two_processes_that_start_together_one_asks_and_one_is_refused(plan: Planned) -> None:
    server = plan.server
    server.open.clear()
    both = [plan.start(), plan.start()]
    plan.until(lambda: any(one.poll() is not None for one in both))
    refused, other = sorted(both, key=lambda one: one.poll() is None)
    _, said = refused.communicate()
    assert refused.returncode == 4, said
    server.open.set()
    plan.finish(other)
    plan.every_cell_once()
    assert server.calls == plan.calls


def gone(log: Path) -> None:
    log.unlink()


def gone_with_its_index(log: Path) -> None:
    log.unlink()
    log.with_name(log.name.replace("-wal", "-shm")).unlink()


def cut_in_half(log: Path) -> None:
    os.truncate(log, log.stat().st_size // 2)


@pytest.mark.parametrize("lose", [gone, gone_with_its_index, cut_in_half])
def test_a_run_whose_log_is_lost_after_a_kill_is_asked_to_its_end(plan: Planned, lose: Callable[[Path], None]) -> None:
    server = plan.server
    process = plan.start()
    plan.until_share(0.5)
    process.kill()
    process.communicate()
    paid = server.settled()
    lose(plan.run / "trials.sqlite-wal")
    plan.finish()
    plan.every_cell_once()
    assert 0 < server.calls - plan.calls <= paid


def test_a_run_that_is_stopped_and_goes_on_asks_nothing_twice(plan: Planned) -> None:
    server = plan.server
    process = plan.start()
    for share in (0.2, 0.6):
        plan.until_share(share)
        process.send_signal(signal.SIGSTOP)
        stopped = server.settled()
        time.sleep(1.0)
        assert server.calls == stopped < plan.calls, "the stop must fall into the run for this test to mean something"
        process.send_signal(signal.SIGCONT)
    plan.finish(process)
    plan.every_cell_once()
    assert server.calls == plan.calls


@pytest.mark.parametrize("jump", ["+400d", "-400d"])
def test_the_time_of_day_may_be_set_while_a_run_asks(plan: Planned, tmp_path: Path, jump: str) -> None:
    server, clock = plan.server, SetClock(tmp_path, steady=True)
    process = plan.start(environment=clock.environment)
    plan.until_share(0.3)
    clock.set(jump)
    plan.finish(process)
    plan.every_cell_once()
    assert server.calls == plan.calls


@pytest.mark.slow
def test_after_a_machine_slept_only_what_was_in_flight_is_asked_again(plan: Planned, tmp_path: Path) -> None:
    """The clock that measures lengths of time jumps too: every request in flight has had its time."""
    server, clock = plan.server, SetClock(tmp_path, steady=False)
    process = plan.start(environment=clock.environment)
    plan.until_share(0.3)
    server.open.clear()
    in_flight = server.settled()
    clock.set("+1h")
    plan.until(lambda: server.calls > in_flight)
    server.open.set()
    plan.finish(process)
    plan.every_cell_once()
    assert 0 < server.calls - plan.calls <= IN_FLIGHT
