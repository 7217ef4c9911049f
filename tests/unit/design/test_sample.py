"""Which items are asked, and which of them for percentages too."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from evenhand.design.cells import Crossing
from evenhand.design.sample import asked_items, letters_alone, sample_items
from evenhand.errors import UsageError
from evenhand.plan.file import stamp_plan
from evenhand.records.item import Bank
from evenhand.records.plan import Design, Plan
from tests.support.small_plan import small_bank, small_plan, with_seed

BOTH = Design(answers=("letter", "distribution"), distribution_share=0.5)


def twins() -> Bank:
    """Four pairs of twins and two items without one."""
    bank = small_bank(10)
    items = tuple(replace(item, pair=f"p{index // 2}" if index < 8 else None) for index, item in enumerate(bank.items))
    return replace(bank, items=items)


def sized(items: int | None, **design: object) -> Plan:
    return small_plan(Design(items_per_kind=items, pairs_per_item=1, **design), bank=twins())  # type: ignore[arg-type]


def test_all_items_are_asked_where_no_number_is_given() -> None:
    assert len(asked_items(sized(None))) == len(asked_items(sized(99))) == 10


def test_so_many_items_are_asked_as_are_stated_and_twins_come_together() -> None:
    plan = sized(5)
    asked = asked_items(plan)
    pairs = Counter(item.pair for item in plan.banks[0].items if item.id in asked and item.pair)
    assert len(asked) == 5
    assert set(pairs.values()) == {2}
    assert set(Crossing(plan).meetings) == asked


def test_the_choice_of_items_follows_the_seed() -> None:
    plan = sized(4)
    drawn = {asked_items(stamp_plan(with_seed(plan, seed))) for seed in range(8)}
    assert asked_items(plan) == asked_items(sized(4))
    assert len(drawn) > 3


def test_where_only_twins_are_left_an_odd_number_is_rounded_down() -> None:
    items = twins().items[:8]
    assert len(sample_items(items, per_kind=lambda _: 5, seed=1, name="items")) == 4


def test_a_share_of_the_items_is_asked_for_percentages_too() -> None:
    plan = small_plan(replace(BOTH, pairs_per_item=1), bank=small_bank(20))
    formats = Counter((cell.condition.answer, cell.item) for cell, _ in Crossing(plan).pairs())
    items = Counter(answer for answer, _ in formats)
    assert items == {"letter": 20, "distribution": 10}
    cells = [cell for cell, _ in Crossing(plan).pairs()]
    assert len(cells) == Crossing(plan).size() and all(Crossing(plan).holds(cell) for cell in cells)
    alone = next(cell for cell in cells if cell.item in letters_alone(plan))
    assert not Crossing(plan).holds(replace(alone, condition=replace(alone.condition, answer="distribution")))


def test_every_item_is_asked_in_the_only_format_there_is() -> None:
    assert letters_alone(small_plan(Design(answers=("distribution",), distribution_share=0.5))) == frozenset()
    assert letters_alone(small_plan(Design(answers=("letter", "distribution")))) == frozenset()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"distribution_share": 0.0}, "distribution_share 0.0; allowed are shares above 0, up to 1"),
        ({"distribution_share": 50.0}, "distribution_share 50.0"),
        ({"items_per_kind": 0}, "items_per_kind 0; allowed are whole numbers from 1"),
    ],
)
def test_sizes_that_cannot_be_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Design(**wrong)  # type: ignore[arg-type]
