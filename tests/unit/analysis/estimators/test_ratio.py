"""Fieller's interval: by its definition, by simulation, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from evenhand.analysis.estimators.ratio import ratio_of_means
from evenhand.errors import TableError
from evenhand.seeds import stream


def test_its_ends_are_where_the_t_test_of_the_difference_stops_to_reject() -> None:
    """The definition, solved by a root finder with scipy's t test: r is inside where mean(a - r b) = 0 is kept."""
    rng = stream(7, "ratio")
    below = rng.normal(2.0, 0.6, 40)
    above = 1.4 * below + rng.normal(0.0, 0.5, 40)
    found = ratio_of_means(above, below)

    def excess(ratio: float) -> float:
        return float(stats.ttest_1samp(above - ratio * below, 0.0).pvalue) - 0.05

    low = optimize.brentq(excess, found.value - 1.0, found.value)
    high = optimize.brentq(excess, found.value, found.value + 1.0)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert found.value == pytest.approx(above.mean() / below.mean())


def test_it_covers_the_true_ratio_as_often_as_it_says() -> None:
    rng, covered, runs = stream(8, "ratio"), 0, 1000
    for _ in range(runs):
        below = rng.normal(1.0, 0.8, 25)
        above = 0.6 * below + rng.normal(0.0, 0.7, 25)
        found = ratio_of_means(above, below)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.6 <= found.high
    assert 0.93 <= covered / runs <= 0.97


def test_equal_sides_are_one_and_a_divisor_near_zero_has_no_interval() -> None:
    same = np.array([3.0, 3.5, 4.0, 3.2])
    found = ratio_of_means(same, same)
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 1.0, 1.0))
    assert ratio_of_means(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.1, 1.2])).low is None
    assert ratio_of_means(np.array([3.0]), np.array([2.0])).low is None


@pytest.mark.parametrize(
    ("above", "below"), [([], []), ([1.0], [1.0, 2.0]), ([np.nan], [1.0]), ([1.0, 1.0], [1.0, -1.0])]
)
def test_what_has_no_ratio_is_refused(above: list[float], below: list[float]) -> None:
    with pytest.raises(TableError):
        ratio_of_means(np.array(above), np.array(below))


@pytest.mark.parametrize(("apart", "known"), [(0.3, True), (0.493, False), (0.7, False)])
def test_an_interval_is_finite_only_where_the_divisor_is_shown_to_differ_from_zero(apart: float, known: bool) -> None:
    below = np.array([1.0 - apart, 1.0, 1.0 + apart])
    assert (stats.ttest_1samp(below, 0.0).pvalue < 0.05) == known
    found = ratio_of_means(np.array([1.0, 2.0, 1.5]), below)
    assert (found.low is not None, found.high is not None) == (known, known)
    assert found.value == pytest.approx(1.5)
