"""Strata: what is estimated together."""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec.structs import replace

from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.scores import Scores, scores_from_frame
from evenhand.analysis.table.stratum import cues, each_stratum, parts_by, strata
from evenhand.records.condition import Condition
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores


def table(**design: object) -> Scores:
    sized = SimulatedDesign(**{"items": 4, "sets": 3, **design})  # type: ignore[arg-type]
    return simulated_scores(Respondent(missing={"placebo": 0.5}), design=sized, rng=np.random.default_rng(0))


def test_every_model_and_condition_is_a_stratum_that_shares_the_no_memory_arm() -> None:
    scores = table(models=("b", "a"))
    frame = scores.frame.with_columns(pl.selectors.categorical().cast(pl.String))
    other = frame.filter(pl.col("arm_kind") != "none").with_columns(pl.lit("use").alias("reader"))
    both = scores_from_frame(pl.concat([frame, other]), settings=scores.settings)
    parts = strata(both)
    assert [(part.model, part.kind, part.where, part.main) for part in parts] == [
        ("a", "understanding", Condition(), True),
        ("a", "understanding", Condition(reader="use"), False),
        ("b", "understanding", Condition(), True),
        ("b", "understanding", Condition(reader="use"), False),
    ]
    assert {part.arm("none").height for part in parts} == {8}


def test_versions_of_a_persona_are_one_unit_and_other_profiles_are_their_own() -> None:
    part = strata(table(crossing=True))[0]
    assert part.paired()["unit"].n_unique() == 3
    assert part.crossed()["unit"].n_unique() == 81
    assert part.crossed_factors() == ("gender", "age", "religion", "ethnicity")
    assert cues(part) == ("stated",)


def test_the_outcome_is_the_one_that_was_fixed_whatever_a_run_gives() -> None:
    scores = table(logprobs=True)
    assert strata(scores)[0].primary == "p_score"
    answers = replace(scores, settings=AnalysisSettings())
    assert strata(answers)[0].primary == "score"
    holed = scores.frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(None).otherwise("p_score").alias("p_score")
    )
    plain = scores_from_frame(holed.with_columns(pl.selectors.categorical().cast(pl.String)), settings=scores.settings)
    holed_part = strata(plain)[0]
    assert holed_part.primary == "p_score"
    # The one answer without probabilities is missing; all others keep the value they had.
    assert holed_part.rows["value"].null_count() == strata(scores)[0].rows["value"].null_count() + 1


def test_items_of_two_banks_with_one_id_are_two_items() -> None:
    scores = table()
    frame = scores.frame.with_columns(pl.selectors.categorical().cast(pl.String))
    twice = pl.concat([frame, frame.with_columns(pl.lit("other").alias("bank"))])
    assert strata(scores_from_frame(twice, settings=scores.settings))[0].rows["item"].n_unique() == 8


def test_codes_follow_the_alphabet() -> None:
    coded, values = codes(pl.Series(["b", "a", "c", "a"]))
    assert values == ["a", "b", "c"]
    assert coded.tolist() == [1, 0, 2, 0]


def test_a_part_is_taken_out_once_and_is_not_kept_by_a_stratum_of_other_rows() -> None:
    part = strata(table(crossing=True))[0]
    assert part.profiles() is part.profiles()
    assert part.crossed() is part.crossed()
    fewer = replace(part, rows=part.rows.filter(pl.col("arm_kind") == "none"))
    assert part.profiles().height > 0
    assert fewer.profiles().height == 0


def test_strata_come_one_after_the_other_as_the_list_of_them_has_them() -> None:
    scores = table(models=("b", "a"))
    assert [part.rows.equals(other.rows) for part, other in zip(each_stratum(scores), strata(scores), strict=True)] == [
        True,
        True,
    ]
    (only,) = parts_by(scores.frame, ("kind",))
    assert only[1] is scores.frame
