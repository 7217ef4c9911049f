"""What a driver does with workers that come late, never, or not at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Hashable, Mapping, Sequence

import pytest

from evenhand.cluster.crew import CrewEvent, WorkerEnded, WorkerLost, WorkerReady
from evenhand.cluster.dispatch import Dispatch, WorkerKind
from evenhand.cluster.driving import Driving
from evenhand.cluster.part import PlanPart, parts_of
from evenhand.cluster.shares import Shares
from evenhand.cluster.task import Hello, PartEnded, Task
from evenhand.errors import LocalError
from evenhand.run.limits import Limits, Progress, RunReport


class ScriptedCrew:
    """Workers that do what they are told to: `ready`, `never`, or `broken`, one word for each that is started."""

    def __init__(self, starts: Sequence[str], *, on_give: str = "ends") -> None:
        self.starts = list(starts)
        self.started: list[WorkerKind] = []
        self.waiting: list[CrewEvent] = []
        self.interrupted = 0
        self._on_give = on_give

    def room(self) -> Mapping[WorkerKind, int]:
        return {"cpu": 1, "gpu": 0}

    def start(self, kind: WorkerKind) -> Hashable:
        word = self.starts.pop(0)
        self.started.append(kind)
        worker = len(self.started)
        if word == "ready":
            self.waiting.append(WorkerReady(worker=worker, hello=Hello(evenhand="1", node="n")))
        elif word == "broken":
            self.waiting.append(WorkerLost(worker=worker, why="no module named evenhand"))
        return worker

    def give(self, worker: Hashable, task: Task) -> None:
        if self._on_give == "ends":
            self.waiting.append(WorkerEnded(worker=worker, ended=ended(task)))
        elif self._on_give == "Ctrl-C":
            os.kill(os.getpid(), signal.SIGINT)
            self.waiting.append(WorkerEnded(worker=worker, ended=ended(task)))
        else:
            self.waiting.append(WorkerLost(worker=worker, why="killed"))

    def events(self, *, seconds: float) -> Sequence[CrewEvent]:
        events, self.waiting = self.waiting, []
        return events

    def progress(self) -> Mapping[Hashable, Progress]:
        return {}

    def interrupt(self) -> None:
        self.interrupted += 1

    def close(self) -> None:
        """Nothing to end."""


def ended(task: Task) -> PartEnded:
    count = len(task.part)
    report = RunReport(
        stopped="done",
        skipped=0,
        asked=count,
        outcomes={"answered": count},
        calls=count,
        input_tokens=0,
        output_tokens=0,
        cost_usd=0.25,
        seconds=1.0,
    )
    return PartEnded(part=task.part.number, complete=True, report=report)


def drive(crew: ScriptedCrew, *, patience_s: float = 60.0) -> tuple[Dispatch, Driving, list[tuple[int, bool]]]:
    dispatch = Dispatch(parts_of(["m"], each=20, cells=5), shares=Shares(Limits(), workers=1))
    seen: list[tuple[int, bool]] = []

    def part_ended(part: PlanPart, complete: bool) -> None:
        seen.append((part.number, complete))

    driving = Driving(dispatch, crew, ended=part_ended, tick=lambda: None, version="1", patience_s=patience_s)
    driving.whole()
    return dispatch, driving, seen


def test_every_part_is_driven_to_its_end_and_counted() -> None:
    dispatch, driving, seen = drive(ScriptedCrew(["ready"]))
    assert seen == [(0, True), (1, True), (2, True), (3, True)]
    assert (dispatch.stopped, driving.calls(), driving.cost()) == ("done", 20, 1.0)


def test_workers_that_never_start_end_the_run_with_the_reason() -> None:
    dispatch, _, _ = drive(ScriptedCrew(["broken"] * 9))
    assert isinstance(dispatch.error, LocalError)
    assert "3 workers could not be started: no module named evenhand" in str(dispatch.error)


def test_a_cluster_without_room_ends_the_run_after_a_while() -> None:
    dispatch, _, _ = drive(ScriptedCrew(["never"]), patience_s=0.01)
    assert isinstance(dispatch.error, LocalError)
    assert "no machine of the cluster had a CPU free for a worker" in str(dispatch.error)


def test_a_part_that_kills_its_workers_ends_the_run() -> None:
    crew = ScriptedCrew(["ready"] * 9, on_give="lost")
    dispatch, _, seen = drive(crew)
    assert "3 workers were lost while they asked part 0" in str(dispatch.error)
    assert (len(crew.started), seen) == (3, [(0, False)] * 3)


def test_ctrl_c_is_passed_on_and_what_is_asked_is_waited_for() -> None:
    before = signal.getsignal(signal.SIGINT)
    crew = ScriptedCrew(["ready"], on_give="Ctrl-C")
    dispatch, _, seen = drive(crew)
    assert (dispatch.stopped, dispatch.error, seen) == ("interrupted", None, [(0, True)])
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("workers", [1, 3])
def test_a_driver_in_a_notebook_takes_no_signals(workers: int) -> None:
    """In a thread that is not the main one, signals are somebody else's."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        dispatch, _, seen = pool.submit(drive, ScriptedCrew(["ready"] * workers)).result()
    assert (dispatch.stopped, len(seen)) == ("done", 4)
