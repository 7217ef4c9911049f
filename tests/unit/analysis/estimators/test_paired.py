from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from evenhand.analysis.estimators import paired
from evenhand.analysis.estimators.equivalence import sampled_units, unseen_share
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.influence import influence
from evenhand.analysis.estimators.paired import (
    PairedGap,
    _sums_flip_p,
    arm_differences,
    pair_matrix,
    paired_gap,
    units_of,
)
from evenhand.analysis.estimators.planned import planned_weights
from evenhand.analysis.estimators.skewness import third_cumulant
from evenhand.errors import TableError

Array = npt.NDArray[np.float64]


def table(seed: int = 0, shape: tuple[int, int] = (14, 20), missing: float = 0.0) -> Array:
    rng = np.random.default_rng(seed)
    values = rng.integers(-1, 2, shape).astype(float) + 0.4 * rng.standard_normal((shape[0], 1))
    values[rng.random(shape) < missing] = np.nan
    return values


def numbers(gap: PairedGap) -> list[float]:
    return [gap.estimate, gap.se, gap.low, gap.high, gap.p, gap.confidence]


@pytest.mark.parametrize("missing", [0.0, 0.6])
def test_relabelling_the_arms_flips_the_sign_and_nothing_else(missing: float) -> None:
    ours, theirs = paired_gap(table(missing=missing)), paired_gap(-table(missing=missing))
    assert theirs.estimate == -ours.estimate
    assert (theirs.low, theirs.high) == pytest.approx((-ours.high, -ours.low))
    assert theirs.p == pytest.approx(ours.p)


@pytest.mark.parametrize("missing", [0.0, 0.6])
def test_the_order_of_sets_and_items_does_not_matter(missing: float) -> None:
    values, rng = table(missing=missing), np.random.default_rng(1)
    shuffled = values[rng.permutation(14)][:, rng.permutation(20)]
    assert numbers(paired_gap(shuffled)) == pytest.approx(numbers(paired_gap(values)))


def test_sets_and_items_play_the_same_part() -> None:
    values = table(missing=0.3)
    ours, theirs = paired_gap(values), paired_gap(values.T)
    assert numbers(theirs) == pytest.approx(numbers(ours))
    assert (theirs.sets, theirs.items) == (ours.items, ours.sets)


def test_identical_replicates_change_nothing() -> None:
    values = table()
    sets, items = (a.ravel() for a in np.indices(values.shape))
    once = pair_matrix(values.ravel(), sets=sets, items=items, shape=(14, 20))
    twice = pair_matrix(np.tile(values.ravel(), 2), sets=np.tile(sets, 2), items=np.tile(items, 2), shape=(14, 20))
    np.testing.assert_allclose(once, values)
    ours, theirs = paired_gap(once), paired_gap(twice)
    assert theirs.components[1].variance == pytest.approx(ours.components[1].variance)
    assert theirs.se == pytest.approx(ours.se)


def test_replicates_are_averaged_with_their_weights_and_missing_ones_left_out() -> None:
    found = pair_matrix(
        np.array([1.0, 0.0, np.nan, np.nan]),
        sets=np.array([0, 0, 0, 1]),
        items=np.array([0, 0, 0, 1]),
        shape=(2, 2),
        weights=np.array([3.0, 1.0, 5.0, 1.0]),
    )
    assert found[0, 0] == 0.75
    assert np.isnan(found).sum() == 3


def test_all_zero_differences_give_an_exact_zero_with_a_stated_interval() -> None:
    gap = paired_gap(np.zeros((30, 33)), rng=np.random.default_rng(0))
    assert numbers(gap) == [0.0, 0.0, 0.0, 0.0, 1.0, 0.95]
    assert gap.degenerate
    assert gap.df is None
    assert gap.smallest_detectable is None
    assert "the interval is the point itself" in gap.notes[0]
    # 1 - 0.05^(1/30) = 9.5%.
    assert "up to 9.5% of items or users" in gap.notes[1]


