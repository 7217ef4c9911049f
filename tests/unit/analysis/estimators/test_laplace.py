from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from evenhand.analysis.estimators.laplace import FLOOR, LaplaceLikelihood
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
