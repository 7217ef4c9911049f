"""Sums of squares, and the variances that they tell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from evenhand.analysis.estimators.crossed import cell_means, dummies, interaction_contrast
from evenhand.analysis.estimators.moment_equations import RESIDUAL_FLOOR, MomentSolution, solved_moments

Array = npt.NDArray[np.float64]


def solved(expectations: list[list[float]], *, quadratic: list[float], loads: list[float]) -> MomentSolution:
    return solved_moments(
        np.array(expectations),
        quadratic=np.array(quadratic),
        loads=np.array(loads),
        names=["set", "item"][: len(loads) - 1],
    )


def test_two_equations_are_solved() -> None:
    # 10 s + 2 e = 16 and 4 s + 20 e = 64: s = 1, e = 3, so V = 0.5 x 1 + 0.1 x 3 = 0.8.
    found = solved([[10.0, 2.0], [4.0, 20.0]], quadratic=[16.0, 64.0], loads=[0.5, 0.1])
    assert found.values == pytest.approx([1.0, 3.0])
    assert found.raw == pytest.approx(0.8) and found.variance == found.raw
    assert found.weights @ [16.0, 64.0] == pytest.approx(0.8)
    assert found.told
    assert [part.name for part in found.components] == ["set", "residual"]
    assert [part.variance for part in found.components] == pytest.approx([1.0, 3.0])


def test_a_variance_below_a_quarter_of_its_residual_part_is_raised_to_it() -> None:
    # s = -1, e = 4: V = 0.5 x -1 + 0.1 x 4 = -0.1, and a quarter of 0.4 is 0.1.
    found = solved([[10.0, 2.0], [4.0, 20.0]], quadratic=[-2.0, 76.0], loads=[0.5, 0.1])
    assert found.raw == pytest.approx(-0.1)
    assert found.variance == pytest.approx(RESIDUAL_FLOOR * 0.4)
    assert found.components[0].sd == 0.0


def test_equations_that_say_the_same_leave_their_parts_untold() -> None:
    same = solved([[6.0, 3.0], [12.0, 6.0]], quadratic=[3.0, 6.0], loads=[2.0, 1.0])
    assert same.told and same.raw == pytest.approx(1.0)
    assert [part.variance for part in same.components] == [None, None]
    assert not solved([[6.0, 3.0], [12.0, 6.0]], quadratic=[3.0, 6.0], loads=[1.0, 2.0]).told


@pytest.mark.parametrize("rounding", [[0.0, 0.0], [3e-16, 1e-16], [-2e-16, 4e-16], [1e-13, 9e-14]])
def test_what_rounding_leaves_of_a_sum_of_squares_is_no_equation(rounding: list[float]) -> None:
    found = solved([rounding, [rounding[0], 20.0]], quadratic=[1e-31, 60.0], loads=[0.5, 0.1])
    assert found.values.tolist() == [0.0, pytest.approx(3.0)]
    assert found.components[0].variance is None and found.components[1].variance == pytest.approx(3.0)
    assert not found.told
    assert found.raw == pytest.approx(0.3)


@pytest.mark.parametrize("unit", [1e-8, 1e-5, 1.0, 1e5, 1e8])
def test_the_unit_of_a_covariate_is_no_matter(unit: float) -> None:
    """A slope in another unit: its variance and its load change by the square, the variance of the estimate not."""
    expectations = np.array([[10.0 * unit**2, 2.0], [4.0 * unit**2, 20.0]])
    found = solved_moments(
        expectations, quadratic=np.array([16.0, 64.0]), loads=np.array([0.5 * unit**2, 0.1]), names=["slope"]
    )
    assert found.raw == pytest.approx(0.8)
    assert found.values * [unit**2, 1.0] == pytest.approx([1.0, 3.0])
    assert None not in [part.variance for part in found.components]


def test_terms_that_cancel_leave_0_and_not_their_rounding() -> None:
    # s + e = 0.1 + 0.2 and e = 0.3: V = s is their difference, 5.6e-17 in floating point.
    terms = [0.1 + 0.2, 0.3]
    found = solved([[1.0, 1.0], [0.0, 1.0]], quadratic=terms, loads=[1.0, 0.0])
    assert terms[0] != terms[1]
    assert found.raw == found.variance == 0.0
    assert found.values.tolist() == [0.0, pytest.approx(0.3)]


def interaction(order: int, *, seed: int) -> tuple[float, float, float] | None:
    """An interaction of some 30 answers, the rows in another order and each score a trillionth off."""
    rng = np.random.default_rng(seed)
    users, items = int(rng.integers(5, 8)), int(rng.integers(3, 8))
    first, second, third = rng.integers(0, 2, users), rng.integers(0, 2, users), rng.integers(0, 3, users)
    user, item = np.nonzero(rng.random((users, items)) < 0.85)
    score = rng.integers(0, 2, user.size).astype(float)
    again = np.random.default_rng([seed, order])
    score = score * (1 + 1e-12 * again.standard_normal(score.size))
    rows, named, called = (again.permutation(number) for number in (user.size, users, items))
    back = np.argsort(named)
    scores = cell_means(score[rows], item=called[item[rows]], profile=named[user[rows]])
    found = interaction_contrast(
        scores,
        first=first[back],
        second=second[back],
        pairs=((1, 0), (1, 0)),
        nuisance=dummies(third[back]),
    )
    return None if found.df is None else (found.estimate, found.se, found.df)


@pytest.mark.parametrize("seed", [70, 135, 137, 184, 230, 376, 517, 581])
def test_a_tiny_table_has_one_standard_error_and_one_number_of_degrees_of_freedom(seed: int) -> None:
    first = interaction(0, seed=seed)
    assert first is not None
    for order in range(1, 12):
        assert interaction(order, seed=seed) == pytest.approx(first, rel=1e-7)
