"""Which option is chosen."""

from __future__ import annotations

import itertools
import re

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.option_shift import (
    OptionAnswers,
    _level_pairs,
    option_findings,
    option_pairs,
    option_shares,
    shift_test,
)
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.contrast import LevelContrast
from evenhand.records.estimate import Absent
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import number, the

POSITION = level_column("position")


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 16, "sets": 12, "placebos": 0, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def test_the_distance_is_the_total_variation_by_hand() -> None:
    # Item 0: first a, a; second a, b: half of |1 - 1/2| + |0 - 1/2| = 1/2. Item 1: the same: 0. Mean 1/4.
    found = shift_test(
        np.array([0, 0, 1, 1]),
        np.array([0, 1, 1, 1]),
        item=np.array([0, 0, 1, 1]),
        sets=np.array([0, 1, 0, 1]),
        rng=np.random.default_rng(0),
    )
    assert found.distance == pytest.approx(0.25)


def test_the_test_holds_its_level_when_sets_answer_alike_over_items() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    item, sets = np.tile(np.arange(8), 12), np.repeat(np.arange(12), 8)
    for _ in range(200):
        habit = rng.integers(0, 4, (12, 2))
        answers = np.where(rng.random((2, 96)) < 0.5, habit[sets].T, rng.integers(0, 4, (2, 96)))
        hits += shift_test(answers[0], answers[1], item=item, sets=sets, rng=rng, swaps=200).p < 0.05
    # Binomial(200, 0.05) has mean 10 and SD 3.1.
    assert hits <= 20


def test_a_shift_among_wrong_answers_is_found_though_accuracy_is_the_same() -> None:
    part = stratum(Respondent(easiness=-3.0, item_sd=0.0), items=20, sets=20)
    side = (pl.col(POSITION) == "advantaged").fill_null(False)
    wrong = pl.col("score") == 0.0
    rows = part.rows.with_columns(
        pl.when(wrong & side)
        .then(pl.lit("b"))
        .when(wrong)
        .then(pl.lit("c"))
        .otherwise(pl.col("choice").cast(pl.String))
        .alias("choice"),
        pl.when(wrong & side)
        .then(pl.lit("anger"))
        .when(wrong)
        .then(pl.lit("fear"))
        .otherwise(pl.col("choice_tag").cast(pl.String))
        .alias("choice_tag"),
    )
    found = option_findings(replace(part, rows=rows))
    distance = the(found, quantity="choice", levels={"position": "advantaged"})
    assert number(distance) > 0.5
    assert distance.p is not None and distance.p < 0.01
    anger, fear = the(found, tag="anger"), the(found, tag="fear")
    assert number(anger) > 0.8
    assert number(fear) < -0.8
    assert anger.equivalence is None


def test_management_items_have_a_shift_of_strategies_over_all_answers() -> None:
    found = option_findings(stratum(Respondent(gap=1.0), kind="management"))
    assert {one.measure for one in found} == {"option_shift", "strategy_shift"}
    # The right option's tag is told too for management items.
    assert number(the(found, tag="joy")) > 0


def test_levels_of_a_crossing_are_matched_on_the_other_factors() -> None:
    part = stratum(Respondent(), sets=2, crossing=True)
    found = [one for one in option_findings(part) if one.contrast[0].factor == "gender"]
    assert {one.contrast[0].level for one in found} == {"female", "non-binary"}
    assert {one.contrast[0].reference for one in found} == {"male"}
    assert {one.sample.profiles for one in found} == {27}


def test_shares_are_of_all_answers_of_a_level() -> None:
    part = stratum(Respondent())
    answers = part.paired().filter(pl.col(POSITION) == "advantaged")
    fear = answers.filter(pl.col("choice_tag") == "fear").height / answers.height
    (one,) = (share for share in option_shares(part) if (share.level, share.tag) == ("advantaged", "fear"))
    assert (one.model, one.kind, one.factor) == ("simulated/model", "understanding", "position")
    assert one.share == pytest.approx(fear)
    assert one.answers == answers.height


