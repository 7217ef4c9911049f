"""Who asks which part next: hands parts out, takes back those of lost workers, and knows when a run is at its end."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Literal

from evenhand.cluster.part import PlanPart
from evenhand.cluster.shares import Shares
from evenhand.cluster.task import PartEnded, Task
from evenhand.errors import EvenhandError, LocalError
from evenhand.run.limits import Halt, StopReason

__all__ = ["MOST_LOSSES", "Dispatch", "WorkerKind"]

WorkerKind = Literal["cpu", "gpu"]
MOST_LOSSES = 3
"""Workers that one part may lose before the run is ended: it is then the part, or the machines, that lose them."""


class Dispatch:
    """The state of a run on several machines, as its driver sees it.

    Args:
        parts: The parts that are not answered yet.
        shares: The budget.
        gpu_models: Models that are asked by workers with a GPU only.
        answered: Models that have a usable answer from an earlier run.
    """

    def __init__(
        self,
        parts: Iterable[PlanPart],
        *,
        shares: Shares,
        gpu_models: Collection[str] = (),
        answered: Collection[str] = (),
    ) -> None:
        self._waiting: dict[str, deque[PlanPart]] = {}
        """Model -> its parts, in the plan's order."""
        for part in parts:
            self._waiting.setdefault(part.model, deque()).append(part)
        self._shares = shares
        self._gpu_models = frozenset(gpu_models)
        self._answered = set(answered)
        self._out: dict[Hashable, Task] = {}
        self._model_of: dict[Hashable, str] = {}
        self._attempts: Counter[int] = Counter()
        self._losses: Counter[int] = Counter()
        self._stopped: StopReason | None = None
        self.halts: dict[str, Halt] = {}
        self.error: EvenhandError | None = None
        """What ends the run; the first one."""
        self.workers_lost = 0

    @property
    def finished(self) -> bool:
        """Whether nothing is out, and nothing will be handed out any more."""
        return not self._out and (self._stopped is not None or not any(self._waiting.values()))

    @property
    def stopped(self) -> StopReason:
        """Why the run ended."""
        halted = next(iter(self.halts.values()), None)
        return self._stopped or (halted.reason if halted is not None else "done")

    @property
    def out(self) -> Collection[Hashable]:
        """Workers that are asking."""
        return self._out.keys()

    def waiting(self, kind: WorkerKind) -> bool:
        """Whether a worker of this kind could be given a part, now or when a share comes back."""
        return self._stopped is None and bool(self._fitting(kind))

    def take(self, worker: Hashable, kind: WorkerKind, *, seconds_left: float | None = None) -> Task | None:
        """A part for a worker that has none; None where there is none for it now.

        A worker gets parts of the model that it asked before, as long as there are any.
        """
        if self._stopped is not None:
            return None
        fitting = self._fitting(kind)
        if not fitting:
            return None
        limits = self._shares.lend(worker, seconds_left=seconds_left)
        if limits is None:
            if self._shares.used_up is not None:
                self._stopped = self._shares.used_up
            return None
        held = self._model_of.get(worker)
        part = self._waiting[held if held in fitting else self._least_asked(fitting)].popleft()
        self._attempts[part.number] += 1
        self._model_of[worker] = part.model
        task = Task(
            part=part,
            attempt=self._attempts[part.number],
            limits=limits,
            answered=part.model in self._answered,
        )
        self._out[worker] = task
        return task

    def ended(self, worker: Hashable, ended: PartEnded) -> PlanPart:
        """A worker is done with its part, which is handed out again where only a budget kept it from being answered."""
        task = self._out.pop(worker)
        self._shares.returned(worker, ended.report)
        if ended.trouble is not None:
            self.fail(ended.trouble.error())
            return task.part
        report = ended.report
        if report is None:
            return task.part
        if report.outcomes["answered"]:
            self._answered.add(task.part.model)
        for halt in report.halts:
            self.halts.setdefault(halt.model, halt)
            self._waiting.pop(halt.model, None)
        if report.stopped in ("max_calls", "max_cost", "max_tokens", "max_seconds"):
            self._again(task.part)
            if self._shares.used_up is not None:
                self.stop(self._shares.used_up)
        return task.part

    def lost(self, worker: Hashable) -> PlanPart | None:
        """A worker is gone; its part is handed out again. Returns that part."""
        self.workers_lost += 1
        self._shares.lost(worker)
        self._model_of.pop(worker, None)
        task = self._out.pop(worker, None)
        if task is None:
            return None
        part = task.part
        self._losses[part.number] += 1
        if self._losses[part.number] >= MOST_LOSSES:
            self.fail(
                LocalError(
                    f"{MOST_LOSSES} workers were lost while they asked part {part.number} (cells {part.start:,} to "
                    f"{part.stop - 1:,} of {part.model}); look into the logs of their machines: too little memory is "
                    "the usual cause. What was answered is safe; run again to go on"
                )
            )
        self._again(part)
        return part

    def stop(self, reason: StopReason) -> None:
        """Hand nothing more out."""
        if self._stopped is None:
            self._stopped = reason

    def fail(self, error: EvenhandError) -> None:
        """End the run with an error."""
        if self.error is None:
            self.error = error
        self.stop("failing")

    def _again(self, part: PlanPart) -> None:
        if part.model not in self.halts:
            self._waiting.setdefault(part.model, deque()).appendleft(part)

    def _fitting(self, kind: WorkerKind) -> list[str]:
        """Models that wait for a worker of this kind."""
        return [
            model for model, parts in self._waiting.items() if parts and (model in self._gpu_models) == (kind == "gpu")
        ]

    def _least_asked(self, models: Sequence[str]) -> str:
        """The model that the fewest workers ask now, so that models are asked side by side."""
        asked = Counter(task.part.model for task in self._out.values())
        return min(models, key=lambda model: asked[model])
