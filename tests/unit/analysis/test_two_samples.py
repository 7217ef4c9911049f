"""Two samples of arms on the same items."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.equivalence import ITEM_REACTION, USER_REACTION, Sampled
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
