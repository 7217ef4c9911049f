"""A part of a plan: cells with neighbouring numbers, asked by one worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

__all__ = ["PART_CELLS", "PlanPart", "parts_of"]

PART_CELLS = 5_000
"""Cells of a part, unless said otherwise."""


class PlanPart(Struct, frozen=True, kw_only=True):
    """Cells of one model with neighbouring numbers."""

    number: int
    """Which part of the plan, from 0."""
    model: str
    """Name of the model as planned."""
    start: int
    """Number of the first cell in the plan's order."""
    stop: int
    """Number after the last cell."""

    def __len__(self) -> int:
        return self.stop - self.start


def parts_of(models: Sequence[str], *, each: int, cells: int) -> Iterator[PlanPart]:
    """The parts of a plan, in its order; no part has cells of two models.

    Args:
        models: Names of the models, in the plan's order.
        each: Cells of one model.
        cells: Cells of a part at most.
    """
    number = 0
    for place, model in enumerate(models):
        first, end = place * each, (place + 1) * each
        for start in range(first, end, cells):
            yield PlanPart(number=number, model=model, start=start, stop=min(start + cells, end))
            number += 1
