"""One worker on a machine of a Ray cluster. Ray carries bytes to it and back: JSON, made and read here."""

from __future__ import annotations

import platform
from importlib.metadata import version

import msgspec

from evenhand.cluster.asker import Asker
from evenhand.cluster.remote_place import open_place
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.task import Hello, PartEnded, Task, WorkerSettings, WorkerTrouble, trouble_of
from evenhand.errors import EvenhandError
from evenhand.records.plan import Plan

__all__ = ["RayWorker"]


class RayWorker:
    """What Ray makes an actor of. Keys are read from the environment of the machine it runs on.

    Args:
        plan: The plan as JSON.
        settings: `WorkerSettings` as JSON.
    """

    def __init__(self, plan: bytes, settings: bytes) -> None:
        self._asker: Asker | None = None
        self._trouble: WorkerTrouble | None = None
        made = msgspec.json.decode(settings, type=WorkerSettings)
        try:
            shared = SharedStore.at(open_place(made.store))
            self._asker = Asker(msgspec.json.decode(plan, type=Plan), shared=shared, settings=made)
        except EvenhandError as error:
            self._trouble = trouble_of(error)

    def hello(self) -> bytes:
        """`Hello` as JSON."""
        return msgspec.json.encode(Hello(evenhand=version("evenhand"), node=platform.node()))

    def ask(self, task: bytes) -> bytes:
        """Ask a part: `Task` as JSON in, `PartEnded` as JSON out."""
        asked = msgspec.json.decode(task, type=Task)
        if self._asker is None:
            return msgspec.json.encode(PartEnded(part=asked.part.number, complete=False, trouble=self._trouble))
        return msgspec.json.encode(self._asker.ask(asked))

    def progress(self) -> bytes:
        """How far the part has come that is asked now: `Progress` as JSON, or null."""
        return msgspec.json.encode(None if self._asker is None else self._asker.progress())

    def interrupt(self) -> None:
        """Start nothing new; the second time give up what is in flight."""
        if self._asker is not None:
            self._asker.interrupt()
