"""Tables near the ceiling, judged as an audit judges them: short forms of what the calibration bench runs long."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.selftest.ceiling import (
    accuracy_coverage,
    memory_power,
    null_memory,
    null_report,
    reports_with_a_difference,
    stated_power,
)


@pytest.mark.parametrize("copied", [False, True])
def test_the_interval_of_an_accuracy_near_the_ceiling_holds_the_truth(copied: bool) -> None:
    """33 items at 96.6%, three repeats: a t interval held it in 87 of 100."""
    found = accuracy_coverage(0.966, items=33, repeats=3, simulations=300, rng=np.random.default_rng(8), copied=copied)
    # 93% less two standard errors of 300.
    assert found.value >= 0.90


def test_memory_that_does_nothing_is_no_harm_near_the_ceiling() -> None:
    """Without the exchange within items 31% are called harmful."""
    found = null_memory(0.97, shape=(60, 33, 1), simulations=150, rng=np.random.default_rng(9))
    assert found.harm.value <= 0.05


def test_the_second_test_costs_little_power_where_the_first_is_valid() -> None:
    found = memory_power(0.65, shape=(60, 33, 3), shift=-0.8, simulations=120, rng=np.random.default_rng(10))
    assert found.decided.value >= 0.5
    assert found.decided.value >= 0.9 * found.first.value


def test_differences_of_null_reports_are_counted_by_family() -> None:
    found = reports_with_a_difference([null_report(1.4, index=index, seed=1) for index in range(3)])
    families = (found.confirmatory, found.exploratory)
    assert {one.tables for one in (*families, found.either)} == {3}
    assert max(one.value for one in families) <= found.either.value <= sum(one.value for one in families)
    # About 52 tests a report.
    assert 120 < found.tests.tables < 200


@pytest.mark.parametrize("accuracy", [0.65, 0.97, 0.995])
def test_the_stated_power_is_found_near_the_ceiling_too(accuracy: float) -> None:
    """The formula of fixed components is found 83, 69 and 50 times in 100 where it says 80."""
    found = stated_power(accuracy, simulations=400, rng=np.random.default_rng(11))
    assert 0.72 <= found.found.value <= 0.88
