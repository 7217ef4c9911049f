"""Difficulty and discrimination by mirt, where they were planted."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.irt import item_curves
from evenhand.records.rating import Rating

pytestmark = [pytest.mark.extras]
pytest.importorskip("mirt")

RATERS, ITEMS = 800, 10


def test_planted_curves_are_found() -> None:
    bank = load_bank("understanding")
    rng = np.random.default_rng(5)
    difficulty, slope = np.linspace(-1.5, 1.5, ITEMS), np.tile([0.8, 2.0], ITEMS // 2)
    ability = rng.standard_normal(RATERS)
    right = rng.random((RATERS, ITEMS)) < 1 / (1 + np.exp(-slope * (ability[:, None] - difficulty)))
    ratings = [
        Rating(
            rater=f"r{row}",
            item=bank.items[place].id,
            answer=next(o.id for o in bank.items[place].options if (o.id == bank.items[place].key) == hit),
        )
        for (row, place), hit in np.ndenumerate(right)
        if (row + place) % 5  # a fifth was not on the rater's form
    ]
    curves = item_curves(bank, ratings)
    assert [curve.item for curve in curves] == [item.id for item in bank.items[:ITEMS]]
    found = np.array([(curve.difficulty, curve.discrimination) for curve in curves])
    assert np.corrcoef(found[:, 0], difficulty)[0, 1] > 0.97
    assert found[1::2, 1].min() > found[::2, 1].max()
