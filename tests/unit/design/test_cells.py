from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import msgspec

from evenhand.design.cells import Crossing
from evenhand.plan.file import stamp_plan
from evenhand.records.plan import Design, ModelSpec
from tests.support.small_plan import small_bank, small_plan, with_seed


def test_the_cells_are_counted_without_being_made() -> None:
    crossing = Crossing(small_plan())
    assert crossing.size() == len(list(crossing.pairs()))


def test_keys_are_unique_and_depend_on_the_plan_alone() -> None:
    plan = small_plan()
    keys = [cell.cell_key for cell, _ in Crossing(plan).pairs()]
    assert len(set(keys)) == len(keys)
    assert keys == [cell.cell_key for cell, _ in Crossing(small_plan()).pairs()]
    assert not set(keys) & {cell.cell_key for cell, _ in Crossing(with_seed(plan, 8)).pairs()}


def test_every_arm_of_an_item_and_replicate_sees_the_same_option_order() -> None:
    seen = defaultdict(set)
    for cell, _ in Crossing(small_plan()).pairs():
        seen[cell.item, cell.order_index].add(cell.option_order)
    assert {len(orders) for orders in seen.values()} == {1}


def test_the_none_arm_is_repeated_under_every_order() -> None:
    design = Design(none_repeats=3, pairs_per_item=1, replicates=2)
    counts = Counter(
        (cell.item, cell.order_index) for cell, _ in Crossing(small_plan(design)).pairs() if cell.arm == "none"
    )
    assert set(counts.values()) == {3}


def test_both_versions_of_a_matched_set_always_come_together() -> None:
    met = defaultdict(set)
    for cell, meeting in Crossing(small_plan()).pairs():
        if meeting.arm.cohort == "pairs" and meeting.arm.kind == "profile":
            met[cell.item, meeting.arm.matched_set, cell.replicate].add(meeting.arm.levels["position"])
    assert met
    assert all(levels == {"advantaged", "disadvantaged"} for levels in met.values())


def test_the_none_arm_is_asked_once_however_many_placements_there_are() -> None:
    one = Crossing(small_plan(Design(pairs_per_item=1)))
    two = Crossing(small_plan(Design(pairs_per_item=1, placements=("system", "narrative"))))
    count = [sum(cell.arm == "none" for cell, _ in crossing.pairs()) for crossing in (one, two)]
    assert count[0] == count[1]
    assert two.size() > one.size()


def test_arm_by_arm_and_item_by_item_are_the_same_cells() -> None:
    crossing = Crossing(small_plan())
    by_item = {cell.cell_key for cell, _ in crossing.pairs()}
    by_arm = [cell.cell_key for cell, _ in crossing.pairs_by_arm()]
    assert set(by_arm) == by_item
    assert len(by_arm) == len(by_item)


def test_any_beginning_of_the_cells_holds_whole_items() -> None:
    items = [cell.item for cell, _ in Crossing(small_plan()).pairs()]
    changes = sum(a != b for a, b in pairwise(items))
    assert changes == len(set(items)) - 1


def test_several_models_are_asked_the_same_questions_under_different_keys() -> None:
    plan = small_plan()
    two = stamp_plan(
        msgspec.structs.replace(plan, models=(ModelSpec(name="simulated/null"), ModelSpec(name="simulated/tilted")))
    )
    asked = defaultdict(list)
    for cell, _ in Crossing(two).pairs():
        asked[cell.model].append((cell.item, cell.arm, cell.replicate))
    first, second = asked.values()
    assert first == second
    assert len({cell.cell_key for cell, _ in Crossing(two).pairs()}) == 2 * len(first)


def test_a_changed_item_changes_its_keys_only() -> None:
    plan = small_plan()
    bank = small_bank()
    changed = msgspec.structs.replace(bank.items[0], stem="Kim loses parcel number 0.")
    other = small_plan(bank=msgspec.structs.replace(bank, items=(changed, *bank.items[1:])))
    before = {cell.cell_key: cell.item for cell, _ in Crossing(plan).pairs()}
    after = {cell.cell_key: cell.item for cell, _ in Crossing(other).pairs()}
    assert {before[key] for key in before.keys() - after.keys()} == {"i0"}


def test_a_plan_holds_its_own_cells_and_none_that_differs_in_any_field() -> None:
    crossing = Crossing(small_plan())
    cells = [cell for cell, _ in crossing.pairs()]
    assert all(crossing.holds(cell) for cell in cells)
    other: dict[str, object] = {
        "cell_key": "0" * 32,
        "model": "m",
        "arm": "nobody",
        "item": "i99",
        "replicate": 10**18,
        "order_index": 7,
        "option_order": (0, 9),
    }
    shown: dict[str, object] = {"placement": "tool", "cue": "implied", "reader": "use", "mitigation": "gate"}
    changed = [(name, {name: value}) for name, value in other.items()]
    for cell in cells[:3]:
        conditions = [(name, msgspec.structs.replace(cell.condition, **{name: value})) for name, value in shown.items()]
        every: list[tuple[str, dict[str, object]]] = [*changed]
        for name, condition in conditions:
            every.append((name, {"condition": condition}))
        for name, change in every:
            assert not crossing.holds(msgspec.structs.replace(cell, **change)), name
    assert not crossing.holds(msgspec.structs.replace(cells[0], replicate=-1))
