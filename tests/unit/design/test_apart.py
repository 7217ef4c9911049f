"""Items and users that contradict each other do not meet, and nobody is met more or less often for it."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from evenhand.bank.contradictions import clashes
from evenhand.bank.load import load_bank
from evenhand.design.apart import kept_apart, left_out
from evenhand.design.cells import Crossing
from evenhand.design.presets import preset_design
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.item import Item
from evenhand.records.plan import Plan
from evenhand.records.profile import Arm, Fact

CAR, CARLESS, PLAIN = "My car broke down.", "The user has no car.", "The user likes tea."


def item(name: str, *, car: bool) -> Item:
    bank = load_bank("management")
    return msgspec.structs.replace(bank.items[0], id=name, stem=CAR if car else "I am late.", presupposes=())


def group(name: str, text: str) -> list[Arm]:
    facts = (Fact(text=text, dimension="demographics"),)
    return [Arm(id=f"c/{name}", kind="profile", facts=facts)]


def test_a_group_that_contradicts_is_exchanged_with_another_item() -> None:
    items = [item("a", car=True), item("b", car=False)]
    groups = [group("without", CARLESS), group("plain", PLAIN)]
    assert clashes(items[0], groups[0][0].facts) == ("car",)
    assert kept_apart(items, [[0], [1]], groups) == [[1], [0]]
    assert kept_apart(items, [[1], [0]], groups) == [[1], [0]]


def test_a_group_is_left_out_where_nobody_can_take_it() -> None:
    items = [item("a", car=True), item("b", car=True)]
    groups = [group("without", CARLESS), group("plain", PLAIN)]
    assert kept_apart(items, [[0], [1]], groups) == [[], [1]]
    both = [item("a", car=True), item("b", car=False)]
    assert kept_apart(both, [[0, 1], [0, 1]], groups) == [[1], [0, 1]]


def test_an_exchange_gives_no_item_a_group_twice() -> None:
    items = [item("a", car=True), item("b", car=False), item("c", car=False)]
    groups = [group("without", CARLESS), group("plain", PLAIN), group("other", PLAIN)]
    found = kept_apart(items, [[0, 1], [0, 2], [1, 2]], groups)
    assert all(len(set(picked)) == len(picked) == 2 for picked in found)
    assert Counter(index for picked in found for index in picked) == {0: 2, 1: 2, 2: 2}
    assert 0 not in found[0]


def test_a_crossing_only_leaves_out() -> None:
    items = [item("a", car=True), item("b", car=False)]
    groups = [group("without", CARLESS), group("plain", PLAIN)]
    assert left_out(items, [[0, 1], [0]], groups) == [[1], [0]]


def plan_of(*, contradictions: bool, pairs: int | None) -> Plan:
    design = msgspec.structs.replace(
        preset_design("standard"), kinds=("management",), pairs_per_item=pairs, contradictions=contradictions
    )
    return make_plan(
        PlanRequest(models=("simulated/null",), design=design, banks=("twins-management",), cohorts=("doses-strong",))
    )


def met(plan: Plan) -> tuple[int, Counter[str], set[tuple[str, str]]]:
    """How many clashing meetings, how often each matched set is met, and all meetings with profiles."""
    clashing, counts, pairs = 0, Counter[str](), set[tuple[str, str]]()
    items = {one.id: one for bank in plan.banks for one in bank.items}
    for name, meetings in Crossing(plan).meetings.items():
        for meeting in meetings:
            if meeting.arm.kind == "profile":
                clashing += bool(clashes(items[name], meeting.arm.facts))
                counts[str(meeting.arm.matched_set)] += 1
                pairs.add((name, meeting.arm.id))
    return clashing, counts, pairs


@pytest.mark.parametrize("pairs", [1, 5])
def test_in_a_plan_nothing_contradicts_and_every_pair_is_met_as_often_as_before(pairs: int) -> None:
    before, after = (met(plan_of(contradictions=allowed, pairs=pairs)) for allowed in (True, False))
    assert before[0] > 0 and after[0] == 0
    assert after[1] == before[1]
    assert len(after[2] & before[2]) > 0.6 * len(before[2])


def test_where_everybody_meets_everybody_only_what_contradicts_is_left_out() -> None:
    before, after = (met(plan_of(contradictions=allowed, pairs=None)) for allowed in (True, False))
    assert after[0] == 0 and after[2] < before[2]
    assert len(before[2]) - len(after[2]) >= before[0]
    assert all(count % 2 == 0 for count in after[1].values())  # both versions of a persona go together


def test_our_presets_keep_them_apart_and_the_published_design_does_not() -> None:
    assert [preset_design(name).contradictions for name in ("quick", "standard", "full")] == [False] * 3
    assert preset_design("fang2025").contradictions
