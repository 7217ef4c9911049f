"""Drives a run on several machines: gives parts to workers, replaces lost ones, and ends as one machine would."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, assert_never

from evenhand.cluster.crew import Crew, CrewEvent, WorkerEnded, WorkerLost, WorkerReady
from evenhand.cluster.dispatch import Dispatch, WorkerKind
from evenhand.cluster.part import PlanPart
from evenhand.cluster.task import Hello
from evenhand.errors import LocalError, UsageError
from evenhand.records.trial import OutcomeName
from evenhand.run.execute import GRACE_S
from evenhand.run.limits import Listener, Progress, RunReport

__all__ = ["Driving"]

_TURN_S = 0.25
_PATIENCE_S = 180.0
"""How long a part waits for a worker that could ask it before the cluster counts as too small."""
_MOST_FAILED_STARTS = 3


class Driving:
    """One drive.

    Args:
        dispatch: Who asks what next.
        crew: The workers.
        ended: Called when a worker is done with a part, and whether the part is complete.
        tick: Called every turn; may raise what ends the run.
        version: Version of the package, which all workers must have.
        max_seconds: Wall time of the run; None: no limit.
        listener: Told how far the run has come.
        skipped: Cells that were answered before.
        patience_s: How long a part waits for a worker.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        crew: Crew,
        *,
        ended: Callable[[PlanPart, bool], None],
        tick: Callable[[], None],
        version: str,
        max_seconds: float | None = None,
        listener: Listener | None = None,
        skipped: int = 0,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._dispatch = dispatch
        self._crew = crew
        self._ended = ended
        self._tick = tick
        self._version = version
        self._max_seconds = max_seconds
        self._listener = listener
        self._skipped = skipped
        self._patience_s = patience_s
        self._kinds: dict[Hashable, WorkerKind] = {}
        self._states: dict[Hashable, Literal["starting", "idle", "asking"]] = {}
        self._failed_starts = 0
        self._began = self._served = time.monotonic()
        self._interrupts = 0
        self._told_workers = 0
        self._stop_at: float | None = None
        self.reports: list[RunReport] = []
        """What workers reported, part by part."""
        self.lost: list[Progress] = []
        """How far lost workers had come, as last heard."""

    def whole(self) -> None:
        """Drive until nothing is left to do, or the run is stopped."""
        self._began = self._served = time.monotonic()
        for kind, count in self._crew.room().items():
            for _ in range(count if self._dispatch.waiting(kind) else 0):
                self._start(kind)
        with _interruptible(self._interrupted):
            while not self._dispatch.finished and not self._given_up():
                self._give()
                for event in self._crew.events(seconds=_TURN_S):
                    self._heard(event)
                self._tick()
                self._tell()
                self._check_patience()
                self._pass_on_stop()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def _start(self, kind: WorkerKind) -> None:
        worker = self._crew.start(kind)
        self._kinds[worker], self._states[worker] = kind, "starting"

    def _give(self) -> None:
        left = None if self._max_seconds is None else self._max_seconds - self.seconds
        for worker, state in self._states.items():
            if state != "idle":
                continue
            task = self._dispatch.take(worker, self._kinds[worker], seconds_left=left)
            if task is not None:
                self._states[worker] = "asking"
                self._crew.give(worker, task)

    def _heard(self, event: CrewEvent) -> None:
        match event:
            case WorkerReady():
                self._failed_starts = 0
                self._welcome(event.worker, event.hello)
            case WorkerEnded():
                self._states[event.worker] = "idle"
                if event.ended.report is not None:
                    self.reports.append(event.ended.report)
                part = self._dispatch.ended(event.worker, event.ended)
                self._ended(part, event.ended.complete)
            case WorkerLost():
                self._gone(event)
            case _ as unreachable:
                assert_never(unreachable)

    def _welcome(self, worker: Hashable, hello: Hello) -> None:
        if hello.evenhand != self._version:
            self._dispatch.fail(
                UsageError(
                    f"the machine {hello.node!r} has evenhand {hello.evenhand}, this one has {self._version}; install "
                    "the same version on all machines of the cluster"
                )
            )
        self._states[worker] = "idle"

    def _gone(self, event: WorkerLost) -> None:
        """A worker is lost: its part goes back, and another one is started in its place."""
        state, kind = self._states.pop(event.worker), self._kinds.pop(event.worker)
        known = self._crew.progress().get(event.worker)
        if known is not None:
            self.lost.append(known)
        part = self._dispatch.lost(event.worker)
        if part is not None:
            self._ended(part, False)
        if state == "starting":
            self._failed_starts += 1
            if self._failed_starts >= _MOST_FAILED_STARTS:
                self._dispatch.fail(LocalError(f"{_MOST_FAILED_STARTS} workers could not be started: {event.why}"))
        if self._dispatch.waiting(kind):
            self._start(kind)

    def _check_patience(self) -> None:
        """A part that no worker can be had for ends the run after a while."""
        served = {self._kinds[worker] for worker, state in self._states.items() if state != "starting"}
        waiting = [kind for kind in self._crew.room() if self._dispatch.waiting(kind) and kind not in served]
        if not waiting:
            self._served = time.monotonic()
        elif time.monotonic() - self._served > self._patience_s:
            needed = "a GPU and a CPU" if waiting[0] == "gpu" else "a CPU"
            self._dispatch.fail(
                LocalError(
                    f"no machine of the cluster had {needed} free for a worker in {self._patience_s:.0f} seconds; end "
                    "what else runs there, or add machines, and run again"
                )
            )

    def _interrupted(self) -> None:
        self._interrupts += 1
        self._dispatch.stop("interrupted")

    def _pass_on_stop(self) -> None:
        """Tell the workers of an interruption or an error, each as often as the user did."""
        wanted = max(self._interrupts, 1 if self._dispatch.error is not None else 0)
        while self._told_workers < min(wanted, 2):
            self._told_workers += 1
            self._crew.interrupt()
            self._stop_at = time.monotonic() + GRACE_S

    def _given_up(self) -> bool:
        """Whether workers that were told to stop had their time."""
        return self._stop_at is not None and time.monotonic() > self._stop_at

    def _tell(self) -> None:
        if self._listener is not None:
            self._listener(self._progress())

    def _progress(self) -> Progress:
        """What workers reported, and what those that ask now have done so far."""
        now = [one for worker, one in self._crew.progress().items() if self._states.get(worker) == "asking"]
        outcomes: Counter[OutcomeName] = Counter()
        for report in self.reports:
            outcomes.update(report.outcomes)
        for one in (*now, *self.lost):
            outcomes.update(one.outcomes)
        return Progress(
            done=outcomes.total(),
            skipped=self._skipped,
            outcomes=dict(outcomes),
            in_flight=sum(one.in_flight for one in now),
            calls=self.calls(now),
            cost_usd=self.cost(now),
            seconds=self.seconds,
        )

    def calls(self, now: list[Progress] | None = None) -> int:
        """Calls that were reported."""
        return sum(one.calls for one in (*self.reports, *self.lost, *(now or ())))

    def cost(self, now: list[Progress] | None = None) -> float | None:
        """US dollars that were reported; None where a price is not known."""
        costs = [one.cost_usd for one in (*self.reports, *self.lost, *(now or ())) if one.calls]
        return None if None in costs or not costs else sum(cost for cost in costs if cost is not None)


@contextmanager
def _interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Call `interrupt` on Ctrl-C and on termination, where this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: Mapping[signal.Signals, object] = {
        number: signal.signal(number, lambda *_: interrupt()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as it was given
