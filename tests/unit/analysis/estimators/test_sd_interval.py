from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs
from scipy import special, stats

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, BinomialSpec, fit_binomial
from evenhand.analysis.estimators.random_terms import term
from evenhand.analysis.estimators.sd_interval import _Profile, sd_interval
from evenhand.errors import UsageError


def cells(seed: int, profile_sd: float) -> BinomialCells:
    rng = np.random.default_rng(seed)
    item, profile = (a.ravel() for a in np.meshgrid(np.arange(20), np.arange(30)))
    eta = 0.5 + rng.standard_normal(20)[item] + profile_sd * rng.standard_normal(30)[profile]
    return BinomialCells(
        successes=rng.binomial(4, special.expit(eta)).astype(float),
        trials=np.full(item.size, 4.0),
        design=np.ones((item.size, 1)),
        names=("(Intercept)",),
        terms=(term("item", item), term("profile", profile)),
    )


def test_a_clear_spread_has_an_interval_above_zero_around_it() -> None:
    data = cells(0, 0.6)
    fit = fit_binomial(data)
    low, high = sd_interval(data, fit, term="profile")
    assert 0 < low < fit.sds[1].sd < high
    wide = sd_interval(data, fit, term="profile", confidence=0.99)
    assert wide[0] < low
    assert wide[1] > high


def test_a_spread_of_zero_has_an_upper_end_that_is_not() -> None:
    for seed in range(20):
        data = cells(seed, 0.0)
        fit = fit_binomial(data)
        if fit.sds[1].singular:
            low, high = sd_interval(data, fit, term="profile")
            assert low == 0.0
            assert 0.02 < high < 0.5
            return
    pytest.fail("none of 20 tables without profile spread gave a singular fit")


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(40):
        data = cells(100 + seed, 0.3)
        low, high = sd_interval(data, fit_binomial(data), term="profile", confidence=0.9)
        held += low <= 0.3 <= high
    # 40 intervals at 90%: 36 expected, SD 1.9.
    assert held >= 31


def test_an_unknown_term_is_named() -> None:
    data = cells(0, 0.3)
    with pytest.raises(UsageError, match="'persona'"):
        sd_interval(data, fit_binomial(data), term="persona")


def test_a_fit_that_did_not_converge_says_nothing_of_the_spread() -> None:
    data = cells(0, 0.3)
    fit = fit_binomial(data, spec=BinomialSpec(max_iterations=1))
    assert sd_interval(data, fit, term="profile") == (0.0, 20.0)


def test_separated_items_have_no_upper_end() -> None:
    data = cells(0, 0.3)
    right = np.where(data.terms[0].codes % 2 == 0, data.trials, 0.0)
    separated = structs.replace(data, successes=right)
    assert sd_interval(separated, fit_binomial(separated), term="item")[1] == 20.0


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_at_both_ends_the_likelihood_is_half_a_quantile_of_chi_square_below_its_maximum(confidence: float) -> None:
    data = cells(0, 0.6)
    fit = fit_binomial(data)
    profile = _Profile(data, fit, 1)
    assert profile.deficit(fit.sds[1].sd) == pytest.approx(0.0, abs=1e-5)
    for end in sd_interval(data, fit, term="profile", confidence=confidence):
        assert profile.deficit(end) == pytest.approx(0.5 * float(stats.chi2(1).ppf(confidence)), abs=2e-3)
    # The item's spread is another term, with an interval of its own.
    low, high = sd_interval(data, fit, term="item", confidence=confidence)
    assert low < fit.sds[0].sd < high


def test_of_terms_with_one_name_the_first_counts() -> None:
    data = cells(0, 0.6)
    fit = fit_binomial(data)
    named = structs.replace(data, terms=(data.terms[0], structs.replace(data.terms[1], name="item")))
    assert sd_interval(named, fit, term="item") == sd_interval(data, fit, term="item")