def test_a_constant_difference_that_is_not_zero_keeps_a_p_from_the_sign_flips() -> None:
    gap = paired_gap(np.full((6, 9), -0.25))
    assert gap.estimate == gap.low == gap.high == -0.25
    assert gap.p == 2.0**-5


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 2), (3, 2)])
def test_tiny_tables_never_give_nan(shape: tuple[int, int]) -> None:
    for seed in range(20):
        values = np.random.default_rng(seed).integers(-1, 2, shape).astype(float)
        gap = paired_gap(values, rng=np.random.default_rng(0))
        assert np.isfinite(numbers(gap)).all()
        assert gap.df is None or gap.df >= 1


def test_a_single_set_is_judged_over_items_and_says_so() -> None:
    values = table(shape=(1, 25))
    gap = paired_gap(values)
    assert gap.p == pytest.approx(float(stats.ttest_1samp(values[0], 0.0).pvalue))
    assert "a single matched set" in gap.notes[0]


def test_units_without_any_pair_do_not_count() -> None:
    values = table()
    padded = np.full((20, 30), np.nan)
    padded[:14, 5:25] = values
    gap = paired_gap(padded)
    assert (gap.sets, gap.items, gap.pairs, gap.complete) == (14, 20, 280, True)
    assert numbers(gap) == pytest.approx(numbers(paired_gap(values)))


def test_sign_flips_over_few_units_are_exact() -> None:
    values = np.arange(1.0, 7.0)[:, None] * np.ones(8) + 0.1 * np.random.default_rng(0).standard_normal((6, 8))
    gap = paired_gap(values, rng=np.random.default_rng(0))
    # All six sets are positive: only the two patterns of equal signs reach the total, 2 / 2^6.
    assert gap.p_flip_sets == 2 / 64


def test_sign_flips_of_many_units_agree_with_a_t_test() -> None:
    values = np.random.default_rng(5).standard_normal((80, 30)) + 0.035
    gap = paired_gap(values, rng=np.random.default_rng(0), spec=EstimateSpec(flips=4000))
    expected = float(stats.ttest_1samp(values.mean(axis=1), 0.0).pvalue)
    assert gap.p_flip_sets == pytest.approx(expected, abs=0.03)


def test_without_a_generator_there_are_no_sign_flips() -> None:
    gap = paired_gap(table())
    assert gap.p_flip_sets is None
    assert gap.p_flip_items is None


def test_fewer_than_five_units_are_not_flipped() -> None:
    gap = paired_gap(table(shape=(4, 20)), rng=np.random.default_rng(0))
    assert gap.p_flip_sets is None
    assert gap.p_flip_items is not None


def test_noise_of_the_baseline_counts_as_variation_between_items() -> None:
    rng = np.random.default_rng(0)
    arm = 0.6 + 0.05 * rng.standard_normal((40, 30))
    baseline = 0.6 + 0.2 * rng.standard_normal(30)
    gap = paired_gap(arm_differences(arm, baseline=baseline))
    assert gap.components[1].sd == pytest.approx(0.2, rel=0.3)
    assert gap.se == pytest.approx(0.2 / np.sqrt(30), rel=0.35)


def test_the_smallest_detectable_gap_follows_from_the_standard_error() -> None:
    gap = paired_gap(table(), spec=EstimateSpec(power=0.9))
    assert gap.df is not None
    expected = gap.se * (stats.t(gap.df).ppf(0.975) + stats.t(gap.df).ppf(0.9))
    assert gap.smallest_detectable == pytest.approx(expected)


def test_tables_without_a_usable_pair_are_refused() -> None:
    with pytest.raises(TableError, match="None of the 6 pairs"):
        paired_gap(np.full((2, 3), np.nan))
    with pytest.raises(TableError, match="infinite"):
        paired_gap(np.array([[np.inf, 1.0]]))


