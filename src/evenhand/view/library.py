"""Everything that pages look things up in: the folder, its runs, and the thread that makes their indexes."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from evenhand.errors import EvenhandError
from evenhand.plan.file import PLAN_FILE, read_plan
from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.findings import Findings
from evenhand.records.message import Reply
from evenhand.records.plan import Plan
from evenhand.records.trial import Outcome
from evenhand.report.findings_file import read_findings
from evenhand.rundir import FINDINGS_FILE
from evenhand.view.annotations import Annotation
from evenhand.view.followed_run import FollowedRun
from evenhand.view.kept_file import KeptFiles
from evenhand.view.known_plan import KnownPlan
from evenhand.view.run_folder import RunFolder

__all__ = ["Library"]

_RUNS = 12
"""Runs whose trials are kept in memory."""
_FILES = 200
_AHEAD = 12
_PATIENCE_S = 0.12
"""How long a page waits for the index: what is new in a run that is followed is taken in within that time."""


def _know_records() -> None:
    """Have msgspec learn the records that several threads read, in one thread.

    It learns a record the first time that it reads one, and ends the process where two threads do that at once
    (msgspec 0.22).
    """
    for record in (Plan, Findings, Condition, Cell, Reply, Annotation):
        msgspec.json.Decoder(record)
    msgspec.json.Decoder(Outcome)


class Library:
    """The folder and what is known of its runs. Pages ask it from one thread; indexes are made in another.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        _know_records()
        lock = threading.RLock()
        self.plans: KeptFiles[KnownPlan] = KeptFiles(
            lambda path: KnownPlan(read_plan(path.parent)), most=_FILES, lock=lock
        )
        self._findings: KeptFiles[Findings] = KeptFiles(lambda path: read_findings(path.parent), most=_FILES, lock=lock)
        self._runs: OrderedDict[Path, FollowedRun] = OrderedDict()
        self._wanted: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="evenhand-view-index", daemon=True)
        self._thread.start()
        self.later(self._read_ahead)

    def plan(self, path: Path) -> KnownPlan:
        """The plan of a run directory.

        Raises:
            PlanError: It cannot be read.
        """
        return self.plans.of(path / PLAN_FILE)

    def findings(self, path: Path) -> Findings | None:
        """The findings of a run directory; None where it was not analysed yet.

        Raises:
            InputError: They cannot be read.
        """
        file = path / FINDINGS_FILE
        return self._findings.of(file) if file.is_file() and not file.is_symlink() else None

    def run(self, path: Path) -> FollowedRun:
        """A run directory, with its index on the way to what the store holds now.

        Raises:
            PlanError: Its plan cannot be read.
            StoreError: Its store cannot be read.
        """
        known = self.plan(path)
        found = self._runs.get(path)
        if found is None or found.known is not known:
            found = self._runs[path] = FollowedRun(path, known)
            while len(self._runs) > _RUNS:
                self._runs.popitem(last=False)
        self._runs.move_to_end(path)
        if found.done.is_set() and found.behind():
            found.done.clear()
            self.later(partial(found.catch_up, stopping=self._stopping))
            found.done.wait(_PATIENCE_S)
        return found

    def later(self, work: Callable[[], None]) -> None:
        """Have something done by the other thread, after what it has to do already."""
        self._wanted.put(work)

    def close(self) -> None:
        """End the thread; an index that is being made goes on from there the next time."""
        self._stopping.set()
        self._wanted.put(None)
        self._thread.join(timeout=10.0)

    def _read_ahead(self) -> None:
        """Read the plans and findings of the first runs, before the first page asks for them."""
        for entry in [entry for entry in self.folder.entries() if entry.kind == "run"][:_AHEAD]:
            if self._stopping.is_set():
                return
            try:
                _ = self.plan(entry.path).planned, self.findings(entry.path)
            except EvenhandError:  # the list of runs says what is wrong with it
                continue

    def _work(self) -> None:
        while (work := self._wanted.get()) is not None and not self._stopping.is_set():
            work()
