from __future__ import annotations

import pytest
from scipy import stats

from evenhand.analysis.estimators.equivalence import smallest_detectable, tost_p, verdict
from evenhand.analysis.estimators.student import quantile, survival
from evenhand.errors import UsageError


def test_the_larger_one_sided_p_counts() -> None:
    # estimate 1 point, SE 0.8 points, margin 3 points: the nearer bound is 2 points = 2.5 SE away.
    assert tost_p(0.01, se=0.008, df=40, margin=0.03) == pytest.approx(float(stats.t(40).sf(2.5)))
    assert tost_p(-0.01, se=0.008, df=40, margin=0.03) == pytest.approx(float(stats.t(40).sf(2.5)))


def test_an_estimate_on_the_margin_has_p_one_half() -> None:
    assert tost_p(0.03, se=0.01, df=None, margin=0.03) == pytest.approx(0.5)


def test_an_estimate_without_error_is_inside_or_outside() -> None:
    assert tost_p(0.0, se=0.0, df=None, margin=0.03) == 0.0
    assert tost_p(0.03, se=0.0, df=None, margin=0.03) == 1.0


def test_a_margin_of_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="margin 0"):
        tost_p(0.0, se=0.1, df=None, margin=0)


@pytest.mark.parametrize(
    ("p", "p_equivalence", "expected"),
    [
        (0.001, 0.6, "difference"),
        (0.4, 0.01, "equivalent"),
        (0.001, 0.01, "equivalent"),
        (0.4, 0.4, "inconclusive"),
        (None, None, "inconclusive"),
        (0.05, None, "inconclusive"),
        (0.049, None, "difference"),
    ],
)
def test_there_are_three_verdicts(p: float | None, p_equivalence: float | None, expected: str) -> None:
    assert verdict(p=p, p_equivalence=p_equivalence) == expected


def test_the_tails_are_those_of_t_and_of_the_normal() -> None:
    assert survival(1.3, df=7.5) == pytest.approx(float(stats.t(7.5).sf(1.3)))
    assert survival(1.3, df=None) == pytest.approx(float(stats.norm.sf(1.3)))
    assert quantile(0.9, df=7.5) == pytest.approx(float(stats.t(7.5).ppf(0.9)))
    assert quantile(0.9, df=None) == pytest.approx(float(stats.norm.ppf(0.9)))


def test_the_smallest_detectable_gap_has_the_stated_power() -> None:
    gap = smallest_detectable(0.01, df=30)
    # Power of the two-sided t-test from the noncentral t.
    power = float(stats.nct.sf(stats.t(30).ppf(0.975), 30, gap / 0.01))
    assert power == pytest.approx(0.8, abs=0.01)
    assert smallest_detectable(0.01, df=None) == pytest.approx(0.01 * (1.959964 + 0.841621), rel=1e-5)
