from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from msgspec import structs
from scipy import stats

from evenhand.analysis.estimators.linear_likelihood import LinearLikelihood
from evenhand.analysis.estimators.linear_mixed import LinearCells, LinearSpec, fit_linear, linear_contrast
from evenhand.analysis.estimators.random_terms import RandomTerm, term
from evenhand.errors import TableError

Array = npt.NDArray[np.float64]


def cells(seed: int = 0, *, profile_sd: float = 0.3, weighted: bool = False, slope: bool = False) -> LinearCells:
    rng = np.random.default_rng(seed)
    item, profile = (a.ravel() for a in np.meshgrid(np.arange(15), np.arange(20)))
    x = (profile % 2) - 0.5
    n = rng.integers(1, 5, item.size).astype(float) if weighted else np.ones(item.size)
    y = 0.6 + 0.2 * x + 0.5 * rng.standard_normal(15)[item] + profile_sd * rng.standard_normal(20)[profile]
    y = y + (0.4 * x * rng.standard_normal(15)[item] if slope else 0) + 0.4 * rng.standard_normal(item.size) / n**0.5
    terms: tuple[RandomTerm, ...] = (term("item", item), term("profile", profile))
    if slope:
        terms = (*terms, term("item slope", item, covariate=x))
    return LinearCells(
        score=y, weights=n, design=np.column_stack([np.ones(item.size), x]), names=("(Intercept)", "x"), terms=terms
    )


def dense_criterion(data: LinearCells, variances: Array, residual: float, *, reml: bool) -> float:
    """Minus the log-likelihood by the textbook formula."""
    covariance = residual * np.diag(1 / data.weights)
    for part, variance in zip(data.terms, variances, strict=True):
        z = np.eye(part.levels)[part.codes]
        z = z if part.covariate is None else z * part.covariate[:, None]
        covariance = covariance + variance * z @ z.T
    if not reml:
        beta = np.linalg.solve(
            data.design.T @ np.linalg.solve(covariance, data.design),
            data.design.T @ np.linalg.solve(covariance, data.score),
        )
        law = stats.multivariate_normal(data.design @ beta, covariance, allow_singular=False)
        return -float(law.logpdf(data.score))
    normal = data.design.T @ np.linalg.solve(covariance, data.design)
    beta = np.linalg.solve(normal, data.design.T @ np.linalg.solve(covariance, data.score))
    left = data.score - data.design @ beta
    freedom = data.score.size - data.design.shape[1]
    return 0.5 * float(
        freedom * np.log(2 * np.pi)
        + np.linalg.slogdet(covariance)[1]
        + np.linalg.slogdet(normal)[1]
        + left @ np.linalg.solve(covariance, left)
    )


@pytest.mark.parametrize("reml", [True, False])
def test_the_likelihood_is_the_textbook_one_and_the_fit_its_maximum(reml: bool) -> None:
    data = cells(weighted=True, slope=True)
    fit = fit_linear(data, spec=LinearSpec(reml=reml))
    best = dense_criterion(data, fit.variances, fit.residual_sd**2, reml=reml)
    assert fit.loglik == pytest.approx(-best, abs=1e-6)
    for index in range(3):
        for factor in (0.97, 1.03):
            moved = fit.variances.copy()
            moved[index] *= factor
            assert dense_criterion(data, moved, fit.residual_sd**2, reml=reml) > best
    assert dense_criterion(data, fit.variances, 1.02 * fit.residual_sd**2, reml=reml) > best


@pytest.mark.parametrize("reml", [True, False])
def test_the_gradients_are_those_of_the_criterion(reml: bool) -> None:
    data = cells(weighted=True, slope=True)
    likelihood = LinearLikelihood(data, reml=reml)
    variances = np.array([0.3, 0.1, 0.2, 0.2])
    found = likelihood.full(variances).gradient
    for index in range(4):
        step = np.zeros(4)
        step[index] = 1e-5
        ahead, behind = variances + step, variances - step
        numeric = dense_criterion(data, ahead[:3], ahead[3], reml=reml)
        numeric -= dense_criterion(data, behind[:3], behind[3], reml=reml)
        assert found[index] == pytest.approx(numeric / 2e-5, rel=1e-4, abs=1e-4)
    ratios = np.array([1.0, 0.5, 0.7])
    profiled = likelihood.profiled(ratios).gradient
    for index in range(3):
        step = np.zeros(3)
        step[index] = 1e-5
        numeric = likelihood.profiled(ratios + step).value - likelihood.profiled(ratios - step).value
        assert profiled[index] == pytest.approx(numeric / 2e-5, rel=1e-4, abs=1e-4)


