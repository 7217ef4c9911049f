from __future__ import annotations

from evenhand.design.arms import NONE, best_option, item_fact_arm
from evenhand.records.item import Item, Option
from evenhand.records.profile import Fact


def test_a_benefit_item_has_another_best_option_without_its_fact() -> None:
    item = Item(
        id="b",
        kind="benefit",
        stem="What shall I bake?",
        question="Which?",
        options=(Option(id="a", text="Nut cake"), Option(id="b", text="Apple cake")),
        key="b",
        key_without="a",
        facts=(Fact(text="The user is allergic to nuts.", dimension="need"),),
    )
    assert best_option(item, item_fact_arm(item)) == "b"
    assert best_option(item, NONE) == "a"
