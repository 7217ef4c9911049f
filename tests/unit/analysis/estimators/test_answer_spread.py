"""The model of the answers behind a run."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.answer_model import AnswerModel, components_at, gap_of_shift
from evenhand.analysis.estimators.answer_spread import answers_found
from evenhand.analysis.estimators.power import Components

NOTHING = Components(set=0.0, item=0.0, cell=0.0, noise=0.2, source="test", df=20.0)


def test_a_model_is_found_from_what_it_makes() -> None:
    planted = AnswerModel(accuracy=0.8, item_spread=1.2, item_slope=0.6, set_slope=0.4)
    shift = 0.5
    rng = np.random.default_rng(2)
    level = 1.75 + 1.2 * rng.standard_normal(4000)  # 80% right on average
    right = rng.binomial(60, 1 / (1 + np.exp(-level))).astype(float)
    found = answers_found(
        right=right,
        asked=np.full(4000, 60.0),
        flips=0.25,
        gap=gap_of_shift(planted, shift=shift),
        components=components_at(planted, shift=shift),
    )
    assert found is not None
    assert found.accuracy == pytest.approx(0.8, abs=0.01)
    assert found.item_spread == pytest.approx(1.2, abs=0.05)
    assert found.item_slope == pytest.approx(0.6, abs=0.05)
    assert found.set_slope == pytest.approx(0.4, abs=0.05)


def test_what_the_gap_itself_makes_of_items_is_no_reaction_of_theirs() -> None:
    alike = AnswerModel(accuracy=0.97, item_slope=0.0, set_slope=0.0)
    shown = components_at(alike, shift=1.0)
    level = 5.2 + 1.5 * np.random.default_rng(3).standard_normal(20_000)
    right = np.random.default_rng(4).binomial(60, 1 / (1 + np.exp(-level))).astype(float)
    gap = gap_of_shift(alike, shift=1.0)
    found = answers_found(right=right, asked=np.full(20_000, 60.0), flips=0.04, gap=gap, components=shown)
    assert found is not None and shown.item > 0.03
    assert found.item_slope < 0.25


@pytest.mark.parametrize("each", [0.0, 10.0])
def test_answers_that_are_all_right_or_all_wrong_say_nothing(each: float) -> None:
    asked = np.full(5, 10.0)
    assert answers_found(right=np.full(5, each), asked=asked, flips=0.0, gap=0.0, components=NOTHING) is None


def test_near_the_ceiling_slopes_are_bounded() -> None:
    wide = Components(set=0.05, item=0.05, cell=0.0, noise=0.1, source="test", df=9.0)
    right, asked = np.array([9.0, *[10.0] * 40]), np.full(41, 10.0)
    found = answers_found(right=right, asked=asked, flips=0.004, gap=0.0, components=wide)
    assert found is not None
    assert found.item_slope == found.set_slope == 1.0 and found.df == 9.0


def test_answers_that_never_differ_or_are_all_right_have_no_model() -> None:
    right, asked = np.array([3.0, 1.0]), np.array([4.0, 4.0])
    for flips, given in ((0.0, right), (0.2, asked), (0.2, 0.0 * asked)):
        assert answers_found(right=given, asked=asked, flips=flips, gap=0.0, components=NOTHING) is None
    assert answers_found(right=right, asked=asked, flips=0.2, gap=0.0, components=NOTHING) is not None
