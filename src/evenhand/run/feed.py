"""Hands out the cells of one model, drawn one at a time from a lazy sequence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from evenhand.errors import UsageError
from evenhand.records.work import Work

__all__ = ["Feed"]

_BREATH = 256
"""Cells skipped in a row before the event loop gets a turn."""


class Feed:
    """The cells of one model that are still to be asked. No model waits for another, and nothing waits in memory.

    Args:
        model: The model.
        work: Its cells, in any order; consumed once.
        present: Whether a cell needs no asking any more.
    """

    def __init__(self, model: str, work: Iterable[Work], *, present: Callable[[str], bool]) -> None:
        self.skipped = 0
        self._model = model
        self._work = iter(work)
        self._present = present
        self._closed = False

    async def take(self) -> Work | None:
        """The next cell; None when there are no more, or the feed was closed.

        Raises:
            UsageError: A cell is another model's.
        """
        while not self._closed:
            for count, work in enumerate(self._work, start=1):
                if self._present(work.cell.cell_key):
                    self.skipped += 1
                    if count == _BREATH:
                        break
                    continue
                if work.cell.model != self._model:
                    raise UsageError(f"A cell of the model {work.cell.model!r} is among the cells of {self._model!r}.")
                return work
            else:
                return None
            await asyncio.sleep(0)
        return None

    def close(self) -> None:
        """Hand out nothing more."""
        self._closed = True
