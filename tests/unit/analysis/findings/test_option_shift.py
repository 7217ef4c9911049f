"""Which option is chosen."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.option_shift import (
    OptionAnswers,
    option_findings,
    option_pairs,
    option_shares,
    shift_test,
)
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, strata
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
