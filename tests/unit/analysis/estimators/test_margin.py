"""An estimate against the margin."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.crossed import CrossedScores, interaction_contrast, level_contrast
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


def test_where_all_differences_are_alike_the_kind_of_unit_that_lacks_most_speaks() -> None:
    for shape, p, shown in (
        ((58, 400), 0.95**58, False),
        ((59, 400), 0.95**59, True),
        ((400, 98), 0.97**98, False),
        ((400, 99), 0.97**99, True),
        ((1, 400), 0.97**400, True),
        ((1, 1), 1.0, False),
    ):
        found = paired_gap(np.zeros(shape))
        test = against_margin(found, margin=0.03)
        assert test.p == pytest.approx(p) == alike_p(0.0, units=found.sampled, margin=0.03)
        assert test.p_seen == 0.0
        assert (test.p < 0.05) == shown


def test_what_noise_alone_blurs_is_cleared_without_the_noise_too() -> None:
    """Of the shipped cohort (62 pairs) a table without any variation is cleared as one with little is."""
    still, noisy = (
        np.zeros((62, 300)),
        np.random.default_rng(3).choice([-1.0, 0.0, 1.0], (62, 300), p=[0.01, 0.98, 0.01]),
    )
    assert against_margin(paired_gap(still), margin=0.03).p == pytest.approx(0.95**62)
    assert against_margin(paired_gap(still), margin=0.03).p < 0.05
    assert against_margin(paired_gap(noisy), margin=0.03).p < 0.05


def test_levels_of_a_crossing_that_are_all_alike_count_items_and_no_profiles() -> None:
    """The profiles of a crossing are all the combinations there are; an interaction may be twice as large."""
    profile, item = (axis.ravel() for axis in np.indices((9, 120)))
    scores = CrossedScores(score=np.ones(profile.size), item=item, profile=profile)
    first, second = np.arange(9) % 3, np.arange(9) // 3
    level = level_contrast(scores, levels=first, level=1, reference=0)
    both = interaction_contrast(scores, first=first, second=second, pairs=((1, 0), (1, 0)))
    assert (level.degenerate, both.degenerate) == (True, True)
    assert level.sampled == (Sampled(of="item", number=120, reaction=ITEM_REACTION),)
    assert both.sampled == (Sampled(of="item", number=120, reaction=2 * ITEM_REACTION),)
    assert against_margin(level, margin=0.03).p == pytest.approx(0.97**120)
    assert against_margin(both, margin=0.03).p == pytest.approx(0.985**120)


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
    assert test.p == pytest.approx((1 - (0.03 - abs(value)) / USER_REACTION) ** 80)
    assert test.p_seen == 0.0


@pytest.mark.parametrize("value", [0.03, -0.03, 0.2])
def test_a_difference_that_is_alike_everywhere_and_not_within_the_margin_shows_nothing(value: float) -> None:
    test = against_margin(paired_gap(np.full((80, 200), value)), margin=0.03)
    assert (test.p, test.p_seen) == (1.0, 1.0)
