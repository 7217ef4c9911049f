from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from msgspec import structs
from scipy import integrate, special, stats

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, fit_binomial
from evenhand.analysis.estimators.marginal import marginal_effects
from evenhand.analysis.estimators.random_terms import term
from evenhand.errors import UsageError

Array = npt.NDArray[np.float64]
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


def by_quadrature(data: BinomialCells, beta: Array, variances: Array, *, column: int | None) -> float:
    """The mean probability over trials and normal random effects with all rows at one level."""
    design = data.design.copy()
    design[:, 1:] = 0.0
    if column is not None:
        design[:, column] = 1.0
    total = 0.0
    covariates = [1.0 if one.covariate is None else one.covariate for one in data.terms]
    spread = np.sqrt(sum(v * np.ones(data.trials.size) * c**2 for v, c in zip(variances, covariates, strict=True)))
    for linear, sd in {(float(one), float(other)) for one, other in zip(design @ beta, spread, strict=True)}:
        own = (design @ beta == linear) & (spread == sd)
        mean = integrate.quad(lambda z, a=linear, s=sd: special.expit(a + s * z) * stats.norm.pdf(z), -9, 9)[0]
        total += mean * data.trials[own].sum() / data.trials.sum()
    return total


def uneven(seed: int = 0) -> BinomialCells:
    """Cells of different numbers of trials, with a slope."""
    data = cells(seed)
    trials = 1.0 + np.arange(data.trials.size) % 3
    slope = term("slope", data.terms[0].codes, covariate=np.where(np.arange(data.trials.size) % 2, 0.5, -1.0))
    return structs.replace(
        data, successes=np.minimum(data.successes, trials), trials=trials, terms=(*data.terms, slope)
    )


def test_the_effect_is_averaged_over_trials_and_over_all_random_effects() -> None:
    data = uneven()
    fit = fit_binomial(data)
    variances = np.array([1.2, 0.3, 0.4])
    wide = structs.replace(fit, variances=variances)
    for effect, column in zip(marginal_effects(data, wide, groups=GROUPS), (1, 2), strict=True):
        level, base = (by_quadrature(data, fit.beta, variances, column=one) for one in (column, None))
        assert effect.estimate == pytest.approx(level - base, abs=1e-6)
        assert effect.name == data.names[column]


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_the_error_is_the_delta_methods_and_the_interval_students(confidence: float) -> None:
    data = uneven()
    fit = structs.replace(fit_binomial(data), variances=np.array([1.2, 0.3, 0.4]))
    (found, _) = marginal_effects(data, fit, groups=GROUPS, confidence=confidence)
    whole = np.concatenate([fit.beta, fit.variances])

    def effect(point: Array) -> float:
        moved = structs.replace(fit, beta=point[:3], variances=point[3:])
        return marginal_effects(data, moved, groups=GROUPS)[0].estimate

    steps = 1e-5 * np.eye(whole.size)
    gradient = np.array([(effect(whole + step) - effect(whole - step)) / 2e-5 for step in steps])
    own = fit.effects[1]
    plain = float(np.sqrt(gradient @ fit.joint_covariance @ gradient))
    assert found.se == pytest.approx(plain * own.se_adjusted / own.se, rel=1e-4)
    assert own.df is not None and found.df == own.df
    law = stats.t(own.df)
    assert found.high - found.estimate == pytest.approx(law.ppf(0.5 + confidence / 2) * found.se)
    assert found.estimate - found.low == pytest.approx(found.high - found.estimate)
    assert found.p == pytest.approx(2 * law.sf(abs(found.estimate) / found.se))


def test_an_effect_without_error_has_no_p_below_one() -> None:
    data = cells()
    fit = fit_binomial(data)
    sure = structs.replace(fit, joint_covariance=0.0 * fit.joint_covariance)
    for effect in marginal_effects(data, sure, groups=GROUPS):
        assert (effect.se, effect.p) == (0.0, 1.0)
        assert effect.low == effect.estimate == effect.high
