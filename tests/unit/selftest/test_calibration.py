from __future__ import annotations

import numpy as np
import pytest

from evenhand.selftest.calibration import (
    SCENARIOS,
    Scenario,
    SimulatedPairs,
    allocation,
    calibrate_contrast,
    calibrate_mixed,
    calibrate_paired,
    population_gap,
    rate,
    rival_power,
    shift_for_gap,
    simulate_pairs,
)

COMPLETE = SimulatedPairs(sets=30, items=33, per_item=30)
SPARSE = SimulatedPairs(sets=20, items=60, per_item=3)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_paired_test_holds_its_level(scenario: Scenario) -> None:
    result = calibrate_paired(scenario, COMPLETE, simulations=600, rng=np.random.default_rng(11))
    # 600 tables: the Monte Carlo error of 5% is 0.9 points.
    assert 0.02 < result.rejected.value < 0.08
    assert result.rejected.value + result.covered.value == pytest.approx(1.0)
    assert result.mean_se == pytest.approx(result.true_se, rel=0.12)


@pytest.mark.parametrize("per_item", [3, 1])
def test_the_paired_test_holds_its_level_in_sparse_designs(per_item: int) -> None:
    design = SimulatedPairs(sets=20, items=60, per_item=per_item)
    result = calibrate_paired(SCENARIOS[3], design, simulations=400, rng=np.random.default_rng(12))
    assert 0.015 < result.rejected.value < 0.09


def test_tests_that_count_one_kind_of_unit_do_not_hold_their_level() -> None:
    items_react, sets_react = Scenario(name="i", item_slope=0.8), Scenario(name="p", unit_slope=0.8)
    rng = np.random.default_rng(13)
    over_items = rival_power(sets_react, COMPLETE, simulations=200, rng=rng, gap=0.0)
    over_sets = rival_power(items_react, COMPLETE, simulations=200, rng=rng, gap=0.0)
    assert over_items.over_items.value > 0.12
    assert over_sets.over_sets.value > 0.12
    assert max(over_items.paired.value, over_sets.paired.value) < 0.1


def test_equivalence_is_not_claimed_at_the_margin() -> None:
    design = SimulatedPairs(sets=60, items=120, per_item=60)
    result = calibrate_paired(SCENARIOS[0], design, simulations=250, rng=np.random.default_rng(14), gap=0.03)
    # 5% with a Monte Carlo error of 1.4 points.
    assert result.equivalent.value < 0.1
    assert result.covered.value > 0.9


def test_the_crossed_model_holds_its_level_where_the_item_only_model_does_not() -> None:
    scenario = Scenario(name="profiles differ", unit=0.4)
    rng = np.random.default_rng(15)
    crossed, covered = calibrate_mixed(scenario, items=12, replicates=10, simulations=40, rng=rng, model="crossed")
    single, _ = calibrate_mixed(scenario, items=12, replicates=10, simulations=20, rng=rng, model="item only")
    bayes, _ = calibrate_mixed(
        scenario, items=8, replicates=2, simulations=2, rng=rng, model="item only, variational Bayes"
    )
    assert 0.01 < crossed.value < 0.1
    assert covered.value == pytest.approx(1 - crossed.value)
    assert single.value > 0.2
    assert 0 <= bayes.value <= 1


@pytest.mark.parametrize("fraction", [1, 3, 9])
def test_level_contrasts_hold_their_level(fraction: int) -> None:
    scenario = Scenario(name="all", unit=0.4, item_slope=0.5)
    null, _ = calibrate_contrast(scenario, items=30, fraction=fraction, simulations=250, rng=np.random.default_rng(16))
    assert 0.01 < null.value < 0.1


def test_an_allocation_is_balanced() -> None:
    mask = allocation(SPARSE, rng=np.random.default_rng(0))
    assert set(mask.sum(axis=0)) == {3}
    assert np.ptp(mask.sum(axis=1)) <= 1
    assert allocation(COMPLETE, rng=np.random.default_rng(0)).all()
    assert COMPLETE.label == "30 sets x 33 items"
    assert SPARSE.label == "20 sets x 60 items, 3 of them an item"


def test_the_shift_makes_the_gap_that_was_asked_for() -> None:
    scenario = Scenario(name="both", unit_slope=0.3, item_slope=0.5, cell=1.0)
    shift = shift_for_gap(scenario, gap=0.05)
    assert population_gap(scenario, shift=shift) == pytest.approx(0.05)
    assert population_gap(scenario, shift=0.0) == pytest.approx(0.0, abs=1e-12)
    rng = np.random.default_rng(17)
    mask = np.ones((300, 300), dtype=np.bool_)
    means = [simulate_pairs(scenario, mask=mask, rng=rng, shift=shift, replicates=5).mean() for _ in range(10)]
    assert np.mean(means) == pytest.approx(0.05, abs=0.01)


def test_pairs_that_are_not_asked_are_missing() -> None:
    mask = allocation(SPARSE, rng=np.random.default_rng(0))
    table = simulate_pairs(SCENARIOS[0], mask=mask, rng=np.random.default_rng(1))
    assert np.array_equal(np.isnan(table), ~mask)


def test_where_no_table_is_a_hit_the_share_is_told_by_its_bound() -> None:
    # None of 300: up to 1 - 0.05^(1/300) = 1.0% could be; all of 20: at least 0.05^(1/20) = 86%.
    assert rate([False] * 300).reach == pytest.approx(0.00994, abs=1e-5)
    assert rate([True] * 20).reach == pytest.approx(0.8609, abs=1e-4)
    some = rate([True] * 3 + [False] * 97)
    assert (some.reach, some.tables) == (None, 100)
    assert some.error == pytest.approx((0.03 * 0.97 / 99) ** 0.5)
