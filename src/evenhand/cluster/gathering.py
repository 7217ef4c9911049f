"""Brings the answers of the shared store into the run directory, so that everything after asking finds one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from evenhand.cluster.landed_decisions import read_decisions
from evenhand.cluster.part import PlanPart
from evenhand.cluster.part_file import NumberedRow, read_rows
from evenhand.cluster.shared_store import SharedStore, driver_of
from evenhand.errors import StoreError
from evenhand.records.trial import OUTCOMES, OutcomeName, outcome_name
from evenhand.store.decisions import DecisionTable
from evenhand.store.rows import is_failure
from evenhand.store.store import Store

__all__ = ["Gathering", "gathered_mark"]

_ROWS = 2_000
"""Rows written to the run directory in one transaction."""


class Gathering:
    """Copies parts into the store of a run directory, in a thread of its own, which owns that store.

    A part is copied once: its mark is written with its last rows. Copying one again would add nothing.

    Args:
        shared: The shared store.
        store: The store of the run directory; open for writing.
    """

    def __init__(self, shared: SharedStore, store: Store) -> None:
        self._shared = shared
        self._store = store
        self._marked = store.marked(gathered_mark(shared, ""))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evenhand-gathering")
        self._waiting: list[Future[None]] = []
        self.driver = 0
        """Number of the driver whose answers are counted; 0: none yet."""
        self.brought: set[int] = set()
        """Answered parts that were copied now."""
        self.outcomes: Counter[OutcomeName] = Counter(dict.fromkeys(OUTCOMES, 0))
        """Outcome -> cells that this driver's workers asked."""
        self.repeated = 0
        """Answers that were left out, for an earlier one to the same cell was there."""

    def has(self, part: int) -> bool:
        """Whether an answered part was copied before."""
        return gathered_mark(self._shared, part) in self._marked

    def bring(self, part: PlanPart, *, complete: bool) -> None:
        """Have a part copied soon.

        Args:
            part: The part.
            complete: Whether it has a manifest; otherwise what its files hold is copied, failures among it.
        """
        if complete:
            self.brought.add(part.number)
        self._waiting.append(self._thread.submit(self._bring, part, complete))

    def bring_decisions(self) -> None:
        """Have every file of decisions copied soon that was not copied before."""
        self._waiting.append(self._thread.submit(self._bring_decisions))

    def check(self) -> None:
        """Raise what copying raised so far.

        Raises:
            StoreError: A file cannot be read, or the run directory cannot be written.
        """
        done = [future for future in self._waiting if future.done()]
        self._waiting = [future for future in self._waiting if not future.done()]
        for future in done:
            future.result()

    def close(self) -> None:
        """Wait until everything is copied.

        Raises:
            StoreError: A file cannot be read, or the run directory cannot be written.
        """
        self._thread.shutdown(wait=True)
        self.check()

    def _bring(self, part: PlanPart, complete: bool) -> None:
        manifest = self._shared.manifest(part.number) if complete else None
        if manifest is not None:
            files = self._shared.checked(manifest)
        else:
            names = self._shared.files(part.number)
            files = ((name, self._shared.content(part.number, name)) for name in names)
        named = ((name, row) for name, data in files for row in read_rows(data, name=name))
        rows = self._new(part, named)
        for start in range(0, len(rows), _ROWS):
            self._store.append([one.row for _, one in rows[start : start + _ROWS]])
        if manifest is not None:
            self._store.mark(gathered_mark(self._shared, part.number))
        for name, one in rows:
            if driver_of(name) == self.driver:
                self.outcomes[outcome_name(one.row.outcome)] += 1

    def _bring_decisions(self) -> None:
        """Copy files of decisions, each with its mark in one transaction: none is copied twice."""
        names = [name for name in self._shared.decision_files() if self._decisions_mark(name) not in self._marked]
        if not names:
            return
        table = DecisionTable(self._store)
        for name in names:
            table.keep(tuple(read_decisions(self._shared, name)), mark=self._decisions_mark(name))

    def _decisions_mark(self, name: str) -> str:
        return gathered_mark(self._shared, f"decisions/{name}")

    def _new(self, part: PlanPart, rows: Iterable[tuple[str, NumberedRow]]) -> list[tuple[str, NumberedRow]]:
        """The first answer to each cell, and the last failure of a cell without one; nothing that is there already.

        Raises:
            StoreError: A row is of another part.
        """
        answers: dict[int, tuple[str, NumberedRow]] = {}
        failures: dict[int, tuple[str, NumberedRow]] = {}
        for name, one in rows:
            if not part.start <= one.number < part.stop:
                raise StoreError(
                    f"a file of part {part.number} in {self._shared.place.address!r} has cell {one.number:,}, which is "
                    "of another part; restore the file from a copy"
                )
            if is_failure(one.row):
                failures[one.number] = (name, one)
            elif one.number in answers:
                self.repeated += 1
            else:
                answers[one.number] = (name, one)
        missing = [failure for number, failure in failures.items() if number not in answers]
        return [pair for pair in (*answers.values(), *missing) if not self._store.has(pair[1].row.cell_key)]


def gathered_mark(shared: SharedStore, part: int | str) -> str:
    """The name under which a run directory notes that it holds a part; with an empty part, how such names begin."""
    return f"gathered/{shared.layout.token}/{part}"
