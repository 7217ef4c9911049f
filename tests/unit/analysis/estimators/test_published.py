from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs
from scipy import special, stats

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, fit_binomial
from evenhand.analysis.estimators.published import item_only_bayes, item_only_likelihood
from evenhand.analysis.estimators.random_terms import term
from evenhand.errors import TableError


def rows(seed: int = 0) -> BinomialCells:
    rng = np.random.default_rng(seed)
    item, profile, _ = (a.ravel() for a in np.meshgrid(np.arange(15), np.arange(24), np.arange(4)))
    x = (profile % 2).astype(float)
    eta = 0.4 + 0.4 * x + rng.standard_normal(15)[item] + 0.5 * rng.standard_normal(24)[profile]
    return BinomialCells(
        successes=rng.binomial(1, special.expit(eta)).astype(float),
        trials=np.ones(item.size),
        design=np.column_stack([np.ones(item.size), x]),
        names=("(Intercept)", "x"),
        terms=(term("item", item), term("profile", profile)),
    )


def test_variational_bayes_is_repeatable_and_near_maximum_likelihood() -> None:
    data = rows()
    ours = item_only_likelihood(data)
    first, second = (
        item_only_bayes(data.successes, design=data.design, names=data.names, item=data.terms[0].codes) for _ in "ab"
    )
    assert first == second
    assert first[1].estimate == pytest.approx(ours.beta[1], abs=0.05)
    assert first[1].name == "x"


def test_the_published_kind_states_far_smaller_errors_than_the_crossed_model() -> None:
    data = rows()
    crossed = fit_binomial(data).effects[1].se_adjusted
    single = item_only_likelihood(data).effects[1]
    bayes = item_only_bayes(data.successes, design=data.design, names=data.names, item=data.terms[0].codes)[1]
    assert single.se < 0.8 * crossed
    assert bayes.se < single.se
    assert single.df is None


def test_outcomes_other_than_0_and_1_are_refused() -> None:
    data = rows()
    with pytest.raises(TableError, match="0 or 1"):
        item_only_bayes(0.5 * data.successes, design=data.design, names=data.names, item=data.terms[0].codes)


def test_a_missing_item_term_is_named() -> None:
    with pytest.raises(TableError, match="'question'"):
        item_only_likelihood(rows(), item="question")


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_intervals_and_p_of_the_published_kind_are_normal(confidence: float) -> None:
    data = rows()
    found = item_only_bayes(
        data.successes, design=data.design, names=data.names, item=data.terms[0].codes, confidence=confidence
    )
    likely = item_only_likelihood(data, confidence=confidence).effects
    for one in (*found, *likely):
        half = float(stats.norm.ppf(0.5 + confidence / 2)) * one.se
        assert (one.low, one.high) == pytest.approx((one.estimate - half, one.estimate + half))
        assert one.p == pytest.approx(2 * float(stats.norm.sf(abs(one.estimate) / one.se)))
        assert one.se_adjusted == one.se and one.df is None
    assert [one.name for one in found] == [one.name for one in likely] == ["(Intercept)", "x"]


def test_of_the_terms_the_item_alone_is_kept_and_its_slope_is_not() -> None:
    data = rows()
    slope = term("item", data.terms[0].codes, covariate=data.design[:, 1] - 0.5)
    more = structs.replace(data, terms=(slope, *data.terms))
    assert [one.name for one in item_only_likelihood(more).sds] == ["item"]
    assert item_only_likelihood(more).beta.tolist() == item_only_likelihood(data).beta.tolist()
    profile = item_only_likelihood(data, item="profile")
    assert [one.name for one in profile.sds] == ["profile"]