def test_in_a_balanced_crossing_it_is_the_analysis_of_variance() -> None:
    data = cells()
    fit = fit_linear(data)
    means = np.array([data.score[data.terms[1].codes == p].mean() for p in range(20)])
    t = stats.ttest_ind(means[1::2], means[::2])
    # A between-profile effect rests on 20 - 2 = 18 degrees of freedom, whatever the number of items.
    assert fit.effects[1].df == pytest.approx(18, rel=1e-4)
    assert fit.effects[1].estimate == pytest.approx(means[1::2].mean() - means[::2].mean())
    assert fit.effects[1].p == pytest.approx(float(t.pvalue), rel=1e-4)


def test_a_random_slope_leaves_fewer_degrees_of_freedom() -> None:
    fit = fit_linear(cells(3, slope=True, profile_sd=0.0))
    assert fit.effects[1].df is not None
    assert fit.effects[1].df < 30


def test_a_profile_spread_of_zero_is_said_to_be_no_evidence() -> None:
    fits = [fit_linear(cells(seed, profile_sd=0.0)) for seed in range(8)]
    singular = [fit for fit in fits if fit.singular]
    assert singular
    assert all("no evidence" in fit.notes[0] for fit in singular)


def test_a_contrast_of_coefficients_has_its_own_degrees_of_freedom() -> None:
    fit = fit_linear(cells())
    same = linear_contrast(fit, coefficients=np.array([0.0, 1.0]), name="again")
    assert (same.estimate, same.se, same.df) == pytest.approx(
        (fit.effects[1].estimate, fit.effects[1].se, fit.effects[1].df)
    )
    level = linear_contrast(fit, coefficients=np.array([1.0, 0.5]), name="mean at the level")
    assert level.estimate == pytest.approx(fit.effects[0].estimate + 0.5 * fit.effects[1].estimate)


def test_scores_that_the_fixed_effects_reproduce_give_a_stated_degenerate_fit() -> None:
    data = cells()
    fit = fit_linear(structs.replace(data, score=0.5 + 0.0 * data.score))
    assert fit.effects[1].estimate == fit.effects[1].low == fit.effects[1].high == 0.0
    assert fit.effects[0].estimate == fit.effects[0].low == fit.effects[0].high == pytest.approx(0.5)
    assert (fit.residual_sd, fit.loglik) == (0.0, 0.0)
    assert all((one.sd, one.singular) == (0.0, True) for one in fit.sds) and not fit.variances.any()
    assert all((one.se, one.se_adjusted, one.p) == (0.0, 0.0, 1.0) for one in fit.effects)
    exact = fit.precision
    assert not exact.covariance.any() and not exact.variance_covariance.any() and not exact.slopes.any()
    assert exact.variance_covariance.shape == (3, 3) and exact.slopes.shape == (3, 2, 2)
    assert "intervals are points" in fit.notes[0]


def test_unusable_tables_are_refused() -> None:
    data = cells()
    with pytest.raises(TableError, match="not independent"):
        fit_linear(structs.replace(data, design=np.ones((data.score.size, 2))))
    with pytest.raises(TableError, match="finite"):
        fit_linear(structs.replace(data, score=np.full(data.score.size, np.nan)))
    with pytest.raises(TableError, match="level for every row"):
        fit_linear(structs.replace(data, terms=(*data.terms, term("cell", np.arange(data.score.size)))))
    few = LinearCells(
        score=np.ones(1), weights=np.ones(1), design=np.ones((1, 1)), names=("1",), terms=(term("item", [0]),)
    )
    with pytest.raises(TableError, match="1 rows for 1 fixed effects"):
        fit_linear(few)


@pytest.mark.parametrize("seed", range(4))
def test_at_the_fit_the_criterion_neither_rises_nor_falls(seed: int) -> None:
    data = cells(seed, weighted=True, slope=True)
    fit = fit_linear(data)
    found = LinearLikelihood(data, reml=True).profiled(fit.variances / fit.residual_sd**2)
    # The search alone ends where the gradient is 4e-6 or more; the steps after it take it to 1e-10.
    assert np.abs(found.gradient).max() < 1e-8
    assert fit.loglik == pytest.approx(-found.value)
    assert fit.converged and not fit.singular and fit.notes == ()


def test_a_search_that_is_cut_short_is_said_not_to_have_converged() -> None:
    fit = fit_linear(cells(), spec=LinearSpec(max_iterations=0))
    assert not fit.converged
    assert fit.notes[0] == "The optimiser did not converge; do not rely on these coefficients."
