"""Workers of a cluster as threads of this process: the same askers that Ray starts, without Ray."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from importlib.metadata import version

from evenhand.cluster.asker import Asker
from evenhand.cluster.crew import CrewEvent, WorkerEnded, WorkerLost, WorkerReady
from evenhand.cluster.dispatch import WorkerKind
from evenhand.cluster.remote_place import open_place
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.task import Hello, Task, WorkerSettings
from evenhand.records.plan import Plan
from evenhand.run.limits import Progress


class ThreadCrew:
    """Threads that ask; one that is lost to the driver asks on, as a machine does that was cut off."""

    def __init__(
        self,
        plan: Plan,
        settings: WorkerSettings,
        *,
        workers: int = 2,
        gpus: int = 0,
        on_give: Callable[[ThreadCrew, int, Task], None] = lambda crew, worker, task: None,
        installed: str | None = None,
    ) -> None:
        self._plan, self._settings = plan, settings
        self._room: dict[WorkerKind, int] = {"cpu": workers, "gpu": gpus}
        self._on_give = on_give
        self._installed = installed or version("evenhand")
        self._events: queue.SimpleQueue[CrewEvent] = queue.SimpleQueue()
        self._askers: dict[int, Asker] = {}
        self._threads: list[threading.Thread] = []
        self._count = 0
        self.kinds: dict[int, WorkerKind] = {}
        self.given: list[tuple[int, Task]] = []

    def room(self) -> Mapping[WorkerKind, int]:
        return self._room

    def start(self, kind: WorkerKind) -> Hashable:
        self._count += 1
        shared = SharedStore.at(open_place(self._settings.store))
        self._askers[self._count] = Asker(self._plan, shared=shared, settings=self._settings)
        self.kinds[self._count] = kind
        hello = Hello(evenhand=self._installed, node="here")
        self._events.put(WorkerReady(worker=self._count, hello=hello))
        return self._count

    def give(self, worker: Hashable, task: Task) -> None:
        assert isinstance(worker, int)
        self.given.append((worker, task))
        asker = self._askers[worker]

        def ask() -> None:
            ended = asker.ask(task)
            if worker in self._askers:
                self._events.put(WorkerEnded(worker=worker, ended=ended))

        thread = threading.Thread(target=ask)
        thread.start()
        self._threads.append(thread)
        self._on_give(self, worker, task)

    def lose(self, worker: int) -> None:
        """Let the driver hear nothing more of a worker, which goes on."""
        del self._askers[worker]
        self._events.put(WorkerLost(worker=worker, why="its machine is gone"))

    def events(self, *, seconds: float) -> Sequence[CrewEvent]:
        try:
            return [self._events.get(timeout=seconds)]
        except queue.Empty:
            return []

    def progress(self) -> Mapping[Hashable, Progress]:
        known = {worker: asker.progress() for worker, asker in self._askers.items()}
        return {worker: one for worker, one in known.items() if one is not None}

    def interrupt(self) -> None:
        for asker in self._askers.values():
            asker.interrupt()

    def close(self) -> None:
        for thread in self._threads:
            thread.join()
        for asker in self._askers.values():
            asker.close()
