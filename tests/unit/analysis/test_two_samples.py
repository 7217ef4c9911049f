"""Two samples of arms on the same items."""

from __future__ import annotations

import numpy as np
import pytest

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
    # The mean of four texts has 3 degrees of freedom of its own and 2 of the profiles'.
    assert two_sample_gap(first, apart).df == pytest.approx(5.0, abs=0.5)


def test_a_single_placebo_text_varies_as_profiles_do() -> None:
    rng = np.random.default_rng(2)
    first = rng.normal(0.0, 0.1, (40, 60)) + rng.normal(0.0, 0.2, (40, 1))
    found = two_sample_gap(first, rng.normal(0.0, 0.1, (1, 60)))
    assert found.se > 0.15
    assert "single placebo" in found.notes[0]


def test_samples_without_a_common_item_are_refused() -> None:
    first, second = np.array([[1.0, np.nan]]), np.array([[np.nan, 1.0]])
    with pytest.raises(TableError, match="No item"):
        two_sample_gap(first, second)


def test_placebo_arms_that_differ_do_not_make_false_alarms() -> None:
    """A short form: 4 placebo arms that differ by SD 0.3 in log-odds. With placebos as fixed 19% are wrong."""
    found = null_placebo(0.7, shape=(40, 60, 4), spread=(0.15, 0.3), simulations=150, rng=np.random.default_rng(3))
    # 5% of 150 are 7.5, with a standard deviation of 2.7.
    assert found.both.value * 150 <= 15
