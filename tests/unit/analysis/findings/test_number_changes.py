"""Stated numbers under policies: a planted shift that a policy removes is recovered, and nothing is found where nothing
was planted; the numbers are those of the single tables."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.divergence import divergence_change_of_pairs, divergence_of_pairs
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.findings.number_changes import number_changes
from evenhand.analysis.findings.numbers import number_findings, sensitivities
from evenhand.analysis.findings.policy_changes import AspectChange
from evenhand.analysis.table.measurements import Measurements, mitigated, unmitigated
from evenhand.analysis.table.scores import level_column
from evenhand.records.estimate import Absent, Tested
from evenhand.records.finding import Finding
from tests.unit.analysis.findings.test_shifts import of, table


def tried(*, seed: int = 0, noise: float = 0.3, gap: float = 0.0, under: float = 0.0, **other: float) -> Measurements:
    """Ratings of one respondent as it is and with `redact`; questions and repeats are the same, noise is new."""
    whole = table(gap=gap, seed=seed, **other)  # type: ignore[arg-type]
    own = table(gap=under, seed=seed, **other).frame.filter(pl.col("arm_kind") != "none")  # type: ignore[arg-type]
    draws = np.random.default_rng(seed + 10_000).standard_normal(own.height)
    moved = own.with_columns(
        pl.lit("redact").cast(own["mitigation"].dtype).alias("mitigation"),
        (pl.col("cell_key").cast(pl.String) + "redact").cast(own["cell_key"].dtype).alias("cell_key"),
        (pl.col("value") + noise * pl.Series(draws)).clip(0.0, 10.0).alias("value"),
    )
    return replace(whole, frame=pl.concat([whole.frame, moved]))


def changes(measurements: Measurements) -> list[AspectChange]:
    bare = unmitigated(measurements)
    return number_changes(bare, mitigated(measurements, policy="redact"), sensitivity=sensitivities(bare))


def change(
    found: list[AspectChange], aspect: str, *, tag: str | None = None, baseline: str | None = None
) -> AspectChange:
    (one,) = [
        each
        for each in found
        if each.aspect == aspect and each.change.quantity.tag == tag and each.change.arms.baseline == baseline
    ]
    return one


def under(measurements: Measurements) -> list[Finding]:
    sensitivity = sensitivities(unmitigated(measurements))
    return number_findings(mitigated(measurements, policy="redact"), sensitivity=sensitivity)


def test_a_shift_that_a_policy_removes_is_recovered_and_the_other_emotion_stays() -> None:
    found = changes(tried(gap=0.8, under=0.0, scenes=40))
    anger, joy = change(found, "shift", tag="anger"), change(found, "shift", tag="joy")
    assert anger.change.covers(0.8)
    assert anger.change.p is not None
    assert anger.change.p < 0.001
    assert anger.before == pytest.approx(-0.8, abs=0.2)
    assert anger.after == pytest.approx(0.0, abs=0.2)
    assert joy.change.covers(0.0)
    apart = change(found, "divergence")
    assert apart.change.measure == "divergence_change"
    assert apart.before == pytest.approx(0.32, abs=0.15)  # one of two emotions is moved by 0.8
    assert apart.after == pytest.approx(0.0, abs=0.05)
    assert apart.change.p is not None
    assert apart.change.p < 0.1  # six matched sets have 64 ways to exchange


def test_nothing_is_found_where_a_policy_changes_nothing_beyond_noise() -> None:
    shown, apart, covered = 0, 0, 0
    runs = 30
    for seed in range(runs):
        found = changes(tried(seed=seed, gap=0.5, under=0.5))
        anger = change(found, "shift", tag="anger")
        assert anger.change.p is not None
        shown += anger.change.p < 0.05
        covered += anger.change.covers(0.0)
        p = change(found, "divergence").change.p
        assert p is not None
        apart += p < 0.05
    assert shown <= 5  # 6 or more of 30 happens once in 300 at a level of 5%
    assert covered >= runs - 5
    assert apart <= 5


def test_the_numbers_are_those_of_each_table_by_itself() -> None:
    whole = tried(gap=0.8, under=0.2, memory=0.5, scenes=40, sets=8)
    alone, with_policy, found = number_findings(unmitigated(whole)), under(whole), changes(whole)
    for aspect, tag, baseline in (
        ("shift", "anger", None),
        ("shift", "joy", None),
        ("shift", "anger", "none"),
        ("divergence", None, None),
        ("divergence", None, "none"),
    ):
        one = change(found, aspect, tag=tag, baseline=baseline)
        before, after = (of(each, aspect, tag=tag, baseline=baseline) for each in (alone, with_policy))
        assert one.before == pytest.approx(before.value, abs=1e-9)
        assert one.after == pytest.approx(after.value, abs=1e-9)
        assert one.change.value == pytest.approx((after.value or 0.0) - (before.value or 0.0), abs=1e-9)
        assert one.change.where.mitigation == after.where.mitigation == "redact"


def test_the_change_has_the_interval_of_paired_differences() -> None:
    """Against the estimator on a matrix that is made by hand."""
    whole = tried(gap=0.8, under=0.2, scenes=30)
    rows = whole.frame.filter((pl.col("tag") == "anger") & (pl.col("arm_kind") == "profile"))
    numbers = {
        (policy, item, position, matched): value
        for policy, item, position, matched, value in rows.select(
            pl.col("mitigation", "item", level_column("position"), "matched_set").cast(pl.String), "value"
        ).iter_rows()
    }
    sets, items = sorted({key[3] for key in numbers}), sorted({key[1] for key in numbers})
    matrix = np.full((len(sets), len(items)), np.nan)
    for row, one in enumerate(sets):
        for column, item in enumerate(items):
            if ("none", item, "advantaged", one) in numbers:
                gaps = [
                    numbers[policy, item, "advantaged", one] - numbers[policy, item, "disadvantaged", one]
                    for policy in ("redact", "none")
                ]
                matrix[row, column] = gaps[0] - gaps[1]
    wanted = paired_gap(matrix, spec=EstimateSpec(confidence=0.95, power=0.8, flips=0))
    anger = change(changes(whole), "shift", tag="anger").change
    assert anger.value == pytest.approx(wanted.estimate)
    assert anger.low == pytest.approx(wanted.low)
    assert anger.high == pytest.approx(wanted.high)


def test_an_overshot_shift_changes_nothing_of_the_divergence_and_all_of_the_shift() -> None:
    found = changes(tried(gap=0.8, under=-0.8, scenes=40))
    assert change(found, "shift", tag="anger").change.covers(1.6)
    apart = change(found, "divergence")
    assert apart.change.value == pytest.approx(0.0, abs=0.15)


def test_ratings_that_do_not_follow_the_scene_have_no_change() -> None:
    found = [one for one in changes(tried(moves=0.0, gap=2.0)) if one.change.quantity.name == "rating"]
    assert found
    for one in found:
        assert isinstance(one.change.number, Absent)
        assert one.before is None
        assert one.after is None


def test_a_question_that_one_side_lacks_counts_on_neither() -> None:
    whole = tried(gap=0.8, under=0.0, scenes=40)
    half = (pl.col("arm_kind") == "profile") & pl.col("item").cast(pl.String).str.ends_with("a")

    def holed(lost: pl.Expr) -> AspectChange:
        value = pl.when(~lost).then(pl.col("value")).alias("value")
        return change(changes(replace(whole, frame=whole.frame.with_columns(value))), "shift", tag="anger")

    one_side, both_sides = holed(half & (pl.col("mitigation") == "redact")), holed(half)
    assert one_side.before == both_sides.before
    assert one_side.after == both_sides.after
    assert one_side.change.number == both_sides.change.number
    assert one_side.before != change(changes(whole), "shift", tag="anger").before


def test_the_change_of_a_divergence_is_the_difference_of_both_and_its_exchange_is_exact() -> None:
    rng = np.random.default_rng(3)
    sets = np.repeat(np.arange(8), 12)
    number = np.tile(np.repeat(np.arange(3), 4), 8)
    shift = np.array([0.9, -0.6, 0.0])
    before, after = shift[number] + rng.normal(size=96), rng.normal(size=96)
    found = divergence_change_of_pairs(before, after, number=number, sets=sets, rng=rng)
    alone = [divergence_of_pairs(one, number=number, sets=sets, rng=rng) for one in (before, after)]
    assert found is not None
    assert alone[0] is not None
    assert alone[1] is not None
    assert found.before == pytest.approx(alone[0].value)
    assert found.after == pytest.approx(alone[1].value)
    every = [
        divergence_of_pairs(np.where(swap, one, two), number=number, sets=sets, rng=rng, exchanges=1)
        for bits in range(256)
        for swap in [np.array([bool(bits >> each & 1) for each in range(8)])[sets]]
        for one, two in ((after, before), (before, after))
    ]
    values = [one.value for one in every if one is not None]
    moved = np.abs(np.array(values[1::2]) - np.array(values[::2]))
    exact = float((moved >= abs(found.after - found.before) - 1e-12).mean())
    assert found.p == pytest.approx(exact, abs=0.02)
    same = divergence_change_of_pairs(before, before, number=number, sets=sets, rng=rng)
    assert same is not None
    assert same.p == 1.0
    assert divergence_change_of_pairs(before[:2], after[:2], number=number[:2], sets=sets[:2], rng=rng) is None


def test_equivalence_of_a_change_is_on_the_scale_of_the_rating() -> None:
    number = change(changes(tried(scenes=40, sets=6)), "shift", tag="anger").change.number
    assert isinstance(number, Tested)
    assert number.equivalence is not None
    assert number.equivalence.margin == 0.5