def test_sets_that_all_sum_to_zero_have_a_sign_flip_p_of_one() -> None:
    values = np.tile(np.array([1.0, -1.0]), (6, 3))
    gap = paired_gap(values, rng=np.random.default_rng(0))
    assert gap.p_flip_sets == 1.0
    assert gap.estimate == 0.0


def test_a_design_that_cannot_tell_components_apart_says_so() -> None:
    diagonal = np.full((8, 8), np.nan)
    np.fill_diagonal(diagonal, np.arange(8.0))
    gap = paired_gap(diagonal)
    assert gap.se == pytest.approx(np.std(np.arange(8.0), ddof=1) / np.sqrt(8))
    assert "cannot tell the components set, item, residual apart" in gap.notes[0]


def exact_flip_p(sums: np.ndarray) -> float:
    """The share of all arrangements of signs whose total is at least as large as the observed one."""
    totals = [abs(np.dot(signs, sums)) for signs in itertools.product((1.0, -1.0), repeat=sums.size)]
    return float(np.mean(np.array(totals) >= abs(sums.sum()) - 1e-9))


def test_up_to_as_many_arrangements_as_flips_are_listed_and_more_are_drawn() -> None:
    rng = np.random.default_rng(0)
    sums = rng.standard_normal(8) + 0.4
    exact = exact_flip_p(sums)
    assert _sums_flip_p(sums, rng, 256) == pytest.approx(exact, abs=1e-12)
    drawn = _sums_flip_p(sums, np.random.default_rng(1), 255)
    assert drawn is not None and drawn * 256 == pytest.approx(round(drawn * 256)) and drawn != pytest.approx(exact)
    assert drawn == pytest.approx(exact, abs=0.1)
    # Sums of whole numbers tie often; those that tie with the observed one count.
    whole = np.array([1.0, 1.0, -1.0, 2.0, 1.0, 1.0])
    assert _sums_flip_p(whole, rng, 64) == pytest.approx(exact_flip_p(whole), abs=1e-12)
    many = _sums_flip_p(whole, np.random.default_rng(2), 63)
    assert many is not None and many == pytest.approx(exact_flip_p(whole), abs=0.2)


def test_drawn_flips_come_near_all_of_them_however_many_are_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = np.random.default_rng(3).standard_normal(14) + 0.3
    exact = exact_flip_p(sums)
    for chunk in (14 * 700, 1):
        monkeypatch.setattr(paired, "_CHUNK", chunk)
        assert _sums_flip_p(sums, np.random.default_rng(4), 3000) == pytest.approx(exact, abs=0.03)


def test_units_that_sum_to_nothing_have_no_sign_to_flip() -> None:
    sums = np.array([0.0, 0.0, 1.0, 2.0, -0.5, 1e-13])
    assert _sums_flip_p(sums, np.random.default_rng(0), 8) == exact_flip_p(np.array([1.0, 2.0, -0.5]))
    assert _sums_flip_p(sums[:4], np.random.default_rng(0), 8) is None
    assert _sums_flip_p(np.zeros(5), np.random.default_rng(0), 8) == 1.0


def test_each_sign_flip_test_is_of_its_own_sums() -> None:
    table = np.random.default_rng(5).standard_normal((6, 7)) + 0.3
    gap = paired_gap(table, rng=np.random.default_rng(0))
    assert gap.p_flip_sets == pytest.approx(exact_flip_p(table.sum(axis=1)))
    assert gap.p_flip_items == pytest.approx(exact_flip_p(table.sum(axis=0)))
    none = paired_gap(table, rng=np.random.default_rng(0), spec=EstimateSpec(flips=0))
    assert (none.p_flip_sets, none.p_flip_items) == (None, None)


