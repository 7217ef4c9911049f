"""Which units carry an estimate."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.influence import Influence, influence


def of(values: list[float], *, codes: list[int] | None = None) -> Influence:
    """The influence of units on the plain mean of values."""
    numbers = np.array(values)
    share = np.full(numbers.size, 1.0 / numbers.size)
    mean = float(numbers.mean())
    units = np.arange(numbers.size) if codes is None else np.array(codes)
    return influence(share * (numbers - mean), share=share, estimate=mean, codes=units)


def test_the_fewest_units_that_carry_half_of_it_are_counted() -> None:
    # Of a sum of 1: 0.6 alone; 0.5 alone; 0.4 and 0.3; two of four alike.
    for values, carrying in (
        ([0.2, 0.6, 0.2, 0.0], 1),
        ([0.25, 0.25, 0.5, 0.0], 1),
        ([0.3, 0.3, 0.4, 0.0], 2),
        ([0.25, 0.25, 0.25, 0.25], 2),
        ([-0.2, -0.6, -0.2, 0.0], 1),
        # One unit of five pulls the other way: 0.5 of 0.8 is enough.
        ([0.5, 0.5, -0.2, 0.0, 0.0], 1),
    ):
        assert of(values).carrying == carrying


def test_the_largest_change_is_that_of_the_mean_without_one_unit() -> None:
    values = [0.2, 0.6, 0.1, 0.0]
    assert of(values).change == pytest.approx(0.1 - 0.225)
    # The other three alone are 0.1 on average; with 0.6 in the place of -0.6 the sign turns.
    assert of([-number for number in values]).change == pytest.approx(0.225 - 0.1)


def test_rows_of_one_unit_count_together() -> None:
    # Unit 0 has the values 0.4 and 0.2, units 1 and 2 have 0.3 and 0.1.
    found = of([0.4, 0.3, 0.2, 0.1], codes=[0, 1, 0, 2])
    assert found.carrying == 1
    assert found.change == pytest.approx((0.3 + 0.1) / 2 - 0.25)


def test_nothing_carries_an_estimate_of_zero_and_one_unit_alone_changes_nothing() -> None:
    zero = of([0.5, -0.5, 0.0])
    assert zero.carrying == 0
    assert abs(zero.change) == pytest.approx(0.25)
    assert of([0.3, 0.5], codes=[0, 0]) == Influence(carrying=1, change=0.0)


def test_an_estimate_within_rounding_of_zero_is_carried_by_nobody() -> None:
    share, codes = np.full(4, 0.25), np.arange(4)
    parts = np.array([0.1, -0.1, 0.0, 0.0])
    for estimate, carrying in ((0.0, 0), (1e-12, 0), (-1e-12, 0), (0.2, 1)):
        assert influence(parts, share=share, estimate=estimate, codes=codes).carrying == carrying


@pytest.mark.parametrize("off", [0.0, 1e-15, -1e-15])
def test_of_units_that_change_an_estimate_as_much_the_first_is_named(off: float) -> None:
    assert of([0.5 + off, -0.5, 0.5, -0.5]).change == pytest.approx(-0.5 / 3)
    assert of([-0.5 + off, 0.5, -0.5, 0.5]).change == pytest.approx(0.5 / 3)
