"""Strata: what is estimated together."""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec.structs import replace

from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.scores import Scores, covariate_column, level_column, scores_from_frame
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


def plain(scores: Scores) -> pl.DataFrame:
    return scores.frame.rename({level_column(name): name for name in scores.factors}).with_columns(
        pl.selectors.categorical().cast(pl.String)
    )


def test_a_profile_without_a_cue_is_of_no_cue_and_stated_comes_first() -> None:
    scores = table()
    arm = pl.col("arm").str.slice(0, 12)
    cue = pl.when(pl.col("arm_kind") != "profile").then(None).when(arm == "explicit/p00").then(pl.lit("implied"))
    frame = plain(scores).with_columns(
        cue.when(arm == "explicit/p01").then(None).otherwise(pl.lit("stated")).alias("cue")
    )
    (part,) = strata(scores_from_frame(frame, settings=scores.settings))
    assert cues(part) == part.cues == ("stated", "implied")
    assert [part.profiles(one).height for one in (None, "stated", "implied")] == [24, 8, 8]
    assert set(part.paired("implied")["unit"].cast(pl.String)) == {"explicit/p00"}
    uncued = scores_from_frame(frame.with_columns(pl.lit(None, dtype=pl.String).alias("cue")), settings=scores.settings)
    assert strata(uncued)[0].cues == (None,)


def test_kinds_without_options_have_probabilities_only_where_there_are_any() -> None:
    scores = table(logprobs=True)
    settings = scores.settings
    for kind, given, primary in (
        *(("benefit", True, "p_score"), ("benefit", False, "score")),
        *(("understanding", False, "p_score"), ("management", False, "p_score")),
    ):
        frame = plain(scores).with_columns(kind=pl.lit(kind))
        frame = frame if given else frame.with_columns(p_score=pl.lit(None, dtype=pl.Float64))
        assert strata(scores_from_frame(frame, settings=settings))[0].primary == primary
    stated = plain(scores).with_columns(answer=pl.lit("distribution"))
    assert strata(scores_from_frame(stated, settings=settings))[0].primary == "score"


def test_what_was_not_answered_has_no_value_and_its_outcome() -> None:
    scores = table()
    frame = plain(scores).with_columns(
        outcome=pl.Series([("answered", "refused", "unparsed", "failed")[n % 4] for n in range(scores.frame.height)])
    )
    lost = pl.col("outcome") != "answered"
    frame = frame.with_columns(
        score=pl.when(~lost).then(pl.col("score").fill_null(0.0)), choice=pl.when(~lost).then("choice")
    )
    rows = strata(scores_from_frame(frame, settings=scores.settings))[0].rows
    outcome = rows["outcome"].cast(pl.String)
    assert rows["value"].is_null().to_list() == (outcome != "answered").to_list() == rows["missing"].to_list()
    assert rows["refused"].to_list() == (outcome == "refused").to_list()
    assert rows["unparsed"].to_list() == (outcome == "unparsed").to_list()
    answered = rows.filter(~pl.col("missing"))
    assert answered["value"].to_list() == answered["score"].to_list()
    assert "latency_s" not in rows.columns and "context" not in rows.columns


def test_letters_without_a_policy_are_the_main_condition() -> None:
    scores = table()
    frame = plain(scores)
    memory = frame.filter(pl.col("arm_kind") != "none")
    stated = frame.with_columns(answer=pl.lit("distribution"))
    whole = pl.concat(
        [
            frame,
            stated,
            *(
                memory.with_columns(pl.lit(value).alias(name))
                for name, value in (("mitigation", "gate"), ("reader", "use"))
            ),
        ]
    )
    found = {
        (part.where.answer, part.where.mitigation, part.where.reader): part.main
        for part in strata(scores_from_frame(whole, settings=scores.settings))
    }
    assert found == {
        ("letter", "none", "none"): True,
        ("letter", "gate", "none"): False,
        ("letter", "none", "use"): False,
        ("distribution", "none", "none"): False,
    }
    # Where memory is only ever shown with a reader prompt, or no letter was asked for, that is the main condition.
    read = pl.concat([frame.filter(pl.col("arm_kind") == "none"), memory.with_columns(reader=pl.lit("use"))])
    for alone in (read, stated):
        assert [part.main for part in strata(scores_from_frame(alone, settings=scores.settings))] == [True]


