from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from evenhand.analysis.estimators.laplace import CEILING, FLOOR, RIDGE, LaplaceLikelihood
from evenhand.analysis.estimators.random_terms import RandomTerm, term


def likelihood(*, cells: bool, seed: int = 0) -> LaplaceLikelihood:
    rng = np.random.default_rng(seed)
    item, profile = (a.ravel() for a in np.meshgrid(np.arange(6), np.arange(9)))
    x = (profile % 2) - 0.5
    eta = 0.4 + 0.3 * x + rng.standard_normal(6)[item] + 0.4 * rng.standard_normal(9)[profile]
    n = rng.integers(2, 6, item.size).astype(float)
    k = rng.binomial(n.astype(int), special.expit(eta)).astype(float)
    terms: tuple[RandomTerm, ...] = (term("item", item), term("profile", profile), term("slope", item, covariate=x))
    if cells:
        terms = (*terms, term("cell", np.arange(item.size)))
    return LaplaceLikelihood(k, n, np.column_stack([np.ones(item.size), x]), terms)


@pytest.mark.parametrize("cells", [False, True])
def test_the_gradient_is_that_of_the_value(cells: bool) -> None:
    target = likelihood(cells=cells)
    point = np.array([0.3, 0.2, 1.1, 0.3, 0.15, *([0.2] if cells else [])])
    found = target.evaluate(point).gradient
    for index in range(point.size):
        step = np.zeros_like(point)
        step[index] = 1e-5
        numeric = (target.evaluate(point + step).value - target.evaluate(point - step).value) / 2e-5
        assert found[index] == pytest.approx(numeric, abs=2e-5)


@pytest.mark.parametrize("index", [3, 5])
def test_the_gradient_in_a_variance_is_right_at_zero_too(index: int) -> None:
    target = likelihood(cells=True)
    point = np.array([0.3, 0.2, 1.1, 0.3, 0.15, 0.2])
    point[index] = FLOOR
    step = np.zeros_like(point)
    step[index] = 1e-4
    values = [target.evaluate(point + times * step).value for times in (0, 1, 2)]
    numeric = (-3 * values[0] + 4 * values[1] - values[2]) / 2e-4
    assert target.evaluate(point).gradient[index] == pytest.approx(numeric, abs=1e-3)


def test_a_cell_term_costs_the_same_likelihood_as_a_dense_term() -> None:
    rowwise = likelihood(cells=True)
    point = np.array([0.3, 0.2, 1.1, 0.3, 0.15, 0.2])
    rng = np.random.default_rng(1)
    # The same term behind a covariate of ones is not recognised as rowwise and takes the dense way.
    dense_terms = (
        *(part for part in rowwise.crossing.by_input(rowwise.crossing.terms)),  # type: ignore[arg-type]
        term("cell", np.arange(54), covariate=np.ones(54)),
    )
    dense = LaplaceLikelihood(rowwise.successes, rowwise.trials, rowwise.design, dense_terms)  # type: ignore[arg-type]
    assert rowwise.rowwise == 3
    assert dense.rowwise is None
    for _ in range(3):
        trial = point + 0.05 * rng.random(point.size)
        ours, theirs = rowwise.evaluate(trial), dense.evaluate(trial)
        assert ours.value == pytest.approx(theirs.value, abs=1e-8)
        np.testing.assert_allclose(ours.gradient, theirs.gradient, atol=1e-6)
        np.testing.assert_allclose(rowwise.modes(trial)[3], dense.modes(trial)[3], atol=1e-7)


def test_with_many_answers_a_level_it_comes_near_the_exact_integral() -> None:
    k, n = np.array([70.0, 55.0]), np.array([100.0, 100.0])
    target = LaplaceLikelihood(k, n, np.ones((2, 1)), (term("item", [0, 1]),))
    exact = 0.0
    for successes in k:
        value, _ = integrate.quad(
            lambda b, s=successes: stats.binom.pmf(s, 100, special.expit(0.5 + b)) * stats.norm.pdf(b, scale=0.6), -4, 4
        )
        exact += np.log(value)
    assert -target.evaluate(np.array([0.5, 0.36])).value == pytest.approx(exact, abs=1e-2)


def test_the_ridge_adds_half_the_squared_effects_and_the_variances() -> None:
    target = likelihood(cells=True)
    # Two fixed effects of 3 and -4, variances that add up to 10: 12.5 + 10.
    point = np.array([3.0, -4.0, 1.0, 2.0, 3.0, 4.0])
    assert target.penalty(point) == pytest.approx(RIDGE * 22.5)
    bare = target.evaluate(point).value - target.penalty(point)
    assert bare < target.evaluate(point).value


