"""The workers of a run, whoever starts them: what a driver needs of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from evenhand.cluster.dispatch import WorkerKind
from evenhand.cluster.task import Hello, PartEnded, Task
from evenhand.run.limits import Progress

__all__ = ["Crew", "CrewEvent", "WorkerEnded", "WorkerLost", "WorkerReady"]


class WorkerReady(Struct, frozen=True, kw_only=True):
    """A worker is there."""

    worker: Hashable
    hello: Hello


class WorkerEnded(Struct, frozen=True, kw_only=True):
    """A worker is done with its part."""

    worker: Hashable
    ended: PartEnded


class WorkerLost(Struct, frozen=True, kw_only=True):
    """A worker is gone, or could not be started; it will say nothing more."""

    worker: Hashable
    why: str


CrewEvent = WorkerReady | WorkerEnded | WorkerLost


class Crew(Protocol):
    """Workers that can be started, given parts, and lost."""

    def room(self) -> Mapping[WorkerKind, int]:
        """How many workers of each kind there should be."""
        ...

    def start(self, kind: WorkerKind) -> Hashable:
        """Start one more worker; it is heard of when it is there, which may be never."""
        ...

    def give(self, worker: Hashable, task: Task) -> None:
        """Have a worker ask a part."""
        ...

    def events(self, *, seconds: float) -> Sequence[CrewEvent]:
        """What happened since the last time; waits so long for something to happen."""
        ...

    def progress(self) -> Mapping[Hashable, Progress]:
        """How far the parts have come that are asked now, as last heard."""
        ...

    def interrupt(self) -> None:
        """Have all workers start nothing new; the second time, give up what is in flight."""
        ...

    def close(self) -> None:
        """Let all workers go."""
        ...