def test_a_table_without_choices_has_no_option_findings() -> None:
    part = stratum(Respondent())
    bare = part.rows.with_columns(
        pl.lit(None, dtype=pl.Categorical).alias("choice"), pl.lit(None, dtype=pl.Categorical).alias("choice_tag")
    )
    assert option_findings(replace(part, rows=bare)) == []
    assert option_shares(replace(part, rows=bare)) == []


def test_one_set_an_item_leaves_nothing_to_test() -> None:
    part = stratum(Respondent(), items=12, sets=6, sets_per_item=1)
    found = the(option_findings(part), quantity="choice", levels={"position": "advantaged"})
    assert (found.value, found.p) == (None, None)
    assert isinstance(found.number, Absent)
    assert "one matched set only" in found.number.reason


def test_answers_that_share_set_item_and_replicate_are_each_paired_with_each() -> None:
    rng = np.random.default_rng(0)
    count = 60
    item, replicate, sets, side = (rng.integers(0, size, count) for size in (3, 2, 4, 3))
    answers = OptionAnswers(
        item=item,
        items=3,
        replicate=replicate,
        replicates=2,
        choice=np.zeros(count, dtype=np.int64),
        tag=np.zeros(count, dtype=np.int64),
        tags=["joy"],
        wrong=np.ones(count, dtype=bool),
    )
    pairs = option_pairs(answers, sets=(sets, 4), sides=(side == 0, side == 1), named=("position", "a", "b"))
    keys = [(int(s), int(i), int(r)) for s, i, r in zip(sets, item, replicate, strict=True)]
    expected = [
        (a, b) for a in range(count) for b in range(count) if side[a] == 0 and side[b] == 1 and keys[a] == keys[b]
    ]
    assert sorted(zip(pairs.first_row.tolist(), pairs.second_row.tolist(), strict=True)) == expected
    assert len({keys[a] for a, _ in expected}) < len(expected)
    order = [keys[a] for a in pairs.first_row]
    assert order == sorted(order)


