"""Variance of profile effects: against analysis of variance, statsmodels, and simulation."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from msgspec import structs

from evenhand.analysis.estimators.crossed import CrossedScores
from evenhand.analysis.estimators.profile_variance import (
    _DRAWS,
    ProfileVariance,
    profile_means,
    profile_variance,
    sd_interval,
)
from evenhand.errors import TableError


def drawn(
    rng: np.random.Generator, *, profiles: int = 27, items: int = 12, sd: float = 0.1, met: float = 1.0
) -> CrossedScores:
    y = rng.normal(0, sd, (profiles, 1)) + rng.normal(0.6, 0.2, (1, items)) + rng.normal(0, 0.3, (profiles, items))
    profile, item = np.nonzero(rng.random((profiles, items)) < met)
    return CrossedScores(score=y[profile, item], item=item, profile=profile)


def test_in_a_complete_crossing_the_fit_is_the_analysis_of_variance() -> None:
    scores = drawn(np.random.default_rng(0))
    y = scores.score.reshape(27, 12)
    means = profile_means(scores, profiles=27)
    residual = y - y.mean(axis=1, keepdims=True) - y.mean(axis=0, keepdims=True) + y.mean()
    mean_residual = (residual**2).sum() / (26 * 11)
    mean_profile = 12 * y.mean(axis=1).var(ddof=1)
    tau2 = (mean_profile - mean_residual) / 12
    assert means.residual == pytest.approx(mean_residual)
    np.testing.assert_allclose(means.means, y.mean(axis=1))
    fit = profile_variance(means, design=np.ones((27, 1)))
    assert fit.sd == pytest.approx(np.sqrt(tau2), rel=1e-4)
    # Shrinkage of a balanced one-way layout: tau^2 / (tau^2 + sigma^2 / I).
    shrink = tau2 / (tau2 + mean_residual / 12)
    np.testing.assert_allclose(fit.pooled, y.mean() + shrink * (y.mean(axis=1) - y.mean()), rtol=1e-4)


def test_an_incomplete_crossing_agrees_with_statsmodels() -> None:
    scores = drawn(np.random.default_rng(1), met=0.7)
    frame = pd.DataFrame({"y": scores.score, "item": scores.item, "profile": scores.profile})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = smf.mixedlm("y ~ C(item)", frame, groups="profile").fit(reml=True)
    fit = profile_variance(profile_means(scores, profiles=27), design=np.ones((27, 1)))
    # Ours takes the residual variance from the profile-by-item residual alone, REML from both: they agree closely.
    assert fit.sd == pytest.approx(float(np.sqrt(reference.cov_re.iloc[0, 0])), rel=0.03)


def test_profile_means_are_those_of_least_squares_with_items_held() -> None:
    scores = drawn(np.random.default_rng(6), profiles=9, items=7, met=0.7)
    frame = pd.DataFrame({"y": scores.score, "item": scores.item, "profile": scores.profile})
    reference = smf.ols("y ~ C(profile) + C(item)", frame).fit()
    means = profile_means(scores, profiles=9)
    names = [f"C(profile)[T.{number}]" for number in range(1, 9)]
    np.testing.assert_allclose(means.means[1:] - means.means[0], reference.params[names])
    assert means.residual == pytest.approx(reference.mse_resid)
    assert means.degrees == reference.df_resid
    c = means.covariance
    apart = c[1:, 1:] - c[1:, :1] - c[:1, 1:] + c[0, 0]
    np.testing.assert_allclose(apart, reference.normalized_cov_params.loc[names, names], rtol=1e-8, atol=1e-12)
    # The mean profile on the mean item is what the table says at every profile and item, averaged.
    everywhere = pd.DataFrame([(p, i) for p in range(9) for i in range(7)], columns=["profile", "item"])
    assert means.means.mean() == pytest.approx(reference.predict(everywhere).mean())


def test_a_complete_crossing_gives_independent_means_and_the_spread_of_items() -> None:
    scores = drawn(np.random.default_rng(7), profiles=30, items=400, sd=0.0)
    means = profile_means(scores, profiles=30)
    np.testing.assert_allclose(means.covariance, np.eye(30) / 400, atol=1e-12)
    y = scores.score.reshape(30, 400)
    assert means.item_variance == pytest.approx(y.mean(axis=0).var(ddof=1) - means.residual / 30)
    assert means.item_variance == pytest.approx(0.04, rel=0.2)


def test_the_error_of_a_pooled_mean_is_that_of_best_linear_prediction() -> None:
    means = profile_means(drawn(np.random.default_rng(0)), profiles=27)
    fit = profile_variance(means, design=np.ones((27, 1)))
    shrink = fit.sd**2 / (fit.sd**2 + means.residual / 12)
    # What is left of the spread, and the error of the mean of all that profiles are pulled to.
    expected = fit.sd**2 * (1 - shrink) + (1 - shrink) ** 2 * (fit.sd**2 + means.residual / 12) / 27
    np.testing.assert_allclose(fit.pooled_se, np.sqrt(expected), rtol=1e-6)
    assert fit.beta == pytest.approx([means.means.mean()])


def test_main_effects_take_their_share_out_of_the_spread() -> None:
    rng = np.random.default_rng(2)
    level = np.arange(27) % 3
    scores = drawn(rng, sd=0.01, items=40)
    moved = CrossedScores(
        score=scores.score + 0.2 * (level[scores.profile] == 1), item=scores.item, profile=scores.profile
    )
    means = profile_means(moved, profiles=27)
    null = profile_variance(means, design=np.ones((27, 1)))
    main = profile_variance(means, design=np.column_stack([np.ones(27), level == 1, level == 2]))
    assert null.sd > 0.07
    assert main.sd < 0.04
    assert main.beta[1] == pytest.approx(0.2, abs=0.05)


def test_the_bootstrap_interval_covers() -> None:
    """A short form: 150 tables at SDs of 0 and 0.08."""
    rng = np.random.default_rng(3)
    for sd in (0.0, 0.08):
        inside = 0
        for _ in range(150):
            fit = profile_variance(profile_means(drawn(rng, sd=sd), profiles=27), design=np.ones((27, 1)))
            interval = sd_interval(fit, rng=rng)
            inside += interval.low <= sd <= interval.high
        # Binomial(150, 0.95) has mean 142.5 and SD 2.7; at 0 only the upper end can miss.
        assert inside >= 134


def test_an_estimate_at_the_edge_has_an_upper_end_above_zero() -> None:
    rng = np.random.default_rng(5)
    edges = 0
    for _ in range(20):
        fit = profile_variance(profile_means(drawn(rng, sd=0.0), profiles=27), design=np.ones((27, 1)))
        if fit.sd == 0:
            edges += 1
            interval = sd_interval(fit, rng=rng)
            assert interval.low == 0.0
            assert interval.high > 0.0
            assert interval.p > 0.05
    assert edges > 3


def test_profiles_that_share_no_items_cannot_be_compared() -> None:
    scores = CrossedScores(
        score=np.array([0.1, 0.2, 0.3, 0.4]), item=np.array([0, 1, 2, 3]), profile=np.array([0, 0, 1, 1])
    )
    with pytest.raises(TableError, match="hang together"):
        profile_means(scores, profiles=2)


def test_a_crossing_without_residual_is_refused() -> None:
    scores = CrossedScores(score=np.array([0.1, 0.2]), item=np.array([0, 0]), profile=np.array([0, 1]))
    with pytest.raises(TableError, match="too few items"):
        profile_means(scores, profiles=2)


def test_a_spread_that_no_draw_reaches_has_the_smallest_p_that_the_draws_allow() -> None:
    roots = np.ones(20)
    fit = ProfileVariance(
        sd=10.0, beta=np.zeros(1), pooled=np.zeros(21), pooled_se=np.zeros(21), squares=101.0 * roots, roots=roots
    )
    found = sd_interval(fit, rng=np.random.default_rng(0))
    # The observed table counts as one of the draws.
    assert found.p == 1 / (_DRAWS + 1)
    assert found.low < 10.0 < found.high
    none = sd_interval(structs.replace(fit, sd=0.0, squares=0.0 * roots), rng=np.random.default_rng(0))
    assert none.p == 1.0
