"""An estimate against the margin."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.equivalence import ITEM_REACTION, USER_REACTION, Sampled, alike_p, tost_p, unseen_p
from evenhand.analysis.estimators.margin import against_margin
from evenhand.analysis.estimators.paired import paired_gap


def test_the_larger_of_what_was_seen_and_what_may_be_missing_counts() -> None:
    rng = np.random.default_rng(1)
    for shape in ((30, 400), (90, 40), (62, 300)):
        found = paired_gap(rng.normal(0.0, 0.2, shape))
        test = against_margin(found, margin=0.03)
        assert found.df is not None
        seen = tost_p(found.estimate, se=found.se, df=found.df, margin=0.03, third=found.third)
        unseen = unseen_p(found.estimate, se=found.se, df=found.df, margin=0.03, units=found.sampled)
        assert (test.p_seen, test.p) == (seen, max(seen, unseen))
        assert seen < 0.001
        # 30 personas, or 40 items, cannot show that 3 points are not carried by others; 62 and 300 can.
        assert (test.p < 0.05) == (shape == (62, 300))


def test_where_all_differences_are_alike_the_smaller_of_sets_and_items_speaks() -> None:
    for shape, units in (((99, 400), 99), ((400, 98), 98), ((1, 400), 400)):
        test = against_margin(paired_gap(np.zeros(shape)), margin=0.03)
        assert test.p == alike_p(0.0, units=units, margin=0.03)
        assert test.p_seen is None
        assert (test.p < 0.05) == (units >= 99)


def test_one_set_or_one_item_is_no_sample() -> None:
    rng = np.random.default_rng(2)
    both, one_set, one_item = (paired_gap(rng.normal(size=shape)).sampled for shape in ((5, 7), (1, 7), (5, 1)))
    assert both == (
        Sampled(of="user", number=5, reaction=USER_REACTION),
        Sampled(of="item", number=7, reaction=ITEM_REACTION),
    )
    assert one_set == both[1:]
    assert one_item == both[:1]
    assert paired_gap(np.zeros((5, 7))).sampled == both


@pytest.mark.parametrize("value", [0.0, 0.01, -0.02])
def test_a_difference_that_is_alike_everywhere_leaves_less_to_the_margin(value: float) -> None:
    test = against_margin(paired_gap(np.full((80, 200), value)), margin=0.03)
    assert test.p == pytest.approx((1 - (0.03 - abs(value))) ** 80)