def random_answers(seed: int, *, groups: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Choices of both sides, item and set of 40 pairs; not every set meets every item."""
    rng = np.random.default_rng(seed)
    item = np.concatenate([np.arange(4), rng.integers(0, 4, 36)])
    sets = np.concatenate([np.arange(groups), rng.integers(0, groups, 40 - groups)])
    return rng.integers(0, 3, 40), rng.integers(0, 4, 40), item, sets


def distance_by_hand(first: np.ndarray, second: np.ndarray, item: np.ndarray) -> float:
    apart = []
    for one in np.unique(item):
        shares = [np.bincount(side[item == one], minlength=4) / (item == one).sum() for side in (first, second)]
        apart.append(0.5 * np.abs(shares[0] - shares[1]).sum())
    return float(np.mean(apart))


@pytest.mark.parametrize("seed", range(3))
def test_chance_and_p_are_those_of_all_swaps_of_whole_sets(seed: int) -> None:
    first, second, item, sets = random_answers(seed)
    found = shift_test(first, second, item=item, sets=sets, rng=np.random.default_rng(9), swaps=20_000)
    assert found.distance == pytest.approx(distance_by_hand(first, second, item))
    swapped = []
    for signs in itertools.product((False, True), repeat=5):
        turned = np.array(signs)[sets]
        swapped.append(distance_by_hand(np.where(turned, second, first), np.where(turned, first, second), item))
    assert found.chance == pytest.approx(np.mean(swapped), abs=0.004)
    assert found.p == pytest.approx(np.mean(np.array(swapped) >= found.distance - 1e-12), abs=0.015)


def test_a_p_counts_the_table_itself() -> None:
    first, second = np.zeros(30, dtype=np.int64), np.ones(30, dtype=np.int64)
    sets = np.arange(30)
    found = shift_test(
        first, second, item=np.zeros(30, dtype=np.int64), sets=sets, rng=np.random.default_rng(0), swaps=99
    )
    # Thirty sets that all go one way: no swap comes near.
    assert found.distance == pytest.approx(1.0) and found.p == 1 / 100
    same = shift_test(first, first, item=sets, sets=sets, rng=np.random.default_rng(0), swaps=99)
    assert (same.distance, same.chance, same.p) == (0.0, 0.0, 1.0)


def test_the_finding_is_the_distance_beyond_chance_with_its_note_and_sample() -> None:
    part = stratum(Respondent(gap=1.0, missing={"advantaged": 0.2}))
    found = the(option_findings(part), quantity="choice", levels={"position": "advantaged"})
    rows = part.paired().select(pl.col("unit", "item", POSITION, "choice").cast(pl.String), "replicate")
    wide = rows.drop_nulls("choice").pivot(POSITION, index=["unit", "item", "replicate"], values="choice").drop_nulls()
    item = wide["item"].rank("dense").to_numpy().astype(int) - 1
    sides = [
        wide[side].replace_strict({one: place for place, one in enumerate("abcde")}).to_numpy()
        for side in ("advantaged", "disadvantaged")
    ]
    apart = []
    for one in np.unique(item):
        shares = [np.bincount(side[item == one], minlength=5) / (item == one).sum() for side in sides]
        apart.append(0.5 * np.abs(shares[0] - shares[1]).sum())
    told, chance = re.findall(r"0\.\d{3}", found.notes[0])
    assert told == f"{np.mean(apart):.3f}"
    assert found.notes[0] == f"Distance {told}; swapped labels give {chance} on average."
    assert found.value == pytest.approx(np.mean(apart) - float(chance), abs=5.1e-4)
    assert (found.sample.trials, found.sample.items, found.sample.profiles) == (2 * wide.height, 16, 12)
    assert (found.arms.arm, found.contrast[0].reference, found.quantity.scale) == ("pairs", "disadvantaged", "share")
    level = the(option_findings(stratum(Respondent(), crossing=True)), levels={"age": "65+"})
    assert level.arms.arm == "crossing" and level.contrast[0].reference == "34-65"


@pytest.mark.parametrize("kind", ["understanding", "management"])
def test_shares_of_tags_are_paired_differences_of_what_counts_as_told(kind: str) -> None:
    part = stratum(Respondent(easiness=0.0, gap=0.5), kind=kind, replicates=2)
    found = {one.quantity.tag: one for one in option_findings(part) if one.quantity.name == "choice_tag"}
    rows = part.paired().select(pl.col(POSITION, "choice_tag").cast(pl.String), "score")
    told = rows.filter((pl.col("score") < 1) | pl.lit(kind == "management"))
    sizes = dict(rows.group_by(POSITION).len().iter_rows())
    # Whole crossing: differences of pairs average to the difference of shares.
    for tag, one in found.items():
        shares = {
            side: told.filter((pl.col("choice_tag") == tag) & (pl.col(POSITION) == side)).height / sizes[side]
            for side in sizes
        }
        assert one.value == pytest.approx(shares["advantaged"] - shares["disadvantaged"])
        assert (one.sample.trials, one.sample.items, one.sample.profiles) == (2 * 16 * 12 * 2, 16, 12)
        assert one.measure == ("option_shift" if kind == "understanding" else "strategy_shift")
        assert one.quantity.scale == "rate" and one.equivalence is None
        assert one.contrast[0] == LevelContrast(factor="position", level="advantaged", reference="disadvantaged")
    counts = told["choice_tag"].value_counts().sort("count", "choice_tag", descending=[True, False])
    assert list(found) == counts["choice_tag"].to_list()
    # The right emotion is never told of understanding items.
    assert ("joy" in found) is (kind == "management")


def test_at_most_twenty_tags_are_told_those_named_most() -> None:
    part = stratum(Respondent(easiness=-3.0), items=20)
    number_of = pl.int_range(pl.len())
    tags = number_of % 300 % 24
    rows = part.rows.with_columns(
        choice_tag=pl.format("t{}", tags.cast(pl.String).str.zfill(2)), score=pl.lit(0.0)
    ).with_columns(pl.col("choice_tag").cast(pl.Categorical))
    many = replace(part, rows=rows)
    named = [one.quantity.tag for one in option_findings(many) if one.quantity.name == "choice_tag"]
    counts = many.paired()["choice_tag"].cast(pl.String).value_counts()
    order = counts.sort("count", "choice_tag", descending=[True, False])["choice_tag"].to_list()
    assert counts.height == 24 and named == order[:20]
    per_level = {share.level: 0 for share in option_shares(many)}
    for share in option_shares(many):
        per_level[share.level] += 1
    assert per_level == {"advantaged": 20, "disadvantaged": 20}


def test_shares_come_by_level_most_frequent_first_and_of_wrong_answers_only_where_one_is_right() -> None:
    part = stratum(Respondent(easiness=0.0, missing={"disadvantaged": 0.3}))
    found = option_shares(part)
    assert "joy" not in {share.tag for share in found}
    for level in ("advantaged", "disadvantaged"):
        own = [share for share in found if share.level == level]
        assert [share.share for share in own] == sorted((share.share for share in own), reverse=True)
        answered = part.paired().filter((pl.col(POSITION) == level) & pl.col("choice_tag").is_not_null())
        for share in own:
            assert share.answers == answered.height
            assert share.share == pytest.approx((answered["choice_tag"] == share.tag).sum() / answered.height)
    management = stratum(Respondent(easiness=0.0), kind="management")
    assert "joy" in {share.tag for share in option_shares(management)}
    assert option_shares(replace(part, main=False)) == []


def test_a_factor_that_not_all_users_have_counts_those_who_do() -> None:
    part = stratum(Respondent(easiness=0.0), crossing=True, sets=3)
    shares = [share for share in option_shares(part) if share.factor == "gender"]
    assert {share.answers for share in shares} == {27 * 16}
    assert {share.level for share in shares} == {"female", "male", "non-binary"}


def test_users_who_share_a_combination_are_paired_in_the_order_of_their_names() -> None:
    part = stratum(Respondent(), sets=2, crossing=True, items=5)
    again = part.rows.filter(pl.col(level_column("gender")).is_not_null()).with_columns(
        (pl.col("arm").cast(pl.String) + " again").cast(pl.Categorical).alias("arm"),
        (pl.col("unit").cast(pl.String) + " again").cast(pl.Categorical).alias("unit"),
    )
    twice = replace(part, rows=pl.concat([part.rows, again]))
    pairs = next(one for one in _level_pairs(twice) if one.factor == "gender" and one.first == "female")
    assert pairs.size == 2 * 27 * 5 and int(pairs.sets.max()) + 1 == 54
    arms = twice.crossed()["arm"].cast(pl.String).to_numpy()
    matched = {
        (arms[a].endswith("again"), arms[b].endswith("again"))
        for a, b in zip(pairs.first_row, pairs.second_row, strict=True)
    }
    assert matched == {(False, False), (True, True)}


def test_answers_without_a_tag_or_right_ones_are_of_no_emotion() -> None:
    part = stratum(Respondent(easiness=0.0), items=8)
    fear = (pl.col("choice_tag").cast(pl.String) == "fear").fill_null(False)
    bare = part.rows.with_columns(pl.when(~fear).then(pl.col("choice_tag")).alias("choice_tag"))
    found = option_findings(replace(part, rows=bare))
    assert "fear" not in {one.quantity.tag for one in found}
    assert {one.quantity.tag for one in found if one.quantity.name == "choice_tag"} == {"relief", "sadness", "anger"}
    whole = the(option_findings(part), tag="anger")
    assert the(found, tag="anger").value == whole.value
