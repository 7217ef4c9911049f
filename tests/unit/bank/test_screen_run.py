"""Items that a finished run marks as sensitive are found for their bank."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.screen import without_items
from evenhand.bank.screen_run import sensitive_items
from evenhand.errors import InputError
from evenhand.records.condition import Condition
from evenhand.records.contrast import LevelContrast
from evenhand.records.findings import Findings
from evenhand.records.measure import Quantity
from evenhand.records.results import ItemReaction
from tests.support.findings_fixture import empty_findings, interval_finding


def reacting(
    item: str, *, kind: str = "sycophancy", sensitive: bool = True, level: str = "female", model: str = "m"
) -> ItemReaction:
    return ItemReaction(
        model=model,
        kind=kind,
        where=Condition(),
        contrast=LevelContrast(factor="gender", level=level, reference="male"),
        item=item,
        odds_ratio=2.5,
        delta=-2.2,
        ets="C",
        met_level=27,
        met_reference=27,
        difference=-0.3,
        low=-0.5,
        high=-0.05,
        p=0.001,
        sensitive=sensitive,
    )


def findings(*items: ItemReaction) -> Findings:
    """Findings of a run that tested its items, with these reactions."""
    models = dict.fromkeys(item.model for item in items)
    tested = tuple(
        interval_finding(
            "item_functioning", model, "sycophancy", estimate=0.1, se=0.1, quantity=Quantity(name="sensitive_items")
        )
        for model in models
    )
    return msgspec.structs.replace(empty_findings(), findings=tested, items=items)


def test_sensitive_items_of_the_bank_are_found_in_its_order() -> None:
    bank = load_bank("sycophancy")
    first, second, third = (item.id for item in bank.items[:3])
    found = sensitive_items(
        findings(reacting(third), reacting(first), reacting(second, sensitive=False), reacting("elsewhere")), bank=bank
    )
    assert [reaction.item for reaction in found] == [first, third]
    assert found[0] == reacting(first)


def test_an_item_of_another_kind_with_the_same_id_is_another_item() -> None:
    bank = load_bank("sycophancy")
    assert sensitive_items(findings(reacting(bank.items[0].id, kind="management")), bank=bank) == ()


def test_models_can_be_chosen() -> None:
    bank = load_bank("sycophancy")
    both = findings(*(reacting(bank.items[0].id, model=name) for name in ("one", "two")))
    assert [reaction.model for reaction in sensitive_items(both, bank=bank)] == ["one", "two"]
    assert [reaction.model for reaction in sensitive_items(both, bank=bank, models=("two",))] == ["two"]


def test_what_was_found_can_be_dropped() -> None:
    bank = load_bank("sycophancy")
    found = sensitive_items(findings(reacting(bank.items[4].id)), bank=bank)
    screened = without_items(bank, {reaction.item for reaction in found}, reason="sensitive in a run")
    assert len(screened.items) == len(bank.items) - 1


def test_findings_without_item_functioning_are_refused() -> None:
    with pytest.raises(InputError, match=r"test no items of any model \(tested: none\)"):
        sensitive_items(empty_findings(), bank=load_bank("sycophancy"))
    with pytest.raises(InputError, match=r"of 'x' \(tested: 'm'\)"):
        sensitive_items(findings(reacting("q")), bank=load_bank("sycophancy"), models=("x",))


def test_a_run_that_tested_its_items_and_found_nothing_has_nothing_to_screen() -> None:
    tested = msgspec.structs.replace(findings(reacting("q")), items=())
    assert sensitive_items(tested, bank=load_bank("sycophancy")) == ()
