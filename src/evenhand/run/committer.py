"""Writes rows in the background, many in one transaction, and tells the event loop when they are durable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from evenhand.errors import StoreError
from evenhand.store.rows import Row
from evenhand.store.store import Store

__all__ = ["Committer"]

_GATHER_S = 0.005
"""How long the first row of a transaction waits for company; one flush to disk then serves them all."""
_MOST_ROWS = 512


class Committer:
    """One thread that owns the store while a run lasts.

    Args:
        store: Where rows go.
        saved: Called in the event loop with the rows that are now on disk.
        broken: Called in the event loop, once, when the store can take no more.
    """

    def __init__(
        self, store: Store, *, saved: Callable[[list[Row]], None], broken: Callable[[StoreError], None]
    ) -> None:
        self._store = store
        self._saved = saved
        self._broken = broken
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
        time.sleep(_GATHER_S)
        batch = [first]
        while len(batch) < _MOST_ROWS:
            try:
                row = self._rows.get_nowait()
            except Empty:
                break
            if row is None:
                return batch, False
            batch.append(row)
        return batch, True
