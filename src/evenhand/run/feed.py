"""Hands the cells of a lazy sequence to the models they are for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable

from evenhand.errors import UsageError
from evenhand.records.work import Work

__all__ = ["Feed"]

_BREATH = 256
"""Cells skipped in a row before the event loop gets a turn."""


class Feed:
    """The cells still to be asked, model by model, drawn one at a time.

    A model that is served faster than the others may look ahead in the sequence, but only so far: what waits in
    memory is bounded whatever the number of cells.

    Args:
        work: The cells, in any order; consumed once.
        models: The models that cells may name.
        present: Whether a cell needs no asking any more.
        ahead: How many cells may wait for each model.
    """

    def __init__(
        self, work: Iterable[Work], *, models: Collection[str], present: Callable[[str], bool], ahead: int = 256
    ) -> None:
        self.skipped = 0
        self._work = iter(work)
        self._present = present
        self._ahead = ahead
        self._waiting: dict[str, deque[Work]] = {model: deque() for model in models}
        self._full: set[str] = set()
        self._dropped: set[str] = set()
        self._moved = asyncio.Event()
        self._ended = False

    async def take(self, model: str) -> Work | None:
        """The next cell for a model; None when there are no more.

        Raises:
            UsageError: A cell names a model that has no endpoint.
        """
        own = self._waiting[model]
        while True:
            if own:
                return self._pop(model, own)
            if self._ended or model in self._dropped:
                return None
            if self._full:
                self._moved.clear()
                await self._moved.wait()
            elif self._pull():
                await asyncio.sleep(0)

    def drop(self, model: str) -> None:
        """Hand out no more cells of one model; the others go on."""
        self._dropped.add(model)
        self._waiting[model].clear()
        self._full.discard(model)
        self._moved.set()

    def close(self) -> None:
        """End the sequence: nothing more is handed out, and nobody goes on waiting."""
        self._ended = True
        for waiting in self._waiting.values():
            waiting.clear()
        self._full.clear()
        self._moved.set()

    def _pop(self, model: str, own: deque[Work]) -> Work:
        work = own.popleft()
        if model in self._full:
            self._full.discard(model)
            self._moved.set()
        return work

    def _pull(self) -> bool:
        """Draw until one cell waits for somebody; True when the event loop should get a turn first."""
        for count, work in enumerate(self._work, start=1):
            if self._present(work.cell.cell_key):
                self.skipped += 1
                if count == _BREATH:
                    return True
                continue
            if work.cell.model in self._dropped:
                if count == _BREATH:
                    return True
                continue
            waiting = self._waiting.get(work.cell.model)
            if waiting is None:
                known = ", ".join(map(repr, self._waiting))
                raise UsageError(
                    f"A cell asks the model {work.cell.model!r}, which has no endpoint; there are: {known}."
                )
            waiting.append(work)
            if len(waiting) >= self._ahead:
                self._full.add(work.cell.model)
            return False
        self._ended = True
        self._moved.set()
        return False