def test_planned_pairs_without_an_answer_keep_the_weight_of_their_sets_and_items() -> None:
    table = np.random.default_rng(6).standard_normal((5, 8)) + np.arange(5)[:, None]
    whole = paired_gap(table)
    holed = table.copy()
    holed[4, :6] = np.nan
    plain = paired_gap(holed)
    assert plain.estimate == pytest.approx(np.nanmean(holed))
    planned = np.ones(table.shape, dtype=bool)
    kept = paired_gap(holed, planned=planned)
    weights = planned_weights(~np.isnan(holed), planned=planned)
    assert kept.estimate == pytest.approx(np.nansum(weights * holed))
    # The set that lost answers is the highest, so that leaving them out pulls the mean down.
    assert plain.estimate < kept.estimate < whole.estimate + 0.5
    # What was not planned either has no weight to keep.
    assert paired_gap(holed, planned=~np.isnan(holed)).estimate == plain.estimate
    assert paired_gap(table, planned=planned).estimate == whole.estimate


def test_what_was_asked_is_counted_and_items_and_sets_that_carry_the_gap_are_told() -> None:
    table = np.random.default_rng(7).standard_normal((4, 6))
    table[1, 2] = np.nan
    gap = paired_gap(table)
    assert (gap.sets, gap.items, gap.pairs, gap.complete) == (4, 6, 23, False)
    assert (gap.units, gap.confidence, gap.degenerate) == (4, 0.95, False)
    assert paired_gap(np.delete(table, 1, axis=0)).complete
    known = ~np.isnan(table)
    parts, codes = ((table - gap.estimate) / 23)[known], np.nonzero(known)
    for found, of in ((gap.by_unit, codes[0]), (gap.by_item, codes[1])):
        expected = influence(parts, share=np.full(23, 1 / 23), estimate=gap.estimate, codes=of)
        assert found is not None
        assert found.carrying == expected.carrying and found.change == pytest.approx(expected.change)
    assert gap.third == pytest.approx(third_cumulant(parts, groups=(codes[0], codes[1])))
    assert gap.sampled == sampled_units((4, 6))


@pytest.mark.parametrize(("counts", "units"), [((4, 9), 4), ((9, 4), 4), ((1, 9), 9), ((9, 1), 9), ((2, 9), 2)])
def test_the_smaller_of_sets_and_items_counts_and_a_single_one_is_no_sample(
    counts: tuple[int, int], units: int
) -> None:
    assert units_of(counts) == units


def test_differences_that_are_all_alike_say_what_could_still_differ() -> None:
    none = paired_gap(np.zeros((7, 9)), spec=EstimateSpec(confidence=0.9))
    assert none.notes[1] == (
        f"With 7 independent units and no difference seen, up to {100 * unseen_share(7, confidence=0.9):.1f}% of items "
        "or users could differ (90% upper bound)."
    )
    assert [(part.name, part.variance, part.sd) for part in none.components] == [
        (name, 0.0, 0.0) for name in ("set", "item", "residual")
    ]
    assert (none.p, none.confidence, none.pairs, none.complete) == (1.0, 0.9, 63, True)
    some = paired_gap(np.full((3, 4), 0.25))
    assert (some.p, some.estimate, some.low, some.high, some.se) == (0.25, 0.25, 0.25, 0.25, 0.0)
    assert some.notes[1] == "The p-value is that of the sign-flip test over the smaller of sets and items."
    single = paired_gap(np.array([[0.25]]))
    assert (single.p, single.units) == (1.0, 1)


def test_notes_name_what_a_single_set_or_item_means() -> None:
    values = np.random.default_rng(8).standard_normal((1, 9))
    assert paired_gap(values).notes == (
        "There is a single matched set, so the result holds for this matched set only.",
    )
    assert paired_gap(values.T).notes == ("There is a single item, so the result holds for this item only.",)
    assert [part.name for part in paired_gap(values).components] == ["item", "residual"]
    assert [part.name for part in paired_gap(values.T).components] == ["set", "residual"]
    assert [part.name for part in paired_gap(np.vstack([values, values + 1])).components] == ["set", "item", "residual"]


