from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from evenhand.analysis.estimators.laplace import FLOOR, Evaluation
from evenhand.analysis.estimators.variance_search import _direction, _updated, curvature, search

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


def test_a_step_is_newtons_on_the_free_parameters_whatever_their_scale() -> None:
    hessian = np.array([[4e6, 1e3, 0.0], [1e3, 3.0, 1e-4], [0.0, 1e-4, 2e-5]])
    gradient = np.array([2.0, -1.0, 3e-3])
    whole = _direction(hessian, gradient, np.array([True, True, True]))
    np.testing.assert_allclose(whole, -np.linalg.solve(hessian, gradient), rtol=1e-8)
    free = np.array([True, False, True])
    some = _direction(hessian, gradient, free)
    assert some[1] == 0.0
    np.testing.assert_allclose(some[free], -gradient[free] / np.diag(hessian)[free], rtol=1e-8)


def test_an_updated_curvature_agrees_with_the_last_step_and_stays_positive() -> None:
    hessian, step = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([0.5, -0.2])
    change = np.array([2.0, 0.3])
    found = _updated(hessian, step, change)
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(found @ step, change)
    # Powell: a change that bends the other way counts only so far that a fifth of the curvature is left.
    against = _updated(hessian, step, -change)
    assert float(step @ against @ step) == pytest.approx(0.2 * float(step @ hessian @ step))
    assert np.linalg.eigvalsh(against).min() > 0
    assert _updated(hessian, np.zeros(2), change) is hessian


def quartic(point: Array) -> Evaluation:
    """The fourth power of each coordinate, with its gradient."""
    if np.any(point[1:] < 0):
        raise AssertionError(f"a variance below zero was tried: {point}")
    return Evaluation(float((point**4).sum()), 4 * point**3, np.diag(12 * point**2))


def test_the_curvature_of_a_variance_near_its_bound_is_taken_inside() -> None:
    point = np.array([0.5, 1e-6])
    evaluation = Evaluation(0.0, np.zeros(2), np.diag([1.0, 1e-4]))
    found = curvature(quartic, point, evaluation, fixed=1, free=np.array([True, True]))
    # Of x^4, central differences with a step h give 12 x^2 + 4 h^2; h is 1/1000 of a standard error, or a quarter of x.
    assert found[0, 0] == pytest.approx(12 * 0.25 + 4e-6, rel=1e-9)
    assert found[1, 1] == pytest.approx(12 * 1e-12 + 4 * (0.25e-6) ** 2, rel=1e-9)
    alone = curvature(quartic, point, evaluation, fixed=1, free=np.array([False, True]))
    assert alone.shape == (1, 1)


def test_a_step_that_goes_too_far_is_halved() -> None:
    tried: list[float] = []

    def bowl_of(point: Array) -> Evaluation:
        tried.append(float(point[0]))
        # The information says that the bowl is three times as wide as it is.
        return Evaluation(float(4.5 * point[0] ** 2), 9.0 * point, np.array([[3.0]]))

    found = search(bowl_of, np.array([1.0]), fixed=1, max_iterations=40)
    assert found.converged
    assert found.point[0] == pytest.approx(0.0, abs=1e-4)
    # A whole step leads from 1 to -2, which is worse; half of it to -0.5.
    assert tried[:3] == pytest.approx([1.0, -2.0, -0.5])


def test_iterations_are_counted_and_a_minimum_at_the_start_needs_one() -> None:
    at = np.array([0.4, 0.3])
    assert search(bowl(at, HESSIAN), at, fixed=1, max_iterations=9).iterations == 1
    cut = search(bowl(np.array([5.0, 5.0]), HESSIAN), np.zeros(2), fixed=2, max_iterations=3)
    assert (cut.iterations, cut.converged) == (3, False)
    none = search(bowl(at, HESSIAN), at, fixed=1, max_iterations=0)
    assert (none.iterations, none.converged) == (0, False)
