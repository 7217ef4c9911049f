"""Two samples of arms on the same items."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.equivalence import ITEM_REACTION, USER_REACTION, Sampled
from evenhand.analysis.estimators.moment_equations import RESIDUAL_FLOOR
from evenhand.analysis.estimators.two_samples import two_sample_gap
from evenhand.errors import TableError
from evenhand.selftest.ceiling import null_placebo


def test_the_estimate_is_the_difference_of_means_in_a_complete_table() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((12, 9)), rng.random((4, 9))
    found = two_sample_gap(first, second)
    assert found.estimate == pytest.approx(first.mean() - second.mean())
    assert (found.sets, found.items, found.units) == (12, 9, 9)


def test_placebo_arms_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    first = rng.normal(0.0, 0.1, (40, 60))
    alike = rng.normal(0.0, 0.1, (4, 60))
    apart = alike + np.array([[-0.3], [0.3], [-0.2], [0.2]])
    assert two_sample_gap(first, apart).se > 5 * two_sample_gap(first, alike).se
    # The mean of four texts has 3 degrees of freedom, however many profiles there are.
    assert two_sample_gap(first, apart).df == pytest.approx(3.0, abs=0.1)


def test_each_sample_has_the_variance_of_its_own_units() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.normal(0.0, 0.1, (40, 60)), rng.normal(0.0, 0.1, (8, 60))
    second += rng.normal(0.0, 0.2, (8, 1))
    found = two_sample_gap(first, second)
    means = [first.mean(axis=1), second.mean(axis=1)]
    between = sum(float(one.var(ddof=1)) / one.size for one in means)
    # Beside it stands what items add, which is small here.
    assert found.se**2 == pytest.approx(between, rel=0.05)
    # The two samples change places, and the estimate its sign.
    turned = two_sample_gap(second, first)
    assert (turned.estimate, turned.se, turned.df) == pytest.approx((-found.estimate, found.se, found.df))


def test_profiles_and_items_are_samples_and_some_that_react_may_be_missing() -> None:
    rng = np.random.default_rng(6)
    found = two_sample_gap(rng.random((12, 9)), rng.random((4, 9)))
    assert found.sampled == (
        Sampled(of="user", number=12, reaction=USER_REACTION),
        Sampled(of="item", number=9, reaction=ITEM_REACTION),
    )


def test_a_single_placebo_text_varies_as_profiles_do() -> None:
    rng = np.random.default_rng(2)
    first = rng.normal(0.0, 0.1, (40, 60)) + rng.normal(0.0, 0.2, (40, 1))
    found = two_sample_gap(first, rng.normal(0.0, 0.1, (1, 60)))
    assert found.se > 0.15
    assert found.df == pytest.approx(1.0, abs=0.1)
    assert "single placebo" in found.notes[0]


def test_on_a_single_item_it_is_the_difference_of_two_means_with_the_fewest_degrees_of_freedom() -> None:
    rng = np.random.default_rng(7)
    first, second = rng.normal(0.0, 0.1, (6, 1)), rng.normal(0.0, 0.1, (4, 1))
    found = two_sample_gap(first, second)
    assert found.se**2 == pytest.approx(float(first.var(ddof=1)) / 6 + float(second.var(ddof=1)) / 4)
    assert found.df == 3.0
    assert two_sample_gap(first, second[:1]).df == 1.0
    assert {part.variance for part in found.components} == {None}


@pytest.mark.parametrize(("reactions", "df"), [([0.2, -0.2], 1.0), ([0.3, -0.1, 0.2, -0.3, 0.05, -0.15], 5.0)])
def test_items_that_react_differently_are_the_sample_that_counts(reactions: list[float], df: float) -> None:
    rng = np.random.default_rng(8)
    items = len(reactions)
    first, second = rng.normal(0.0, 0.02, (40, items)) + np.array(reactions), rng.normal(0.0, 0.02, (8, items))
    found = two_sample_gap(first, second)
    between = float((first.mean(axis=0) - second.mean(axis=0)).var(ddof=1)) / items
    assert found.se**2 == pytest.approx(between, rel=0.02)
    assert found.df == pytest.approx(df, abs=0.1)
    assert [part.name for part in found.components] == ["item slope", "profile", "placebo", "residual"]


def test_items_that_seem_to_differ_less_than_chance_take_away_at_most_half_of_the_variance() -> None:
    held = set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        first, second = rng.normal(0.0, 0.2, (12, 9)), rng.normal(0.0, 0.2, (5, 9))
        # Every item is made to have the same difference exactly: the item component is then estimated below zero.
        first -= first.mean(axis=0) - first.mean()
        second -= second.mean(axis=0) - second.mean()
        found = two_sample_gap(first, second)
        noise = found.components[-1].variance
        assert noise is not None
        least = [noise / (side.shape[0] * 9) for side in (first, second)]
        own = [float(side.mean(axis=1).var(ddof=1)) / side.shape[0] for side in (first, second)]
        sides = sum(max(part, RESIDUAL_FLOOR * floor) for part, floor in zip(own, least, strict=True))
        floors = (sides / 2, RESIDUAL_FLOOR * sum(least))
        assert found.se**2 == pytest.approx(max(floors))
        held.add(floors.index(max(floors)))
        # Degrees of freedom are those of the variance that was not lowered.
        assert found.df is not None
        assert 4 < found.df < 16
    assert held == {0, 1}


def test_scores_that_are_all_alike_speak_with_the_smaller_number_of_units() -> None:
    found = two_sample_gap(np.full((12, 9), 0.7), np.full((4, 9), 0.5))
    assert found.degenerate
    assert found.estimate == found.low == found.high == pytest.approx(0.2)
    assert (found.p, found.units, found.pairs) == (2.0**-8, 9, 144)
    assert (found.se, found.df) == (0.0, None)
    assert (found.sets, found.items, found.complete) == (12, 9, True)
    assert found.sampled == two_sample_gap(np.eye(12, 9), np.eye(4, 9)).sampled
    nothing = two_sample_gap(np.full((12, 9), 0.5), np.full((4, 9), 0.5))
    assert (nothing.estimate, nothing.p) == (0.0, 1.0)


def test_a_table_with_gaps_is_not_complete() -> None:
    rng = np.random.default_rng(9)
    second = rng.random((3, 9))
    second[0, :4] = np.nan
    found = two_sample_gap(rng.random((5, 9)), second)
    assert (found.complete, found.pairs) == (False, 5 * 9 + 3 * 9 - 4)
    assert two_sample_gap(rng.random((5, 9)), rng.random((3, 9))).complete


def test_what_carries_it_is_said_of_items_and_of_arms() -> None:
    first, second = np.full((6, 4), 0.5), np.full((3, 4), 0.5)
    first[:, 0] = 0.9
    found = two_sample_gap(first, second + np.array([[0.0], [0.02], [-0.02]]))
    assert found.by_item is not None and found.by_unit is not None
    assert found.estimate == pytest.approx(0.1)
    assert found.by_item.carrying == 1
    # Without item 0 nothing is left.
    assert found.by_item.change == pytest.approx(-0.1)
    assert found.by_unit.carrying > 1


def test_samples_without_a_common_item_are_refused() -> None:
    first, second = np.array([[1.0, np.nan]]), np.array([[np.nan, 1.0]])
    with pytest.raises(TableError, match="No item"):
        two_sample_gap(first, second)


def test_placebo_arms_that_differ_do_not_make_false_alarms() -> None:
    """A short form: profiles alike, 4 placebo arms that differ by SD 0.6 in log-odds.

    With placebos as fixed more than 20% are wrong; with a variance that borrows from the profiles 11%.
    """
    found = null_placebo(0.7, shape=(40, 60, 4), spread=(0.0, 0.6), simulations=400, rng=np.random.default_rng(3))
    # 5% of 400 are 20, with a standard deviation of 4.4.
    assert found.both.value * 400 <= 30


@pytest.mark.parametrize(("unit", "level"), [(1e-4, 0.0), (100.0, 7.0), (1.0, -3.0)])
def test_the_unit_and_the_level_of_the_scores_do_not_matter(unit: float, level: float) -> None:
    rng = np.random.default_rng(8)
    first, second = rng.random((6, 9)) + 0.2 * rng.random((6, 1)), rng.random((4, 9))
    first[0, :4], second[2, 5:] = np.nan, np.nan
    ours = two_sample_gap(first, second)
    theirs = two_sample_gap(unit * first + level, unit * second + level)
    assert (theirs.estimate, theirs.se) == pytest.approx((unit * ours.estimate, unit * ours.se), rel=1e-6)
    assert (theirs.df, theirs.p) == pytest.approx((ours.df, ours.p), rel=1e-6)
    assert theirs.third == pytest.approx(unit**3 * ours.third, rel=1e-5)
    swapped = two_sample_gap(second, first)
    assert swapped.estimate == pytest.approx(-ours.estimate)
