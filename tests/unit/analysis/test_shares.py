"""Intervals of shares."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.shares import share_interval, share_of_count
from evenhand.selftest.ceiling import accuracy_coverage


def test_independent_answers_have_wilsons_interval_with_students_quantile() -> None:
    scores = np.array([1.0] * 6 + [0.0] * 4)[None, :]
    found = paired_gap(scores)
    answers = 0.24 / found.se**2
    factor = float(stats.t(9).ppf(0.975))
    centre = (0.6 + factor**2 / (2 * answers)) / (1 + factor**2 / answers)
    half = factor * np.sqrt(0.24 / answers + factor**2 / (4 * answers**2)) / (1 + factor**2 / answers)
    low, high = share_interval(found, alpha=0.05)
    assert low == pytest.approx(centre - half)
    assert high >= centre + half


def test_near_the_ceiling_the_upper_end_is_that_of_a_count_of_as_many_answers() -> None:
    found = paired_gap(np.array([1.0] * 29 + [0.0])[None, :])
    mean = 29 / 30
    # Independent answers that would have this standard error, less what Student's quantile takes.
    counted = mean * (1 - mean) / found.se**2 * (stats.norm.ppf(0.975) / stats.t(29).ppf(0.975)) ** 2
    low, high = share_interval(found, alpha=0.05)
    assert high == pytest.approx(float(stats.beta(counted * mean + 0.5, counted * (1 - mean) + 0.5).ppf(0.975)))
    turned = share_interval(paired_gap(np.array([0.0] * 29 + [1.0])[None, :]), alpha=0.05)
    assert turned == pytest.approx((1 - high, 1 - low))


def test_a_count_has_its_exact_interval() -> None:
    exact = stats.binomtest(3, 20).proportion_ci(method="exact")
    assert share_of_count(3, 20, alpha=0.05) == pytest.approx((exact.low, exact.high))
    assert share_of_count(0, 20, alpha=0.05)[0] == 0.0
    assert share_of_count(20, 20, alpha=0.05)[1] == 1.0


def test_the_interval_of_an_accuracy_of_96_points_holds_it() -> None:
    found = accuracy_coverage(0.966, items=33, repeats=3, simulations=400, rng=np.random.default_rng(0))
    # The symmetric interval: 86.9%.
    assert found.value >= 0.94


@pytest.mark.parametrize(
    ("mean", "low", "high", "expected"),
    [
        (0.0, -0.2, 0.3, (0.0, 0.3)),
        (1.0, 0.6, 1.4, (0.6, 1.0)),
        # An adjusted mean may leave the scale; the interval reaches to its edge.
        (-0.1, 0.05, 0.2, (0.0, 0.2)),
        (1.1, 0.8, 0.9, (0.8, 1.0)),
    ],
)
def test_a_mean_at_an_edge_keeps_its_symmetric_interval_cut_at_the_edge(
    mean: float, low: float, high: float, expected: tuple[float, float]
) -> None:
    found = replace(paired_gap(np.array([0.0, 1.0])[None, :]), estimate=mean, low=low, high=high)
    assert share_interval(found, alpha=0.05) == pytest.approx(expected)
