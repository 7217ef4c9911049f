from __future__ import annotations

import numpy as np
import pytest
from scipy import special

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