@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize(("intercept", "variance"), [(-12.0, 50.0), (-6.0, 4.0), (0.5, 1.0), (9.0, 300.0)])
def test_the_modes_are_where_the_answers_and_the_prior_pull_alike(
    intercept: float, variance: float, cells: bool
) -> None:
    # However far the answers are from what the fixed effects say: Z' (k - n p) is the effect over its variance.
    target = likelihood(cells=cells, seed=3)
    point = np.array([intercept, 0.0, variance, variance, 0.5, *([0.3] if cells else [])])
    modes = target.modes(point)
    eta = np.full(target.successes.size, intercept)
    terms = target.crossing.by_input(target.crossing.terms)  # type: ignore[arg-type]
    for part, effects in zip(terms, modes, strict=False):
        covariate = 1.0 if part.covariate is None else part.covariate  # type: ignore[attr-defined]
        eta = eta + effects[part.codes] * covariate  # type: ignore[attr-defined]
    eta = eta + (modes[3] if cells else 0.0)
    left = target.successes - target.trials * special.expit(eta)
    for part, effects, tau in zip(terms, modes, point[2:], strict=False):
        np.testing.assert_allclose(part.scatter(left), effects / tau, atol=2e-4)  # type: ignore[attr-defined]
    if cells:
        np.testing.assert_allclose(left, modes[3] / 0.3, atol=2e-4)


def test_effects_are_scaled_by_the_information_of_the_weighted_design() -> None:
    # One level for every row and a variance at the floor: X' W X, and half the sum of squared weights of the levels.
    k, n = np.array([3.0, 1.0, 2.0]), np.array([5.0, 4.0, 2.0])
    design = np.column_stack([np.ones(3), [0.0, 1.0, 1.0]])
    target = LaplaceLikelihood(k, n, design, (term("item", [0, 1, 2]),))
    found = target.evaluate(np.array([0.2, -0.3, FLOOR])).information
    p = special.expit(np.array([0.2, -0.1, -0.1]))
    weights = n * p * (1 - p)
    np.testing.assert_allclose(found[:2, :2], design.T @ (weights[:, None] * design), rtol=1e-5)
    assert found[2, 2] == pytest.approx(0.5 * float(weights @ weights), rel=1e-5)
    bare = target.slope(np.array([0.2, -0.3, FLOOR])).information
    assert not bare[:2, :2].any() and bare[2, 2] == pytest.approx(found[2, 2])


def test_the_information_on_the_variance_of_cells_is_that_of_independent_rows() -> None:
    target = likelihood(cells=True)
    # With the other variances at the floor rows are independent: V is 1/w + tau.
    point = np.array([0.3, 0.2, FLOOR, FLOOR, FLOOR, 0.4])
    found = target.evaluate(point).information
    eta = target.design @ point[:2] + target.modes(point)[3]
    p = special.expit(eta)
    weights = target.trials * p * (1 - p)
    assert found[5, 5] == pytest.approx(0.5 * float(np.sum((weights / (1 + 0.4 * weights)) ** 2)), rel=1e-5)


def test_variances_are_tried_from_a_billionth_to_an_sd_of_twenty() -> None:
    assert (FLOOR, np.sqrt(CEILING)) == (1e-9, 20.0)


@pytest.mark.parametrize("cells", [False, True])
def test_the_information_on_fixed_effects_is_that_of_the_whole_covariance(cells: bool) -> None:
    target = likelihood(cells=cells)
    point = np.array([0.3, 0.2, 1.1, 0.3, 0.15, *([0.4] if cells else [])])
    found = target.evaluate(point).information
    terms = target.crossing.by_input(target.crossing.terms)  # type: ignore[arg-type]
    eta = target.design @ point[:2] + (target.modes(point)[3] if cells else 0.0)
    spread = np.zeros((eta.size, eta.size))
    for part, effects, tau in zip(terms, target.modes(point), point[2:], strict=False):
        columns = np.eye(part.levels)[part.codes]  # type: ignore[attr-defined]
        columns = columns * (1.0 if part.covariate is None else part.covariate[:, None])  # type: ignore[attr-defined]
        eta = eta + columns @ effects
        spread += tau * columns @ columns.T
    p = special.expit(eta)
    whole = np.diag(1 / (target.trials * p * (1 - p)) + (0.4 if cells else 0.0)) + spread
    expected = target.design.T @ np.linalg.solve(whole, target.design)
    np.testing.assert_allclose(found[:2, :2], expected, rtol=1e-4, atol=1e-5)
