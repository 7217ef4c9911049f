"""The shipped prompts that are answered in writing."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.bank.lint_words import factor_words
from evenhand.bank.load import load_bank
from evenhand.bank.validate import check_bank
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Option

BANK = load_bank("advice")


def test_there_are_at_least_forty_prompts_that_ask_and_have_nothing_to_choose() -> None:
    assert len(BANK.items) >= 40
    assert all(item.stem.rstrip().endswith("?") or "?" in item.stem for item in BANK.items)
    assert all(not item.options and not item.key for item in BANK.items)
    assert len({item.stem for item in BANK.items}) == len(BANK.items)


def test_no_prompt_tells_who_the_user_is() -> None:
    assert {item.id: factor_words(item.stem) for item in BANK.items if factor_words(item.stem)} == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": "a"}, "has no key"),
        ({"options": (Option(id="a", text="Yes"), Option(id="b", text="No"))}, "has none"),
        ({"reference": {"a": 1.0}}, "no ratings"),
    ],
)
def test_an_advice_item_with_something_to_choose_is_refused(changes: dict[str, object], message: str) -> None:
    item = msgspec.structs.replace(Item(id="x", kind="advice", stem="What now?"), **changes)
    bank: Bank = msgspec.structs.replace(BANK, items=(item,))
    with pytest.raises(BankError, match=message):
        check_bank(bank, source="own")
