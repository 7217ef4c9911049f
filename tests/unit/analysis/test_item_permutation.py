"""Item functioning by permutation."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.item_permutation import item_tests
from evenhand.selftest.ceiling import items_flagged


def test_one_adjustment_holds_the_level_of_a_whole_table() -> None:
    """A short form: 27 + 27 profiles, 33 items, nothing planted. Three tests adjusted each by itself: 22.5%."""
    wrong, _ = items_flagged(groups=27, items=33, reacting=0, simulations=60, rng=np.random.default_rng(0))
    assert wrong.value * 60 <= 8


def test_planted_items_are_found() -> None:
    wrong, right = items_flagged(groups=40, items=20, reacting=2, simulations=15, rng=np.random.default_rng(1))
    assert right.value > 0.8
    assert wrong.value < 0.3


def test_items_that_are_not_testable_have_no_p_and_do_not_cost_the_others() -> None:
    rng = np.random.default_rng(2)
    answers = (rng.random((40, 6)) < 0.6).astype(float)
    focal = np.repeat([True, False], 20)
    answers[:, 0] = np.where(focal, 0.0, 1.0)
    testable = np.array([True, True, False, False, False, False])
    blocks = np.tile(np.arange(20), 2)
    found = item_tests(answers, focal=focal, blocks=blocks, testable=testable, rng=np.random.default_rng(0))
    assert np.isnan(found.p_uniform[2:]).all() and np.isnan(found.p_nonuniform[2:]).all()
    assert found.p_uniform[0] == pytest.approx(0.001)
    assert found.flagged(0.05).tolist() == [True, False, False, False, False, False]
