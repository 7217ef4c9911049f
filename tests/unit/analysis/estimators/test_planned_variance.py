"""Variance of a mean with planned weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.moments import MomentVariance, moment_variance
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.planned import planned_weights
from evenhand.analysis.estimators.planned_variance import planned_variance
from evenhand.analysis.estimators.random_terms import RandomTerm, term
from evenhand.selftest.ceiling import missing_where_it_reacts

Array = npt.NDArray[np.float64]
QUIET = EstimateSpec(flips=0)


def by_moments(values: Array, weights: Array, groups: list[RandomTerm]) -> MomentVariance:
    level = np.ones((values.size, 1))
    return moment_variance(values - values.mean(), weights=weights, groups=groups, covariates=level)


def by_hand(values: Array, weights: Array, groups: list[RandomTerm]) -> tuple[float, Array]:
    """Every sum of squares as a matrix, its expectation as a trace, and the equations solved."""
    rows = values.size
    centred = np.diag(weights) @ (np.eye(rows) - np.outer(np.ones(rows), weights))
    sums = [np.eye(group.levels)[group.codes].T @ centred for group in groups]
    sums.append(centred)
    forms = [one.T @ one for one in sums]
    kinds = [np.eye(group.levels)[group.codes] for group in groups]
    covariances = [*(one @ one.T for one in kinds), np.eye(rows)]
    expected = np.array([[np.trace(form @ covariance) for covariance in covariances] for form in forms])
    found = np.linalg.solve(expected, np.array([values @ form @ values for form in forms]))
    return float(sum(part * (weights @ one @ weights) for part, one in zip(found, covariances, strict=True))), found


def test_variance_and_components_are_those_of_matrices_written_out() -> None:
    rng = np.random.default_rng(0)
    observed = rng.random((9, 7)) < 0.6
    sets, items = np.nonzero(observed)
    weights = planned_weights(observed, planned=np.ones((9, 7), dtype=bool))[sets, items]
    values = rng.standard_normal(9)[sets] + rng.standard_normal(7)[items] + rng.standard_normal(sets.size)
    groups = [term("set", sets), term("item", items)]
    found = planned_variance(values, weights=weights, groups=groups, moments=by_moments(values, weights, groups))
    variance, components = by_hand(values, weights, groups)
    assert found.variance == pytest.approx(variance)
    assert [part.variance for part in found.components] == pytest.approx(components)


def test_a_complete_crossing_with_even_weights_gives_the_quasi_f() -> None:
    rng = np.random.default_rng(1)
    table = rng.standard_normal((11, 8)) + rng.standard_normal((11, 1)) + rng.standard_normal(8)
    sets, items = (codes.ravel() for codes in np.indices(table.shape))
    weights = np.full(table.size, 1 / table.size)
    groups = [term("set", sets), term("item", items)]
    moments = by_moments(table.ravel(), weights, groups)
    found = planned_variance(table.ravel(), weights=weights, groups=groups, moments=moments)
    assert found.variance == pytest.approx(moments.variance)
    told = [part.variance for part in moments.components]
    assert [part.variance for part in found.components] == pytest.approx(told)


def test_where_the_weights_tell_no_parts_apart_the_even_sums_stay() -> None:
    # Every item in one set and every set on one item: sets, items and the rest are one.
    values = np.array([0.0, 1.0, 3.0])
    groups = [term("set", np.arange(3)), term("item", np.arange(3))]
    weights = np.array([0.2, 0.3, 0.5])
    moments = by_moments(values, weights, groups)
    found = planned_variance(values, weights=weights, groups=groups, moments=moments)
    assert found.components == moments.components
    assert found.variance == pytest.approx(moments.variance, rel=0.5) and found.variance > 0


def reacting(rng: np.random.Generator, *, shape: tuple[int, int]) -> Array:
    """A third of the items react by 40 points, and 80 in 100 of their answers are missing; of the others 10."""
    reacts = rng.random(shape[1]) < 1 / 3
    table = 0.4 * reacts + 0.2 * rng.standard_normal(shape)
    return np.where(rng.random(shape) < np.where(reacts, 0.8, 0.1), np.nan, table)


def test_items_that_react_and_are_missing_count_as_in_the_estimate() -> None:
    """Their variance is 0.4^2 x 2/9. Sums that count an item by its answers find less than half of it."""
    rng = np.random.default_rng(2)
    shape = (25, 40)
    tables = [reacting(rng, shape=shape) for _ in range(150)]
    planned = [paired_gap(one, planned=np.ones(shape, dtype=bool), spec=QUIET) for one in tables]
    counted = [paired_gap(one, spec=QUIET) for one in tables]
    true = 0.16 * 2 / 9
    assert np.mean([one.components[1].variance for one in planned]) == pytest.approx(true, rel=0.12)
    assert np.mean([one.components[1].variance for one in counted]) < 0.5 * true
    spread = np.std([one.estimate for one in planned])
    assert np.sqrt(np.mean([one.se**2 for one in planned])) == pytest.approx(spread, rel=0.15)


def test_the_interval_holds_where_items_that_react_are_missing() -> None:
    """A short form of the row of the calibration page; counting items by their answers: 90.7% of 2,000 tables."""
    found = missing_where_it_reacts(shape=(60, 120), simulations=300, rng=np.random.default_rng(4))
    assert found.covered.value >= 0.92


def test_where_nothing_differs_the_level_holds() -> None:
    rng = np.random.default_rng(5)
    shape = (20, 24)
    wrong = []
    for _ in range(400):
        gone = rng.random(shape) < np.where(np.arange(24) < 8, 0.65, 0.15)
        table = np.where(gone, np.nan, 0.5 * rng.standard_normal(shape))
        wrong.append(paired_gap(table, planned=np.ones(shape, dtype=bool), spec=QUIET).p < 0.05)
    assert 0.02 <= np.mean(wrong) <= 0.08


def test_where_nothing_is_missing_the_numbers_are_the_same_with_and_without_a_plan() -> None:
    rng = np.random.default_rng(6)
    table = np.where(np.argsort(rng.random((12, 30)), axis=0) < 5, rng.standard_normal((12, 30)), np.nan)
    asked = ~np.isnan(table)
    assert paired_gap(table, planned=asked, spec=QUIET) == paired_gap(table, spec=QUIET)


def test_tiny_tables_keep_a_variance_above_a_quarter_of_its_residual_part() -> None:
    rng = np.random.default_rng(8)
    floored = 0
    for _ in range(400):
        observed = rng.random((3, 3)) < 0.8
        if not (observed.any(axis=0).all() and observed.any(axis=1).all()):
            continue
        sets, items = np.nonzero(observed)
        weights = planned_weights(observed, planned=np.ones((3, 3), dtype=bool))[sets, items]
        values = rng.standard_normal(sets.size)
        groups = [term("set", sets), term("item", items)]
        found = planned_variance(values, weights=weights, groups=groups, moments=by_moments(values, weights, groups))
        assert found.variance > 0
        if found.estimable and found.components[-1].variance is not None:
            least = 0.25 * found.components[-1].variance * float(weights @ weights)
            assert found.variance >= least * (1 - 1e-9)
            floored += found.variance <= least * (1 + 1e-9)
    assert floored > 5
