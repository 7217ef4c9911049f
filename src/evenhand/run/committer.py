"""Writes rows in the background, many in one transaction, and tells the event loop when they are durable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Protocol

from msgspec import Struct

from evenhand.errors import StoreError
from evenhand.store.rows import Row

__all__ = ["UNSAVED", "Committer", "Sink", "WritePace"]

UNSAVED = 64
"""Answers that may wait for the disk, beyond as many as may be in flight, before no more cells are started."""
_GLANCE_S = 0.05
"""How often a transaction that waits long is looked at, whether it is full."""


class Sink(Protocol):
    """Where rows go: the store of a run directory, or of a part of it."""

    @property
    def path(self) -> Path | str:
        """Where it is, for messages."""
        ...

    def has(self, key: str) -> bool:
        """Whether the cell was answered before this run, or by it."""
        ...

    def count(self) -> int:
        """Number of cells answered."""
        ...

    def answered_models(self) -> frozenset[str]:
        """Models that have a usable answer."""
        ...

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows together; when this returns they are durable.

        Raises:
            StoreError: Nothing of these rows was written.
        """
        ...


class WritePace(Struct, frozen=True, kw_only=True):
    """How many rows are written together, and how many may wait."""

    gather_s: float = 0.005
    """How long the first row of a transaction waits for company; one flush to disk then serves them all."""
    most_rows: int = 512
    """Rows of a transaction at most."""
    unsaved: int = UNSAVED
    """Answers that may wait for the disk, beyond as many as may be in flight."""


class Committer:
    """One thread that owns the store while a run lasts.

    Args:
        store: Where rows go.
        saved: Called in the event loop with the rows that are now on disk.
        broken: Called in the event loop, once, when the store can take no more.
        pace: How many rows are written together.
    """

    def __init__(
        self,
        store: Sink,
        *,
        saved: Callable[[list[Row]], None],
        broken: Callable[[StoreError], None],
        pace: WritePace = WritePace(),
    ) -> None:
        self._store = store
        self._saved = saved
        self._broken = broken
        self._pace = pace
        self._closing = Event()
        self._sound = False  # whether the thread ended as foreseen
        self._loop = asyncio.get_running_loop()
        self._rows: SimpleQueue[Row | None] = SimpleQueue()
        self._finished = self._loop.create_future()
        self._thread = Thread(target=self._work, name="evenhand-store", daemon=True)
        self._thread.start()

    def put(self, row: Row) -> None:
        """Have a row written soon."""
        self._rows.put(row)

    async def close(self) -> None:
        """Return when everything that was put is on disk, or the store is broken."""
        self._rows.put(None)
        self._closing.set()
        await self._finished
        self._thread.join()
        if not self._sound:
            raise self._stopped("an error")

    def _stopped(self, what: str) -> StoreError:
        path = str(self._store.path)
        return StoreError(f"Writing to {path!r} stopped on {what}; run again: what was counted is safe.")

    def _work(self) -> None:
        try:
            more = True
            while more:
                batch, more = self._gather()
                if batch:
                    self._store.append(batch)
                    self._loop.call_soon_threadsafe(self._saved, batch)
            self._sound = True
        except StoreError as error:
            self._sound = True
            self._loop.call_soon_threadsafe(self._broken, error)
        except Exception as error:  # the border of the thread: who waits for room would wait for ever
            self._sound = True
            stopped = self._stopped(f"{type(error).__name__}: {error}")
            stopped.__cause__ = error
            self._loop.call_soon_threadsafe(self._broken, stopped)
        finally:
            self._loop.call_soon_threadsafe(self._finished.set_result, None)

    def _gather(self) -> tuple[list[Row], bool]:
        """The rows of the next transaction, and whether more may follow."""
        first = self._rows.get()
        if first is None:
            return [], False
        self._wait_for_company()
        batch = [first]
        while len(batch) < self._pace.most_rows:
            try:
                row = self._rows.get_nowait()
            except Empty:
                break
            if row is None:
                return batch, False
            batch.append(row)
        return batch, True

    def _wait_for_company(self) -> None:
        """Until the transaction is full, its time is over, or nothing more will come."""
        until = time.monotonic() + self._pace.gather_s
        while (left := until - time.monotonic()) > 0 and self._rows.qsize() < self._pace.most_rows:
            if self._closing.wait(min(left, _GLANCE_S)):
                return
