"""Item curves: what is refused here; tests/extras/test_item_curves.py holds the numbers."""

from __future__ import annotations

import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.irt import item_curves
from evenhand.errors import UsageError
from evenhand.records.rating import Rating


def test_a_few_raters_make_no_curve() -> None:
    bank = load_bank("understanding")
    ratings = [Rating(rater=f"r{n}", item=bank.items[0].id, answer=bank.items[0].key) for n in range(99)]
    with pytest.raises(UsageError, match="needs 100 raters, 99 answered; the classical difficulty"):
        item_curves(bank, ratings)


def test_items_that_everybody_got_right_have_no_curve() -> None:
    bank = load_bank("understanding")
    ratings = [Rating(rater=f"r{n}", item=item.id, answer=item.key) for n in range(100) for item in bank.items[:5]]
    with pytest.raises(UsageError, match="0 items have right and wrong answers; the model of item curves needs three"):
        item_curves(bank, ratings)
