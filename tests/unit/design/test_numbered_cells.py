"""Cells by number: the same as counting."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.design.cells import Crossing
from evenhand.design.numbered_cells import NumberedCells
from evenhand.plan.file import stamp_plan
from evenhand.records.plan import Design, ModelSpec
from tests.support.small_plan import small_plan

DESIGN = Design(pairs_per_item=2, profiles_per_item=3, replicates=2, none_repeats=3, placements=("system", "history"))
PLAN = stamp_plan(
    msgspec.structs.replace(
        small_plan(DESIGN), models=(ModelSpec(name="simulated/null"), ModelSpec(name="simulated/tilted"))
    )
)


def test_every_cell_has_its_place_in_the_order_of_the_plan() -> None:
    crossing = Crossing(PLAN)
    cells = NumberedCells(crossing)
    counted = list(enumerate(crossing.pairs()))
    assert len(cells) == len(counted) == crossing.size()
    assert [(number, (cell, met)) for number, cell, met in cells.between(0, len(cells))] == counted


@pytest.mark.parametrize("size", [1, 7, 40])
def test_slices_put_together_are_the_whole(size: int) -> None:
    cells = NumberedCells(Crossing(PLAN))
    whole = [(number, cell) for number, cell, _ in cells.between(0, len(cells))]
    slices = [
        (number, cell)
        for start in range(0, len(cells), size)
        for number, cell, _ in cells.between(start, min(start + size, len(cells)))
    ]
    assert slices == whole


def test_a_number_that_the_plan_does_not_have_is_refused() -> None:
    cells = NumberedCells(Crossing(PLAN))
    with pytest.raises(IndexError, match=f"of {len(cells)}"):
        list(cells.between(0, len(cells) + 1))
