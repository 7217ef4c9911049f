"""The cells of a plan by number, without counting up to them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenhand.design.cells import Crossing, Meeting
from evenhand.records.cell import Cell

__all__ = ["NumberedCells"]


class NumberedCells:
    """The cells of a plan in the plan's order, each with its number: model after model, item after item.

    Finding a place costs a search among the meetings of items and arms, however many cells come before it.

    Args:
        crossing: The crossing of the plan.
    """

    def __init__(self, crossing: Crossing) -> None:
        self._crossing = crossing
        self._models = crossing.plan.models
        self._meetings = [meeting for met in crossing.meetings.values() for meeting in met]
        counts = np.fromiter((crossing.count(meeting) for meeting in self._meetings), dtype=np.int64)
        self._ends = np.cumsum(counts)
        self.each = int(self._ends[-1]) if self._meetings else 0
        """Cells of one model."""

    def __len__(self) -> int:
        return self.each * len(self._models)

    def between(self, start: int, stop: int) -> Iterator[tuple[int, Cell, Meeting]]:
        """The cells with the numbers from `start` up to, not including, `stop`.

        Raises:
            IndexError: The plan has no such numbers.
        """
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"cells {start} to {stop} of {len(self)}")
        number = start
        while number < stop:
            model, within = divmod(number, self.each)
            place = int(np.searchsorted(self._ends, within, side="right"))
            first = number - within + (int(self._ends[place - 1]) if place else 0)
            made = self._crossing.cells_of(self._models[model], (self._meetings[place],))
            for at, (cell, meeting) in enumerate(made, start=first):
                if number <= at < stop:
                    yield at, cell, meeting
            number = self.each * model + int(self._ends[place])
