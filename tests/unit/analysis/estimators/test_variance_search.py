from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from evenhand.analysis.estimators.laplace import FLOOR, Evaluation
from evenhand.analysis.estimators.variance_search import curvature, search

Array = npt.NDArray[np.float64]


def bowl(centre: Array, hessian: Array) -> Callable[[Array], Evaluation]:
    def criterion(point: Array) -> Evaluation:
        away = point - centre
        return Evaluation(0.5 * float(away @ hessian @ away), hessian @ away, np.diag(np.diag(hessian)))

    return criterion


HESSIAN = np.array([[4.0, 1.0], [1.0, 3.0]])


def test_an_inner_minimum_is_found() -> None:
    found = search(bowl(np.array([-2.0, 0.7]), HESSIAN), np.zeros(2), fixed=1, max_iterations=50)
    np.testing.assert_allclose(found.point, [-2.0, 0.7], atol=1e-4)
    assert found.converged
    assert not found.at_bound.any()


def test_a_variance_stays_at_its_bound_only_where_the_criterion_rises_from_there() -> None:
    found = search(bowl(np.array([1.0, -0.5]), HESSIAN), np.ones(2), fixed=1, max_iterations=50)
    assert found.point[1] == FLOOR
    assert found.at_bound.tolist() == [False, True]
    # With the variance at zero the fixed effect minimises 2 (b - 1)^2 + (b - 1) 0.5: b = 1 - 0.125.
    assert found.point[0] == pytest.approx(0.875, abs=1e-4)


def test_a_start_at_the_bound_is_left_where_the_criterion_falls() -> None:
    start = np.array([0.0, FLOOR])
    found = search(bowl(np.array([0.3, 0.4]), HESSIAN), start, fixed=1, max_iterations=50)
    np.testing.assert_allclose(found.point, [0.3, 0.4], atol=1e-4)


def test_a_ceiling_is_kept() -> None:
    found = search(bowl(np.array([0.0, 9.0]), HESSIAN), np.ones(2), fixed=1, max_iterations=50, ceiling=2.0)
    assert found.point[1] == 2.0
    assert found.converged


def test_a_bent_valley_is_followed() -> None:
    def banana(point: Array) -> Evaluation:
        x, y = point
        value = (1 - x) ** 2 + 10 * (y - x**2) ** 2
        gradient = np.array([-2 * (1 - x) - 40 * x * (y - x**2), 20 * (y - x**2)])
        return Evaluation(float(value), gradient, np.diag([2 + 80 * x**2 + 1e-3, 20.0]))

    found = search(banana, np.array([-1.0, 1.0]), fixed=2, max_iterations=200)
    assert found.converged
    np.testing.assert_allclose(found.point, [1.0, 1.0], atol=1e-3)


def test_too_few_iterations_are_reported() -> None:
    found = search(bowl(np.array([5.0, 5.0]), HESSIAN), np.zeros(2), fixed=2, max_iterations=1)
    assert not found.converged


def test_a_wrong_gradient_ends_the_search_without_convergence() -> None:
    def uphill(point: Array) -> Evaluation:
        return Evaluation(float(point @ point), -2 * point, 2 * np.eye(point.size))

    found = search(uphill, np.ones(1), fixed=1, max_iterations=20)
    assert not found.converged
    assert found.point.tolist() == [1.0]


def test_a_direction_without_information_does_not_break_the_search() -> None:
    def flat(point: Array) -> Evaluation:
        return Evaluation(float(point[0] ** 2), np.array([2 * point[0], 0.0]), np.diag([2.0, 0.0]))

    found = search(flat, np.array([3.0, 1.0]), fixed=1, max_iterations=20)
    assert found.converged
    assert found.point[0] == pytest.approx(0.0, abs=1e-4)


def test_the_curvature_is_the_hessian() -> None:
    criterion = bowl(np.array([0.0, 1.0]), HESSIAN)
    point = np.array([0.1, 0.9])
    evaluation = criterion(point)
    free = np.array([True, True])
    np.testing.assert_allclose(curvature(criterion, point, evaluation, fixed=1, free=free), HESSIAN, atol=1e-8)