def test_a_table_of_no_memory_alone_is_a_stratum_in_its_own_format() -> None:
    scores = table()
    none = plain(scores).filter(pl.col("arm_kind") == "none")
    (part,) = strata(scores_from_frame(none.with_columns(answer=pl.lit("distribution")), settings=scores.settings))
    assert part.where == Condition(answer="distribution") and part.rows.height == none.height
    memory = plain(scores).filter(pl.col("arm_kind") != "none")
    assert strata(scores_from_frame(memory, settings=scores.settings))[0].arm("none").height == 0


def test_a_stratum_names_its_streams_by_what_is_not_usual_in_it() -> None:
    part = strata(table())[0]
    assert part.stream_name == "simulated/model/understanding/system"
    odd = replace(part, where=Condition(reader="use", mitigation="gate", answer="text", placement=part.where.placement))
    assert odd.stream_name == "simulated/model/understanding/system/reader=use/mitigation=gate/answer=text"


def test_units_are_matched_sets_of_their_cohort_and_arms_otherwise() -> None:
    part = strata(table(crossing=True))[0]
    units = set(part.paired()["unit"].cast(pl.String))
    assert units == {f"explicit/p{number:02d}" for number in range(3)}
    assert all(unit.startswith("intersectional/") for unit in part.crossed()["unit"].cast(pl.String))
    scores = table()
    unnamed = plain(scores).with_columns(cohort=pl.lit(None, dtype=pl.String))
    made = strata(scores_from_frame(unnamed, settings=scores.settings))[0]
    assert set(made.paired()["unit"].cast(pl.String)) == {f"cohort/p{number:02d}" for number in range(3)}
    bare = strata(scores_from_frame(plain(scores).drop("position"), settings=scores.settings))[0]
    assert bare.rows["unit"].cast(pl.String).to_list() == bare.rows["arm"].cast(pl.String).to_list()
    assert bare.paired().height == 0 and bare.crossed().height == 0 and bare.crossed_factors() == ()


def test_profiles_of_the_crossing_have_a_level_on_every_factor_that_varies() -> None:
    scores = table(crossing=True)
    frame = plain(scores)
    first = frame["arm"].unique().sort().filter(frame["arm"].unique().sort().str.starts_with("intersectional"))[0]
    holed = frame.with_columns(age=pl.when(pl.col("arm") != first).then("age"), one=pl.lit("same"))
    made = strata(scores_from_frame(holed, settings=scores.settings, factors=(*scores.factors, "one")))[0]
    assert made.crossed_factors() == ("gender", "age", "religion", "ethnicity")
    assert made.crossed()["unit"].n_unique() == 80


def test_rows_without_a_covariate_cannot_be_adjusted() -> None:
    scores = table()
    longer = plain(scores).with_columns(length=pl.when(pl.int_range(pl.len()) % 3 > 0).then(1.0))
    part = strata(scores_from_frame(longer, settings=scores.settings, covariates=("length",)))[0]
    assert part.adjusted(part.rows).height == part.rows[covariate_column("length")].count() < part.rows.height
    bare = strata(scores)[0]
    assert bare.adjusted(bare.rows) is bare.rows


def test_parts_come_in_the_order_of_their_values_with_the_rows_in_theirs() -> None:
    frame = pl.DataFrame({"a": ["y", "x", "y", "x", "x"], "b": ["1", "2", "1", "1", "2"], "n": range(5)})
    found = [(key, part["n"].to_list()) for key, part in parts_by(frame, ("a", "b"))]
    assert found == [(("x", "1"), [3]), (("x", "2"), [1, 4]), (("y", "1"), [0, 2])]
    assert parts_by(frame.clear(), ("a",)) == []
    assert [(key, part["n"].to_list()) for key, part in parts_by(frame.head(1), ("a",))] == [(("y",), [0])]
