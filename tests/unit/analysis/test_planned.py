"""Weights that keep the planned estimand."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.planned import planned_weights


def test_where_nothing_is_missing_all_weights_are_alike() -> None:
    observed = np.array([[True, True, False], [True, True, True]])
    assert planned_weights(observed, planned=None)[observed].tolist() == [0.2] * 5
    assert planned_weights(observed, planned=observed)[observed].tolist() == [0.2] * 5


def test_rows_and_columns_keep_their_planned_share() -> None:
    rng = np.random.default_rng(0)
    observed = rng.random((12, 9)) < 0.7
    weights = planned_weights(observed, planned=np.ones((12, 9), dtype=bool))
    assert weights.sum(axis=0) == pytest.approx(np.full(9, 1 / 9), abs=1e-6)
    assert weights.sum(axis=1) == pytest.approx(np.full(12, 1 / 12), abs=1e-6)
    assert (weights[~observed] == 0).all()


def test_an_item_without_any_answer_leaves_the_estimand() -> None:
    observed = np.ones((4, 3), dtype=bool)
    observed[:, 0] = False
    weights = planned_weights(observed, planned=np.ones((4, 3), dtype=bool))
    assert weights[:, 1:].sum() == pytest.approx(1.0)


def test_items_that_react_and_are_refused_more_do_not_move_the_gap() -> None:
    # Item 0 reacts by 1, the others by 0; half of its pairs are refused. Planned: 1/4. Of the answers there: 1/7.
    table = np.zeros((10, 4))
    table[:, 0] = 1.0
    table[5:, 0] = np.nan
    asked = np.ones((10, 4), dtype=bool)
    assert paired_gap(table, planned=asked).estimate == pytest.approx(0.25)
    assert paired_gap(table).estimate == pytest.approx(1 / 7)
