from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs
from scipy import special

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, fit_binomial
from evenhand.analysis.estimators.marginal import marginal_effects
from evenhand.analysis.estimators.random_terms import term
from evenhand.errors import UsageError

GROUPS = {"level": ["level.b", "level.c"]}


def cells(seed: int = 0, profile_sd: float = 0.3) -> BinomialCells:
    rng = np.random.default_rng(seed)
    item, profile = (a.ravel() for a in np.meshgrid(np.arange(25), np.arange(45)))
    level = profile % 3
    eta = 0.5 - 0.6 * (level == 1) + 1.3 * rng.standard_normal(25)[item] + profile_sd * rng.standard_normal(45)[profile]
    design = np.column_stack([np.ones(item.size), level == 1, level == 2]).astype(float)
    return BinomialCells(
        successes=rng.binomial(6, special.expit(eta)).astype(float),
        trials=np.full(item.size, 6.0),
        design=design,
        names=("(Intercept)", "level.b", "level.c"),
        terms=(term("item", item), term("profile", profile)),
    )


def test_the_effect_is_near_the_difference_of_raw_means() -> None:
    data = cells()
    first, second = marginal_effects(data, fit_binomial(data), groups=GROUPS)
    share = [data.successes[data.design[:, k] == 1].mean() / 6 for k in (1, 2)]
    base = data.successes[data.design[:, 1:].sum(axis=1) == 0].mean() / 6
    assert first.estimate == pytest.approx(share[0] - base, abs=0.01)
    assert second.estimate == pytest.approx(share[1] - base, abs=0.01)
    assert first.low < first.estimate < first.high


def test_the_standard_error_is_that_of_repeated_studies() -> None:
    found = []
    for seed in range(60):
        data = cells(seed)
        found.append(marginal_effects(data, fit_binomial(data), groups=GROUPS)[0])
    spread = np.std([effect.estimate for effect in found], ddof=1)
    # The Monte Carlo error of an SD over 60 studies is 9%.
    assert np.mean([effect.se for effect in found]) == pytest.approx(spread, rel=0.3)


def test_without_random_variation_it_is_the_plain_change_of_the_logistic_curve() -> None:
    data = cells()
    fit = fit_binomial(data)
    flat = structs.replace(fit, variances=np.zeros(2))
    effect = marginal_effects(data, flat, groups=GROUPS)[0]
    expected = special.expit(fit.beta[0] + fit.beta[1]) - special.expit(fit.beta[0])
    assert effect.estimate == pytest.approx(float(expected))


def test_an_unknown_column_is_named() -> None:
    data = cells()
    with pytest.raises(UsageError, match=r"level\.d"):
        marginal_effects(data, fit_binomial(data), groups={"level": ["level.d"]})
