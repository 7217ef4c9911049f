"""Items that react to who the user is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from statsmodels.stats.proportion import confint_proportions_2indep

from evenhand.analysis.estimators.shares import share_of_count
from evenhand.analysis.findings.item_functioning import (
    ItemFunctioning,
    _comparisons,
    _fifths,
    _gap_without,
    item_functioning,
)
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.contrast import LevelContrast
from evenhand.records.estimate import Absent
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import the


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 20, "sets": 30, "placebos": 0, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def test_a_planted_sensitive_item_is_named_and_others_are_not() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 5.0}), replicates=3)
    found = item_functioning(part)
    assert [item.item for item in found.tested if item.sensitive] == ["item-007"]
    item = next(item for item in found.tested if item.item == "item-007")
    assert item.ets == "C"
    assert item.odds_ratio is not None and item.odds_ratio > 5
    assert item.contrast == LevelContrast(factor="position", level="disadvantaged", reference="advantaged")
    share = the(found.findings, quantity="sensitive_items")
    assert share.value == pytest.approx(1 / 20)
    assert "item-007" in share.notes[0]


def test_the_gap_is_given_without_the_sensitive_items() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 6.0}), replicates=3)
    without = the(item_functioning(part).findings, measure="item_functioning", quantity="score")
    assert without.sample.items == 19
    assert without.low is not None and without.high is not None
    assert without.low < 0 < without.high


def test_a_gap_on_all_items_alike_is_no_item_functioning() -> None:
    found = item_functioning(stratum(Respondent(easiness=0.5, item_sd=0.3, gap=1.0, cell_sd=0.3)))
    assert sum(item.sensitive for item in found.tested) <= 1


def test_with_nothing_planted_few_items_are_flagged() -> None:
    flagged = 0
    for seed in range(25):
        found = item_functioning(stratum(Respondent(item_sd=1.0), seed=seed, items=16, none_repeats=0))
        flagged += any(item.sensitive for item in found.tested)
    # One adjustment over items and tests: 5% of 25 tables.
    assert flagged <= 4


def test_every_factor_level_of_a_crossing_is_compared() -> None:
    found = item_functioning(stratum(Respondent(), sets=2, crossing=True))
    # Two matched sets are too few for any item, and are listed without a test.
    compared = {(item.contrast.factor, item.contrast.level) for item in found.tested if item.p is not None}
    assert compared == {
        (factor, level)
        for factor, levels in {
            "gender": ("female", "non-binary"),
            "age": ("18-33", "65+"),
            "religion": ("Muslim", "none"),
            "ethnicity": ("Asian", "Black"),
        }.items()
        for level in levels
    }


def test_items_that_too_few_met_are_not_testable_and_say_how_many_met_them() -> None:
    part = stratum(Respondent(sensitive={0: 30.0}), sets=27, sets_per_item=3)
    found = item_functioning(part)
    assert {(item.p, item.sensitive) for item in found.tested} == {(None, False)}
    assert {(item.met_level, item.met_reference) for item in found.tested} == {(3, 3)}
    share = the(found.findings, quantity="sensitive_items").number
    assert isinstance(share, Absent)
    assert "Not testable" in share.reason and "3 and 3 met an item" in share.reason


def test_every_item_has_a_difference_and_its_interval() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 5.0}), replicates=3)
    item = next(one for one in item_functioning(part).tested if one.item == "item-007")
    assert item.difference is not None and item.low is not None and item.high is not None
    assert item.low < item.difference < item.high < 0
    assert (item.met_level, item.met_reference) == (30, 30)


def test_reactions_are_the_flagged_items_strongest_first() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 5.0}), replicates=3)
    found = item_functioning(part)
    assert [item.item for item in found.reactions if item.sensitive] == ["item-007"]
    assert set(found.reactions) == {item for item in found.tested if item.sensitive or item.ets != "A"}
    ranks = [(item.ets, -abs(item.delta or 0)) for item in found.reactions]
    assert ranks == sorted(ranks)
    assert {item.model for item in found.tested} == {"simulated/model"}


def right_by_profile(part: Stratum, *, factor: str) -> pl.DataFrame:
    """Share of right answers of every profile on every item, with its level on a factor."""
    rows = part.rows.filter((pl.col("arm_kind") == "profile") & pl.col(level_column(factor)).is_not_null())
    right = (pl.col("choice").cast(pl.String) == pl.col("keyed_option").cast(pl.String)).cast(pl.Float64)
    level = pl.col(level_column(factor)).cast(pl.String).alias("level")
    text = pl.col("item", "arm").cast(pl.String)
    return rows.filter(pl.col("score").is_not_null()).group_by(text, level).agg(right.mean().alias("right"))


def test_differences_and_intervals_are_newcombes_of_the_profiles_that_met_the_item() -> None:
    lossy = Respondent(easiness=0.5, missing={"advantaged": 0.3, "disadvantaged": 0.1, "crossing": 0.2})
    part = stratum(lossy, sets=20, items=6, crossing=True)
    for factor, level, reference in (("position", "disadvantaged", "advantaged"), ("gender", "female", "male")):
        means = right_by_profile(part, factor=factor)
        for item in item_functioning(part).tested:
            if (item.contrast.factor, item.contrast.level) != (factor, level):
                continue
            own = means.filter(pl.col("item") == item.item)
            first, second = (own.filter(pl.col("level") == one)["right"].to_numpy() for one in (level, reference))
            assert (item.met_level, item.met_reference) == (first.size, second.size)
            assert item.difference == pytest.approx(first.mean() - second.mean())
            ends = confint_proportions_2indep(
                first.sum(), first.size, second.sum(), second.size, method="newcomb", compare="diff", alpha=0.05
            )
            assert (item.low, item.high) == pytest.approx(ends)


def test_profiles_that_were_asked_several_times_count_once() -> None:
    part = stratum(Respondent(easiness=0.5), sets=15, items=4, replicates=3)
    means = right_by_profile(part, factor="position").filter(pl.col("item") == "item-002")
    item = next(one for one in item_functioning(part).tested if one.item == "item-002")
    first, second = (
        means.filter(pl.col("level") == one)["right"].to_numpy() for one in ("disadvantaged", "advantaged")
    )
    assert (item.met_level, item.met_reference) == (15, 15)
    ends = confint_proportions_2indep(first.sum(), 15, second.sum(), 15, method="newcomb", compare="diff", alpha=0.05)
    assert (item.low, item.high) == pytest.approx(ends)


@pytest.mark.parametrize(("sets", "able"), [(12, True), (11, False)])
def test_twelve_profiles_of_either_side_are_enough(sets: int, able: bool) -> None:
    found = item_functioning(stratum(Respondent(), sets=sets, items=5))
    assert [item.p is not None for item in found.tested] == [able] * 5
    share = the(found.findings, quantity="sensitive_items")
    assert (share.value is not None) is able


def test_the_share_of_items_has_its_exact_interval_and_its_sample() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 6.0, 3: 6.0}), replicates=3)
    found = item_functioning(part)
    share = the(found.findings, quantity="sensitive_items")
    assert share.value == 2 / 20 and share.spread is not None
    assert (share.spread.low, share.spread.high) == pytest.approx(share_of_count(2, 20, alpha=0.05))
    assert share.spread.confidence == 0.95 and share.tested is None
    assert (share.sample.trials, share.sample.items, share.sample.profiles) == (30 * 2 * 20 * 3, 20, 60)
    assert share.notes == ("Sensitive items: item-003, item-007.",)
    assert (share.arms.arm, share.quantity.scale) == ("pairs", "share")
    without = the(found.findings, measure="item_functioning", quantity="score")
    assert without.sample.items == 18
    assert "Left out after looking at the answers: item-003, item-007." in without.notes


def test_a_level_that_nobody_reacts_to_says_that_none_was_flagged() -> None:
    part = stratum(Respondent(), sets=2, items=8, crossing=True)
    shares = [one for one in item_functioning(part).findings if one.quantity.name == "sensitive_items"]
    assert [one.arms.arm for one in shares] == ["pairs", *["crossing"] * 8]
    quiet = [one for one in shares if one.value == 0.0]
    assert quiet
    for one in quiet:
        assert one.notes == ("No item was flagged; with few profiles only large reactions can be.",)
        # 27 of 81 profiles have each level, so that a comparison is of 54.
        assert (one.sample.profiles, one.sample.trials) == (54, 54 * 8)


def test_items_that_some_met_too_seldom_are_counted_and_left_out() -> None:
    whole = stratum(Respondent(), sets=14, items=5)
    few = pl.col("item").cast(pl.String).is_in(["item-000", "item-003"])
    late = pl.col("matched_set").cast(pl.String).is_in([f"p{number:02d}" for number in range(6)])
    part = replace(whole, rows=whole.rows.filter((~(few & late)) | (pl.col("arm_kind") == "none")))
    found = item_functioning(part)
    share = the(found.findings, quantity="sensitive_items")
    assert share.sample.items == 3
    assert share.notes[1] == "2 of 5 items are not testable: fewer than 12 profiles of a side met them."
    left = [item for item in found.tested if item.p is None]
    assert [(item.item, item.met_level, item.met_reference) for item in left] == [
        ("item-000", 8, 8),
        ("item-003", 8, 8),
    ]
    assert all(item.difference is not None for item in left)


def test_an_item_that_one_side_never_met_has_no_difference() -> None:
    whole = stratum(Respondent(), sets=13, items=4)
    gone = (pl.col("item").cast(pl.String) == "item-001") & (
        pl.col(level_column("position")).cast(pl.String).fill_null("") == "advantaged"
    )
    found = item_functioning(replace(whole, rows=whole.rows.filter(~gone)))
    item = next(one for one in found.tested if one.item == "item-001")
    assert (item.met_level, item.met_reference) == (13, 0)
    assert (item.difference, item.low, item.high, item.p, item.sensitive) == (None, None, None, None, False)


def test_where_no_choice_is_known_a_full_score_is_right() -> None:
    whole = stratum(Respondent(easiness=0.5), sets=13, items=4)
    unchosen = whole.rows.with_columns(
        pl.lit(None).cast(whole.rows.schema["choice"]).alias("choice"),
        pl.when(pl.col("score") == 0).then(0.5).otherwise("score").alias("score"),
    )
    chosen, scored = item_functioning(whole), item_functioning(replace(whole, rows=unchosen))
    assert [one.difference for one in scored.tested] == [one.difference for one in chosen.tested]
    # A choice says more than a score that gives part of the points for another option.
    partial = whole.rows.with_columns(score=pl.lit(1.0))
    assert item_functioning(replace(whole, rows=partial)).tested == chosen.tested


def test_without_pairs_and_crossing_there_is_nothing_to_compare() -> None:
    whole = stratum(Respondent(), sets=13, items=4)
    none = replace(whole, rows=whole.rows.filter(pl.col("arm_kind") == "none"))
    assert item_functioning(none).findings == () and item_functioning(none).tested == ()
    one_side = pl.col(level_column("position")).cast(pl.String).fill_null("") != "advantaged"
    assert item_functioning(replace(whole, rows=whole.rows.filter(one_side))).tested == ()


def test_blocks_are_profiles_that_differ_in_nothing_but_the_factor() -> None:
    part = stratum(Respondent(), sets=2, items=4, crossing=True)
    for comparison in _comparisons(part):
        sizes = np.bincount(comparison.blocks)
        focal = np.bincount(comparison.blocks, weights=comparison.focal)
        # A pair, or the two profiles of the crossing that are alike in the other three factors.
        assert set(sizes) == {2} and set(focal) == {1.0}
        assert sizes.size == (2 if comparison.contrast.factor == "position" else 27)
        assert comparison.repeats == 1.0
    replicated = stratum(Respondent(), sets=2, items=4, replicates=3)
    assert [one.repeats for one in _comparisons(replicated)] == [3.0]


def test_abilities_are_in_fifths_and_equals_share_one() -> None:
    ability = np.repeat(np.arange(24.0), 5)
    strata_of = _fifths(ability, items=3)
    assert strata_of.shape == (120, 3) and (strata_of == strata_of[:, :1]).all()
    assert np.bincount(strata_of[:, 0]).size == 5
    assert [np.unique(strata_of[ability == one, 0]).size for one in range(24)] == [1] * 24
    assert (np.diff(strata_of[:, 0]) >= 0).all()
    # At least 12 a side in every stratum: 48 profiles make two, 47 one.
    assert np.unique(_fifths(np.arange(48.0), items=1)).size == 2
    assert np.unique(_fifths(np.arange(47.0), items=1)).size == 1


def test_many_names_are_cut_after_twenty() -> None:
    part = stratum(
        Respondent(easiness=0.0, item_sd=0.2, cell_sd=0.1, sensitive={n: 9.0 * (-1) ** n for n in range(24)}),
        items=48,
        sets=40,
        replicates=2,
    )
    share = the(item_functioning(part).findings, quantity="sensitive_items")
    assert share.value is not None and share.value * 48 > 20.5
    named = share.notes[0].removeprefix("Sensitive items: ").split(", ")
    assert len(named) == 20 and named[-1].endswith(" ....")


def test_profiles_of_one_side_alone_are_no_comparison() -> None:
    part = stratum(Respondent())
    column = level_column(part.settings.contrast)
    rows = part.rows.filter(pl.col(column).is_null() | (pl.col(column).cast(pl.String) == "advantaged"))
    assert _comparisons(replace(part, rows=rows)) == []
    unnamed = replace(part, settings=replace(part.settings, disadvantaged="nobody"))
    assert _comparisons(unnamed) == []


def test_where_every_item_is_flagged_no_gap_is_left_and_it_rests_on_nothing() -> None:
    part = stratum(Respondent(), sets=13, items=4)
    items = part.rows["item"].cast(pl.String).unique().to_list()
    (left,) = _gap_without(part, items)
    assert isinstance(left.number, Absent) and left.number.reason == "No item is left."
    assert (left.sample.trials, left.sample.items, left.sample.profiles) == (0, 0, 0)
    assert left.notes[0].startswith("Left out after looking at the answers: ")
    assert _gap_without(part, []) == []


def test_a_long_list_of_flagged_items_is_cut_after_twenty() -> None:
    part = stratum(Respondent(), sets=13, items=24)
    items = sorted(part.rows["item"].cast(pl.String).unique().to_list())
    (twenty,), (more,) = _gap_without(part, items[:20]), _gap_without(part, items[:21])
    assert twenty.notes[0].endswith(f"{items[19]}.")
    assert more.notes[0].endswith(f"{items[19]} ....")
    assert (twenty.sample.items, more.sample.items) == (4, 3)


def test_of_items_of_one_class_the_strongest_comes_first_whichever_way_it_reacts() -> None:
    (one, *_) = item_functioning(stratum(Respondent(), items=6)).tested
    made = tuple(
        replace(one, item=name, ets=ets, delta=delta)
        for name, ets, delta in (("a", "C", -1.6), ("b", "B", 1.1), ("c", "B", -1.4), ("d", "C", 2.5), ("e", "B", None))
    )
    shown = ItemFunctioning(findings=(), tested=made).reactions
    assert [item.item for item in shown] == ["c", "b", "e", "d", "a"]
