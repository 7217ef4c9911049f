"""Power by formula."""

from __future__ import annotations

import math

import pytest
from statsmodels.stats.power import TTestPower

from evenhand.analysis.estimators.power import (
    Components,
    PairedDesign,
    gap_range,
    planned_power,
    planned_se,
    planned_smallest_gap,
)
from evenhand.errors import UsageError

COMPONENTS = Components(set=0.04, item=0.06, cell=0.2, noise=0.3, source="test")


def test_the_variance_is_the_sum_of_its_parts() -> None:
    # 0.04^2/30 + 0.06^2/50 + (0.2^2 + 0.3^2/5)/(50 x 10)
    design = PairedDesign(items=50, sets=30, sets_per_item=10, replicates=5)
    by_hand = 0.0016 / 30 + 0.0036 / 50 + (0.04 + 0.018) / 500
    assert planned_se(design, components=COMPONENTS) == pytest.approx(math.sqrt(by_hand))


@pytest.mark.parametrize(("sets", "gap"), [(12, 0.2), (40, 0.1), (100, 0.1)])
def test_with_one_item_power_is_that_of_a_one_sample_t_test(sets: int, gap: float) -> None:
    sd = math.sqrt(0.04**2 + 0.2**2 + 0.3**2)
    reference = TTestPower().power(effect_size=gap / sd, nobs=sets, alpha=0.05)
    assert planned_power(PairedDesign(items=1, sets=sets), gap=gap, components=COMPONENTS) == pytest.approx(reference)


def test_the_smallest_gap_is_found_with_the_stated_power() -> None:
    for design in (PairedDesign(items=33, sets=30), PairedDesign(items=72, sets=30, sets_per_item=1)):
        gap = planned_smallest_gap(design, components=COMPONENTS, power=0.9)
        assert planned_power(design, gap=gap, components=COMPONENTS) == pytest.approx(0.9, abs=0.005)


def test_with_no_gap_power_is_the_level() -> None:
    assert planned_power(PairedDesign(items=33, sets=30), gap=0.0, components=COMPONENTS) == pytest.approx(0.05)


def test_a_pilot_of_few_degrees_of_freedom_leaves_a_wide_range() -> None:
    assert gap_range(0.05, df=None) is None
    # Chi-square with 10 degrees of freedom: 5% below 3.94, 5% above 18.31.
    ends = gap_range(0.05, df=10.0)
    assert ends == pytest.approx((0.05 * math.sqrt(10 / 18.307), 0.05 * math.sqrt(10 / 3.940)), rel=1e-3)


def test_thirty_sets_bound_what_more_items_can_reach() -> None:
    floor = COMPONENTS.set / math.sqrt(30)
    assert planned_se(PairedDesign(items=10**6, sets=30), components=COMPONENTS) == pytest.approx(floor, rel=0.01)


@pytest.mark.parametrize(
    ("design", "changes", "says"),
    [
        (PairedDesign(items=0, sets=3), {}, "no pairs"),
        (PairedDesign(items=3, sets=3, sets_per_item=0), {}, "sets_per_item"),
        (PairedDesign(items=3, sets=3), {"alpha": 1.0}, "alpha"),
        (PairedDesign(items=3, sets=3), {"power": 0.0}, "power"),
    ],
)
def test_a_design_that_cannot_be_is_refused(design: PairedDesign, changes: dict[str, float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        planned_smallest_gap(design, components=COMPONENTS, **changes)
