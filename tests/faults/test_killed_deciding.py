"""A run that asks a model about facts, stopped at every kind of moment, goes on and pays for no decision twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec import Struct

from evenhand.plan.file import write_plan
from evenhand.records.decision import FactDecision
from evenhand.records.plan import Plan
from evenhand.store.reading import open_trials
from tests.support.deciding_server import ASSISTANT, DECIDER, DecidingServer, Who, deciding_plan, deciding_server

ROOT = Path(__file__).parents[2]
KILLED, STOPPED, OUT_OF_BUDGET = -signal.SIGKILL, 130, 6
ONE_BY_ONE, SEVERAL = 1, 6
RESULTS = ("findings.json", "report.html", "scores.parquet")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")


def started(moment: str, *arguments: object) -> subprocess.Popen[str]:
    """`evenhand ARGUMENTS` in a process of its own."""
    command = [sys.executable, str(ROOT / "tests/faults/killable_deciding.py"), moment, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ended(moment: str, *arguments: object) -> tuple[int, str]:
    process = started(moment, *arguments)
    try:
        _, said = process.communicate(timeout=100)
    finally:
        process.kill()
    return process.returncode, said


class Undisturbed(Struct, frozen=True):
    """What a run that nobody stops asks and finds."""

    asked: Mapping[Who, Counter[str]]
    results: Mapping[str, bytes]


class Scene(Struct, frozen=True):
    """A server, its plan, and what an undisturbed run of it gives."""

    server: DecidingServer
    plan: Plan
    whole: Undisturbed


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    run = tmp_path_factory.mktemp("whole") / "run"
    with deciding_server() as (server, url):
        plan = deciding_plan(url)
        write_plan(plan, run)
        code, said = ended("none", "run", run, "--quiet", "--concurrency", SEVERAL)
        assert code == 0, said
        results = {name: (run / name).read_bytes() for name in RESULTS}
        whole = Undisturbed({who: Counter(texts) for who, texts in server.asked.items()}, results)
        assert set(whole.asked["decider"].values()) == {1}
        assert whole.asked["decider"].total() > 60
        yield Scene(server, plan, whole)


def again(scene: Scene, run: Path, *, concurrency: int) -> dict[Who, Counter[str]]:
    """Go on with a run; what both runs asked more than an undisturbed one."""
    scene.server.moment = None
    code, said = ended("none", "run", run, "--quiet", "--concurrency", concurrency)
    assert code == 0, said
    assert {name: (run / name).read_bytes() for name in RESULTS} == scene.whole.results
    with open_trials(run / "trials.sqlite") as trials:
        decided = list(trials.decisions())
        totals = trials.totals()[ASSISTANT]
    assert len({(one.policy, one.fact, one.question) for one in decided}) == len(decided)
    assert len(decided) == scene.whole.asked["decider"].total() == totals.second[DECIDER].calls
    return {who: Counter(scene.server.asked[who]) - scene.whole.asked[who] for who in scene.server.asked}


def fresh(scene: Scene, directory: Path) -> Path:
    """A run directory with the same plan in which nothing was asked."""
    scene.server.forget()
    write_plan(scene.plan, directory / "run")
    return directory / "run"


@pytest.mark.parametrize(
    ("who", "number", "concurrency"),
    [
        pytest.param("decider", 1, ONE_BY_ONE, marks=pytest.mark.slow),
        ("decider", 31, ONE_BY_ONE),
        pytest.param("assistant", 9, ONE_BY_ONE, marks=pytest.mark.slow),
        pytest.param("assistant", 14, ONE_BY_ONE, marks=pytest.mark.slow),
        pytest.param("decider", 50, SEVERAL, marks=pytest.mark.slow),
        pytest.param("assistant", 14, SEVERAL, marks=pytest.mark.slow),
    ],
)
def test_only_what_was_in_flight_is_asked_again(
    who: Who, number: int, concurrency: int, scene: Scene, tmp_path: Path
) -> None:
    run = fresh(scene, tmp_path)
    process = started("none", "run", run, "--quiet", "--concurrency", concurrency)

    def die() -> None:
        process.kill()
        process.wait(timeout=60)

    scene.server.moment, scene.server.act = (who, number), die
    process.communicate(timeout=100)
    assert process.returncode == KILLED
    assert scene.server.asked[who].total() >= number, "the kill must fall into the run for this test to mean something"
    more = again(scene, run, concurrency=concurrency)
    if concurrency == ONE_BY_ONE:  # the question that nobody could hear the answer to, and no decision besides
        assert more["decider"].total() == (1 if who == "decider" else 0)
    assert more["decider"].total() <= concurrency


@pytest.mark.parametrize(("moment", "twice"), [("kept", 0), pytest.param("paid", 1, marks=pytest.mark.slow)])
def test_a_decision_that_is_on_disk_is_never_asked_again(moment: str, twice: int, scene: Scene, tmp_path: Path) -> None:
    run = fresh(scene, tmp_path)
    code, said = ended(moment, "run", run, "--quiet", "--concurrency", ONE_BY_ONE)
    assert code == KILLED, said
    assert again(scene, run, concurrency=ONE_BY_ONE)["decider"].total() == twice


def test_ctrl_c_loses_nothing(scene: Scene, tmp_path: Path) -> None:
    run = fresh(scene, tmp_path)
    process = started("none", "run", run, "--quiet", "--concurrency", SEVERAL)
    scene.server.moment, scene.server.act = ("decider", 20), lambda: process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=100)
    assert process.returncode == STOPPED, said
    assert scene.server.asked["decider"].total() < scene.whole.asked["decider"].total()
    more = again(scene, run, concurrency=SEVERAL)
    assert not more["decider"]
    assert not more["assistant"]


@pytest.mark.slow
def test_a_second_ctrl_c_gives_up_what_is_in_flight_and_no_decision(scene: Scene, tmp_path: Path) -> None:
    run = fresh(scene, tmp_path)
    process = started("none", "run", run, "--quiet", "--concurrency", ONE_BY_ONE)

    def stop() -> None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)

    scene.server.moment, scene.server.act = ("decider", 20), stop
    _, said = process.communicate(timeout=100)
    assert process.returncode == STOPPED, said
    assert scene.server.asked["decider"].total() == 20
    assert again(scene, run, concurrency=ONE_BY_ONE)["decider"].total() == 1


@pytest.mark.slow
def test_a_budget_that_ends_a_run_loses_nothing(scene: Scene, tmp_path: Path) -> None:
    run = fresh(scene, tmp_path)
    code, said = ended("none", "run", run, "--quiet", "--concurrency", SEVERAL, "--max-calls", 80)
    assert code == OUT_OF_BUDGET, said
    assert 0 < scene.server.asked["decider"].total() < scene.whole.asked["decider"].total()
    more = again(scene, run, concurrency=SEVERAL)
    assert not more["decider"]
    assert not more["assistant"]


@pytest.mark.slow
def test_a_run_that_was_begun_before_decisions_were_kept_goes_on(scene: Scene, tmp_path: Path) -> None:
    """Its store has no table of them; what is asked from now on is kept."""
    run = fresh(scene, tmp_path)
    code, said = ended("none", "run", run, "--quiet", "--concurrency", ONE_BY_ONE, "--max-calls", 60)
    assert code == OUT_OF_BUDGET, said
    with sqlite3.connect(run / "trials.sqlite") as database:
        (kept,) = database.execute("SELECT count(*) FROM decisions").fetchone()
        database.execute("DROP TABLE decisions")
    database.close()
    with open_trials(run / "trials.sqlite") as trials:
        assert list[FactDecision](trials.decisions()) == []
        assert trials.decision_counts() == ()
    assert kept > 0
    code, said = ended("none", "run", run, "--quiet", "--concurrency", ONE_BY_ONE)
    assert code == 0, said
    with open_trials(run / "trials.sqlite") as trials:
        assert 0 < len(list(trials.decisions())) <= scene.whole.asked["decider"].total()
