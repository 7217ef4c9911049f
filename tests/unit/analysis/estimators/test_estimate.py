"""What follows from an estimate, and intervals that agree with their tests."""

from __future__ import annotations

import pytest
from scipy import stats

from evenhand.analysis.estimators.equivalence import smallest_detectable
from evenhand.analysis.estimators.estimate import EstimateSpec, agreeing, infer


@pytest.mark.parametrize("df", [3.0, 40.0])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
@pytest.mark.parametrize("estimate", [-0.2, 0.05])
def test_interval_and_p_are_those_of_students_test(estimate: float, confidence: float, df: float) -> None:
    spec = EstimateSpec(confidence=confidence, power=0.9)
    found = infer(estimate, se=0.1, df=df, spec=spec)
    assert (found.low, found.high) == pytest.approx(stats.t(df, loc=estimate, scale=0.1).interval(confidence))
    assert found.p == pytest.approx(2 * stats.t(df).sf(abs(estimate) / 0.1))
    assert found.smallest_detectable == smallest_detectable(0.1, df=df, alpha=1 - confidence, power=0.9)


def test_without_degrees_of_freedom_it_is_the_normal_and_no_difference_has_a_p_of_one() -> None:
    found = infer(0.0, se=0.1, df=None, spec=EstimateSpec())
    assert (found.low, found.high) == pytest.approx((-0.195996, 0.195996), abs=1e-6)
    assert found.p == 1.0


@pytest.mark.parametrize("estimate", [0.1, -0.1])
@pytest.mark.parametrize("df", [None, 9.0])
def test_an_interval_that_holds_zero_where_the_test_rejects_ends_short_of_it(estimate: float, df: float | None) -> None:
    low, high = agreeing(estimate - 0.2, estimate + 0.2, estimate=estimate, p=0.03, level=0.05, df=df)
    assert not low <= 0.0 <= high
    assert (low + high) / 2 == pytest.approx(estimate)
    # The half-width at which the test with this p would end at zero.
    law = stats.norm if df is None else stats.t(df)
    assert (high - low) / 2 == pytest.approx(abs(estimate) * law.isf(0.025) / law.isf(0.015))


@pytest.mark.parametrize("estimate", [0.1, -0.1])
def test_an_interval_without_zero_where_the_test_does_not_reject_reaches_it(estimate: float) -> None:
    low, high = agreeing(estimate - 0.01, estimate + 0.01, estimate=estimate, p=0.2, level=0.05, df=20.0)
    assert low <= 0.0 <= high
    assert (high - low) / 2 == pytest.approx(0.1 * stats.t(20).isf(0.025) / stats.t(20).isf(0.1))
    # However little the test says, not farther than twice the estimate.
    low, high = agreeing(estimate - 0.01, estimate + 0.01, estimate=estimate, p=1.0, level=0.05, df=20.0)
    assert (high - low) / 2 == pytest.approx(0.2)


@pytest.mark.parametrize(("estimate", "p"), [(0.1, 0.01), (0.0, 0.01)])
def test_an_interval_that_agrees_or_has_no_side_stays(estimate: float, p: float) -> None:
    low, high = estimate - 0.05, estimate + 0.05
    assert agreeing(low, high, estimate=estimate, p=p, level=0.05, df=5.0) == (low, high)
    assert agreeing(-1.0, 1.0, estimate=0.1, p=0.05, level=0.05, df=5.0) == (-1.0, 1.0)
    # An end at zero holds it.
    assert agreeing(0.0, 0.2, estimate=0.1, p=0.2, level=0.05, df=5.0) == (0.0, 0.2)
    assert agreeing(-0.2, 0.0, estimate=-0.1, p=0.2, level=0.05, df=5.0) == (-0.2, 0.0)
    assert agreeing(0.0, 0.2, estimate=0.1, p=0.01, level=0.05, df=5.0)[0] > 0.0


def test_a_p_of_zero_leaves_the_estimate_a_width() -> None:
    low, high = agreeing(-0.1, 0.3, estimate=0.1, p=0.0, level=0.05, df=None)
    assert 0.0 < low < high
    assert (high - low) / 2 == pytest.approx(0.1 * stats.norm.isf(0.025) / stats.norm.isf(5e-301), rel=1e-6)
    low, high = agreeing(-0.1, 0.3, estimate=0.1, p=1e-20, level=0.05, df=None)
    assert (high - low) / 2 == pytest.approx(0.1 * stats.norm.isf(0.025) / stats.norm.isf(5e-21))
