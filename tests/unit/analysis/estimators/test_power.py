"""Power by formula."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace
from scipy import stats
from statsmodels.stats.power import TTestPower

from evenhand.analysis.estimators.equivalence import smallest_detectable
from evenhand.analysis.estimators.power import (
    Components,
    PairedDesign,
    gap_range,
    planned_power,
    planned_precision,
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
        (PairedDesign(items=3, sets=3), {"alpha": 1.0}, "^alpha is 1.0; allowed are numbers between 0 and 1"),
        (PairedDesign(items=3, sets=3), {"power": 0.0}, "^power is 0.0; allowed are numbers between 0 and 1"),
    ],
)
def test_a_design_that_cannot_be_is_refused(design: PairedDesign, changes: dict[str, float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        planned_smallest_gap(design, components=COMPONENTS, **changes)


def test_pairs_are_counted_and_there_is_always_one() -> None:
    assert PairedDesign(items=7, sets=5).pairs == 35
    assert PairedDesign(items=7, sets=5, sets_per_item=2.5).pairs == 18
    assert PairedDesign(items=7, sets=5, sets_per_item=9.0).pairs == 35
    assert PairedDesign(items=1, sets=5, sets_per_item=0.1).pairs == 1


def expected_gap(design: PairedDesign, *, df: float, alpha: float = 0.05, power: float = 0.8) -> float:
    return smallest_detectable(planned_se(design, components=COMPONENTS), df=df, alpha=alpha, power=power)


def test_degrees_of_freedom_are_satterthwaites_of_the_layout() -> None:
    items, sets = 12, 9
    residual = 0.2**2 + 0.3**2 / 2
    mean_set, mean_item = residual + items * 0.04**2, residual + sets * 0.06**2
    variance = mean_set + mean_item - residual
    df = variance**2 / (
        mean_set**2 / (sets - 1) + mean_item**2 / (items - 1) + residual**2 / (items * sets - sets - items + 1)
    )
    design = PairedDesign(items=items, sets=sets, replicates=2)
    assert planned_se(design, components=COMPONENTS) == pytest.approx(math.sqrt(variance / (items * sets)))
    gap = planned_smallest_gap(design, components=COMPONENTS, alpha=0.1, power=0.9)
    assert gap == pytest.approx(expected_gap(design, df=df, alpha=0.1, power=0.9))


@pytest.mark.parametrize(
    ("design", "df"),
    [
        # A single set or item is no sample: the other has one degree of freedom less than its number.
        (PairedDesign(items=20, sets=1), 19.0),
        (PairedDesign(items=1, sets=9), 8.0),
        (PairedDesign(items=1, sets=1), 1.0),
        # One pair for every item, or for every set: the smaller number rules.
        (PairedDesign(items=20, sets=8, sets_per_item=1), 7.0),
        (PairedDesign(items=8, sets=20, sets_per_item=2.5), 7.0),
    ],
)
def test_where_the_finer_unit_cannot_be_told_from_the_residual_the_coarser_one_counts(
    design: PairedDesign, df: float
) -> None:
    assert planned_smallest_gap(design, components=COMPONENTS) == pytest.approx(expected_gap(design, df=df))


def test_a_single_set_or_item_drops_out_of_the_variance() -> None:
    residual = 0.2**2 + 0.3**2
    assert planned_se(PairedDesign(items=20, sets=1), components=COMPONENTS) ** 2 == pytest.approx(
        (residual + 0.06**2) / 20
    )
    assert planned_se(PairedDesign(items=1, sets=9), components=COMPONENTS) ** 2 == pytest.approx(
        (residual + 0.04**2) / 9
    )


def test_a_design_of_fewer_pairs_than_units_has_as_many_units_as_pairs() -> None:
    design = PairedDesign(items=4, sets=50, sets_per_item=3)
    residual = 0.2**2 + 0.3**2
    assert planned_se(design, components=COMPONENTS) ** 2 == pytest.approx((residual + 0.04**2 + 12 / 4 * 0.06**2) / 12)


def test_power_counts_both_sides_and_grows_to_one() -> None:
    design = PairedDesign(items=1, sets=10)
    assert planned_power(design, gap=-0.2, components=COMPONENTS) == planned_power(
        design, gap=0.2, components=COMPONENTS
    )
    assert planned_power(design, gap=9.0, components=COMPONENTS) == 1.0
    assert planned_power(design, gap=0.1, components=COMPONENTS, alpha=0.3) > planned_power(
        design, gap=0.1, components=COMPONENTS
    )


def test_a_range_at_another_confidence_is_narrower() -> None:
    ends = gap_range(0.05, df=10.0, confidence=0.5)
    low, high = stats.chi2(10).ppf([0.25, 0.75])
    assert ends == pytest.approx((0.05 * math.sqrt(10 / high), 0.05 * math.sqrt(10 / low)))


@pytest.mark.parametrize("change", [{"sets": 0}, {"replicates": 0}, {"sets_per_item": -1.0}])
def test_no_sets_replicates_or_pairs_are_refused_for_power_as_well(change: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        planned_power(replace(PairedDesign(items=3, sets=3), **change), gap=0.1, components=COMPONENTS)
    with pytest.raises(UsageError, match="alpha"):
        planned_power(PairedDesign(items=3, sets=3), gap=0.1, components=COMPONENTS, alpha=0.0)
    assert planned_smallest_gap(PairedDesign(items=1, sets=1, sets_per_item=0.5), components=COMPONENTS) > 0


@pytest.mark.parametrize(("items", "sets", "met", "left"), [(2, 2, None, 1), (3, 3, 4 / 3, 1), (3, 2, None, 2)])
def test_the_residual_of_a_small_layout_has_at_least_one_degree_of_freedom(
    items: int, sets: int, met: float | None, left: int
) -> None:
    design = PairedDesign(items=items, sets=sets, sets_per_item=met)
    residual = 0.2**2 + 0.3**2
    mean_set, mean_item = residual + design.pairs / sets * 0.04**2, residual + design.pairs / items * 0.06**2
    whole = mean_set + mean_item - residual
    df = whole**2 / (mean_set**2 / (sets - 1) + mean_item**2 / (items - 1) + residual**2 / left)
    assert planned_precision(design, COMPONENTS).df == pytest.approx(max(1.0, df))
    none = Components(set=0.0, item=0.0, cell=0.0, noise=0.0, source="test")
    assert planned_precision(design, none).df == 1.0


def test_power_of_a_known_gap_is_that_of_the_noncentral_t() -> None:
    design = PairedDesign(items=12, sets=9)
    precision = planned_precision(design, COMPONENTS)
    shift, critical = 0.1 / precision.se, stats.t(precision.df).ppf(0.95)
    law = stats.nct(precision.df, shift)
    expected = law.sf(critical) + law.cdf(-critical)
    assert planned_power(design, gap=0.1, components=COMPONENTS, alpha=0.1) == pytest.approx(expected)
    assert planned_power(design, gap=-0.1, components=COMPONENTS, alpha=0.1) == pytest.approx(expected)
