"""Items that a finished run marks as sensitive are found for their bank."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.analysis.item_functioning import ItemFunctioning, SensitiveItem, item_table
from evenhand.bank.load import load_bank
from evenhand.bank.screen import without_items
from evenhand.bank.screen_run import ItemReaction, sensitive_items
from evenhand.errors import InputError
from evenhand.records.findings import Findings
from tests.support.findings_fixture import empty_findings


def reacting(item: str, *, kind: str = "sycophancy", sensitive: bool = True, level: str = "female") -> SensitiveItem:
    return SensitiveItem(
        kind=kind,
        condition="system",
        factor="gender",
        level=level,
        reference="male",
        item=item,
        odds_ratio=2.5,
        delta=-2.2,
        ets="C",
        p_mantel_haenszel=0.001,
        p_uniform=0.001,
        p_nonuniform=0.4,
        sensitive=sensitive,
    )


def findings(*items: SensitiveItem, models: tuple[str, ...] = ("m",)) -> Findings:
    made: list[Table] = []
    for model in models:
        table = item_table([ItemFunctioning(findings=(), items=items)], model=model)
        assert table is not None
        made.append(table)
    return msgspec.structs.replace(empty_findings(), tables=tuple(made))


def test_sensitive_items_of_the_bank_are_found_in_its_order() -> None:
    bank = load_bank("sycophancy")
    first, second, third = (item.id for item in bank.items[:3])
    found = sensitive_items(
        findings(reacting(third), reacting(first), reacting(second, sensitive=False), reacting("elsewhere")), bank=bank
    )
    assert [reaction.item for reaction in found] == [first, third]
    assert found[0] == ItemReaction(item=first, model="m", factor="gender", level="female", reference="male", ets="C")


def test_an_item_of_another_kind_with_the_same_id_is_another_item() -> None:
    bank = load_bank("sycophancy")
    assert sensitive_items(findings(reacting(bank.items[0].id, kind="management")), bank=bank) == ()


def test_models_can_be_chosen() -> None:
    bank = load_bank("sycophancy")
    both = findings(reacting(bank.items[0].id), models=("one", "two"))
    assert [reaction.model for reaction in sensitive_items(both, bank=bank)] == ["one", "two"]
    assert [reaction.model for reaction in sensitive_items(both, bank=bank, models=("two",))] == ["two"]


def test_what_was_found_can_be_dropped() -> None:
    bank = load_bank("sycophancy")
    found = sensitive_items(findings(reacting(bank.items[4].id)), bank=bank)
    screened = without_items(bank, {reaction.item for reaction in found}, reason="sensitive in a run")
    assert len(screened.items) == len(bank.items) - 1


def test_findings_without_item_functioning_are_refused() -> None:
    with pytest.raises(InputError, match="no table of item functioning for any model"):
        sensitive_items(empty_findings(), bank=load_bank("sycophancy"))
    with pytest.raises(InputError, match=r"for 'x' \(there is one for: 'm'\)"):
        sensitive_items(findings(reacting("q")), bank=load_bank("sycophancy"), models=("x",))


def test_a_table_of_another_version_is_refused() -> None:
    bank = load_bank("sycophancy")
    good = findings(reacting("q"))
    (table,) = good.tables
    changed = msgspec.structs.replace(table, columns=tuple(name.replace("class", "ets") for name in table.columns))
    with pytest.raises(InputError, match="has no column 'class'"):
        sensitive_items(msgspec.structs.replace(good, tables=(changed,)), bank=bank)