def test_an_infinite_difference_is_refused() -> None:
    with pytest.raises(TableError, match="infinite"):
        paired_gap(np.array([[1.0, np.inf]]))
    with pytest.raises(TableError, match="None of the 6 pairs"):
        paired_gap(np.full((2, 3), np.nan))


@pytest.mark.parametrize("shape", [(2, 30), (30, 2), (2, 2)])
def test_two_units_of_a_kind_are_a_sample_and_their_variation_counts(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(11)
    differences = rng.normal(0.0, 0.1, shape) + (0.5 * np.arange(2) if shape[1] == 2 else 0.5 * np.arange(2)[:, None])
    found = paired_gap(differences)
    assert [part.name for part in found.components] == ["set", "item", "residual"]
    of = {part.name: part.variance for part in found.components}
    # Two means that lie 0.5 apart have a variance of 0.125.
    assert of["item" if shape[1] == 2 else "set"] == pytest.approx(0.125, abs=0.08)


@pytest.mark.parametrize(("apart", "alike"), [(0.0, True), (1e-12, True), (3e-12, False)])
def test_differences_within_rounding_are_alike(apart: float, alike: bool) -> None:
    values = np.zeros((2, 3))
    values[1, 2] = apart
    found = paired_gap(values)
    assert found.degenerate is alike
    # What is alike and lies at zero within rounding is zero.
    assert not alike or (found.estimate, found.p) == (0.0, 1.0)


def test_a_mean_of_two_by_two_pairs_has_the_quasi_f_of_its_four_numbers() -> None:
    values = np.array([[0.0, 1.0], [1.0, 0.5]])
    found = paired_gap(values)
    rows, columns, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    ms_rows, ms_columns = 2 * np.sum((rows - mean) ** 2), 2 * np.sum((columns - mean) ** 2)
    ms_rest = float(np.sum((values - rows[:, None] - columns + mean) ** 2))
    assert found.estimate == mean and found.units == 2
    # The untruncated sum is negative here, so that the residual's quarter is all there is.
    assert ms_rows + ms_columns - ms_rest < 0
    assert found.se**2 == pytest.approx(0.25 * ms_rest / 4)
    assert found.df == 1.0


def test_one_flip_is_a_test_and_none_is_none() -> None:
    values = table()
    one = paired_gap(values, spec=EstimateSpec(flips=1), rng=np.random.default_rng(0))
    assert one.p_flip_sets in (0.5, 1.0) and one.p_flip_items in (0.5, 1.0)
    none = paired_gap(values, spec=EstimateSpec(flips=0), rng=np.random.default_rng(0))
    assert (none.p_flip_sets, none.p_flip_items) == (None, None)


@pytest.mark.parametrize("unit", [1e-4, 100.0])
def test_the_unit_of_the_scores_does_not_matter(unit: float) -> None:
    values = table(missing=0.3)
    ours, theirs = paired_gap(values), paired_gap(unit * values)
    assert [theirs.estimate, theirs.se, theirs.low, theirs.high] == pytest.approx(
        [unit * one for one in (ours.estimate, ours.se, ours.low, ours.high)], rel=1e-6
    )
    assert (theirs.df, theirs.p) == pytest.approx((ours.df, ours.p), rel=1e-6)
    assert theirs.third == pytest.approx(unit**3 * ours.third, rel=1e-6)
    for mine, other in zip(ours.components, theirs.components, strict=True):
        assert other.variance == pytest.approx(unit**2 * (mine.variance or 0.0), rel=1e-6)


@pytest.mark.parametrize(("value", "estimate"), [(1e-12, 0.0), (4e-12, 4e-12), (-1e-12, 0.0), (-4e-12, -4e-12)])
def test_a_constant_difference_within_rounding_is_zero(value: float, estimate: float) -> None:
    found = paired_gap(np.full((2, 2), value))
    assert (found.estimate, found.low, found.high) == (estimate, estimate, estimate)
    assert found.p == (1.0 if estimate == 0.0 else 0.5)
