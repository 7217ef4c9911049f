"""Prediction-powered inference against the authors' package (ppi-python 0.2.3) and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evenhand.analysis.estimators.prediction_powered import (
    FEWEST_RATED,
    Rectifier,
    corrected,
    corrected_mean,
    rectifier,
)

PEOPLE = np.array([6.0, 7, 5, 8, 4, 6, 7, 9, 5, 6])
MODEL = np.array([7.0, 7, 6, 8, 5, 8, 7, 10, 6, 6])
REST = np.array([6.0, 8, 7, 9, 5, 7, 8, 6, 7, 9, 10, 4, 6, 7, 8, 7, 5, 9, 6, 8])


def test_the_mean_is_that_of_the_authors_package() -> None:
    found = corrected_mean(REST, people=PEOPLE, model=MODEL)
    assert found.value == pytest.approx(6.4)  # ppi_mean_pointestimate(PEOPLE, MODEL, REST, lam=1)
    theirs = (7.17288217 - 5.62711783) / 2 / 1.959963985  # half of ppi_mean_ci(..., alpha=0.05, lam=1)
    apart = PEOPLE - MODEL
    # Theirs divides squares by n, ours by n - 1.
    assert found.se == pytest.approx(np.sqrt(REST.var(ddof=1) / 20 + apart.var(ddof=1) / 10))
    assert theirs == pytest.approx(np.sqrt(REST.var() / 20 + apart.var() / 10), rel=1e-6)


def test_a_rectifier_without_error_moves_the_estimate_and_leaves_its_error() -> None:
    plus = rectifier(np.arange(20.0) + 1.0, np.arange(20.0))
    minus = rectifier(np.arange(20.0), np.arange(20.0))
    found = corrected(0.5, se=0.1, df=30.0, plus=plus, minus=minus, confidence=0.95)
    assert [found.value, found.se, found.df] == pytest.approx([1.5, 0.1, 30.0])


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_the_errors_of_judge_and_rectifiers_add_up_as_welch_and_satterthwaite_have_it(confidence: float) -> None:
    plus, minus = Rectifier(mean=0.3, variance=0.02, rated=8), Rectifier(mean=-0.1, variance=0.05, rated=5)
    found = corrected(0.4, se=0.2, df=12.0, plus=plus, minus=minus, confidence=confidence)
    variance = 0.04 + 0.02 + 0.05
    df = variance**2 / (0.04**2 / 12 + 0.02**2 / 7 + 0.05**2 / 4)
    assert found.value == pytest.approx(0.4 + 0.3 + 0.1)
    assert found.se == pytest.approx(np.sqrt(variance))
    assert found.df == pytest.approx(df)
    assert found.p == pytest.approx(2 * float(stats.t(df).sf(0.8 / np.sqrt(variance))))
    half = float(stats.t(df).ppf(0.5 + confidence / 2)) * np.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((0.8 - half, 0.8 + half))
    # An estimate with no end of degrees of freedom adds its variance and nothing to what is spent of them.
    endless = corrected(0.4, se=0.2, df=None, plus=plus, minus=minus, confidence=confidence)
    assert endless.df == pytest.approx(variance**2 / (0.02**2 / 7 + 0.05**2 / 4))


def test_a_rectifier_is_the_mean_difference_and_one_answer_has_no_variance() -> None:
    found = rectifier(PEOPLE, MODEL)
    apart = PEOPLE - MODEL
    assert found.mean == pytest.approx(apart.mean())
    assert found.rated == 10
    assert found.variance == pytest.approx(apart.var(ddof=1) / 10)
    two = rectifier(PEOPLE[:2], MODEL[:2])
    assert two.variance == pytest.approx(0.25)
    one, none = rectifier(PEOPLE[:1], MODEL[:1]), rectifier(PEOPLE[:0], MODEL[:0])
    assert one.mean == -1.0 and np.isnan(one.variance)
    assert np.isnan(none.mean) and none.rated == 0


def test_intervals_cover_and_a_biased_judge_is_put_right() -> None:
    rng = np.random.default_rng(7)
    covered, rejected, naive = 0, 0, 0
    runs = 600
    for _ in range(runs):
        truth = rng.normal(6.0, 1.0, size=(2, 400))  # no difference between the sides
        judge = truth + rng.normal(0.0, 0.6, size=(2, 400)) + np.array([[0.5], [0.0]])  # the judge favours the first
        known = slice(0, 60)
        value = float(judge[0].mean() - judge[1].mean())
        se = float(np.sqrt(judge[0].var(ddof=1) / 400 + judge[1].var(ddof=1) / 400))
        sides = [rectifier(truth[side, known], judge[side, known]) for side in (0, 1)]
        found = corrected(value, se=se, df=798.0, plus=sides[0], minus=sides[1], confidence=0.95)
        covered += found.low <= 0.0 <= found.high
        rejected += found.p < 0.05
        naive += abs(value) > 1.96 * se
    assert naive > 0.95 * runs
    assert 0.92 <= covered / runs <= 0.995
    assert rejected == runs - covered


def test_an_estimate_without_any_error_is_zero_or_is_not() -> None:
    sure = Rectifier(mean=0.0, variance=0.0, rated=9)
    for value, p in ((0.2, 0.0), (0.0, 1.0)):
        found = corrected(value, se=0.0, df=None, plus=sure, minus=sure, confidence=0.95)
        assert (found.value, found.se, found.p) == (value, 0.0, p)
        assert found.df == float("inf")


def test_a_corrected_mean_has_the_interval_and_the_degrees_of_freedom_of_its_two_samples() -> None:
    found = corrected_mean(REST, people=PEOPLE, model=MODEL)
    apart = PEOPLE - MODEL
    parts = ((REST.var(ddof=1) / 20, 19), (apart.var(ddof=1) / 10, 9))
    df = sum(part for part, _ in parts) ** 2 / sum(part**2 / free for part, free in parts)
    assert found.df == pytest.approx(df)
    assert found.high - found.value == pytest.approx(float(stats.t(df).ppf(0.975)) * found.se)
    assert found == corrected_mean(REST, people=PEOPLE, model=MODEL, confidence=0.95)
    assert FEWEST_RATED == 10


def test_a_side_without_error_spends_no_degrees_of_freedom_however_few_were_rated() -> None:
    one = Rectifier(mean=0.1, variance=0.0, rated=1)
    found = corrected(0.4, se=0.2, df=12.0, plus=one, minus=one, confidence=0.95)
    assert (found.value, found.se, found.df) == pytest.approx((0.4, 0.2, 12.0))
