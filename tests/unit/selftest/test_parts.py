"""Parts of an audit on whole simulated tables: short forms of what the calibration bench runs long."""

from __future__ import annotations

import numpy as np

from evenhand.selftest.parts import items_found, pair_model


def test_the_model_of_the_pairs_holds_its_level_where_items_react_strongly() -> None:
    found = pair_model(1.0, shape=(20, 24), item_slope=1.0, simulations=60, rng=np.random.default_rng(5))
    # Without a slope of the items about a fifth of 33-item tables is called a difference.
    assert found.rejected.value <= 0.15
    assert found.covered.value >= 0.85
    assert found.fitted.value == 1.0 and found.fitted.tables == 60


def test_items_that_react_are_named_where_enough_users_met_them_and_else_called_not_testable() -> None:
    rng = np.random.default_rng(6)
    few = items_found(items=60, reacting=2, sets=20, sets_per_item=3, simulations=2, rng=rng)
    assert (few.found.value, few.untestable.value) == (0.0, 1.0)
    many = items_found(items=60, reacting=2, sets=20, sets_per_item=20, simulations=3, rng=rng)
    assert (many.found.value, many.untestable.value) == (1.0, 0.0)
