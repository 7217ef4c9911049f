"""What a reader is told before the numbers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.caveats import cautions_of, caveats_of
from evenhand.analysis.table.scores import Scores
from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import MissingCaution, Tested
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

NO_NONE = "no no-memory arm"
NO_PLACEBO = "no placebo arm"
NO_REPEATS = "not repeated within an option order"


def scores(**design: object) -> Scores:
    sized = SimulatedDesign(**{"items": 6, "sets": 12, "placebos": 2, "none_repeats": 2, **design})  # type: ignore[arg-type]
    return simulated_scores(Respondent(), design=sized, rng=np.random.default_rng(1))


def test_a_whole_table_needs_no_caveat() -> None:
    assert caveats_of(scores()) == ()


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ({"none_repeats": 0}, [NO_NONE]),
        ({"placebos": 0}, [NO_PLACEBO]),
        ({"none_repeats": 1}, [NO_REPEATS]),
        ({"placebos": 0, "none_repeats": 1}, [NO_PLACEBO, NO_REPEATS]),
        ({"placebos": 0, "none_repeats": 0}, [NO_NONE]),
    ],
)
def test_arms_and_repeats_that_are_not_there_are_said(design: dict[str, int], said: list[str]) -> None:
    found = caveats_of(scores(**design))
    assert len(found) == len(said)
    assert all(part in sentence for part, sentence in zip(said, found, strict=True))


def test_few_matched_sets_are_counted() -> None:
    assert "There are only 9 matched sets" in caveats_of(scores(sets=9))[0]
    assert "There is only 1 matched set," in caveats_of(scores(sets=1))[0]
    assert caveats_of(scores(sets=10)) == ()
    other = scores(sets=2)
    assert caveats_of(replace(other, factors=())) == ()


def test_missing_answers_are_told_from_one_in_twenty_on() -> None:
    whole = scores(models=("a", "b"), none_repeats=4)

    mine = whole.frame.filter(pl.col("model").cast(pl.String) == "b").height

    def lost(number: int) -> Scores:
        own = pl.col("model").cast(pl.String) == "b"
        gone = own & (own.cum_sum() <= number)
        outcome = pl.when(gone).then(pl.lit("refused")).otherwise(pl.col("outcome").cast(pl.String))
        return replace(whole, frame=whole.frame.with_columns(outcome.alias("outcome")))

    assert mine % 20 == 0
    # One in twenty is not yet many.
    assert caveats_of(lost(mine // 20)) == ()
    (said,) = caveats_of(lost(mine // 4))
    assert said == "b: 25% of the trials have no usable answer; read the worst-case bounds of every gap."


def test_probabilities_that_the_plan_fixed_and_a_run_lacks_are_counted() -> None:
    given = scores(logprobs=True)
    assert caveats_of(given) == ()
    holed = given.frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise(pl.col("p_score")).alias("p_score")
    )
    (said,) = caveats_of(replace(given, frame=holed))
    assert f"3 of {given.frame.height} answers have none" in said
    assert "count as missing" in said


def test_contrasts_that_missing_answers_could_turn_are_counted_by_model() -> None:
    def cautioned(model: str, *, caution: bool) -> Finding:
        return Finding(
            measure="gap",
            model=model,
            kind="understanding",
            where=Condition(cue="stated"),
            arms=ArmContrast(arm="pairs"),
            quantity=Quantity(name="score"),
            role="confirmatory",
            number=Tested(value=0.1, p=0.5, caution=MissingCaution(differs=True, turns=False) if caution else None),
            sample=SampleSize(trials=10, items=5, profiles=2),
            method="x",
        )

    given = (("b", True), ("a", True), ("b", True), ("c", False))
    found = cautions_of([cautioned(model, caution=caution) for model, caution in given])
    assert [one.split(":")[0] for one in found] == ["a", "b"]
    assert "of 1 contrast;" in found[0]
    assert "of 2 contrasts;" in found[1]


def test_a_model_with_one_answer_without_probabilities_is_named() -> None:
    given = scores(logprobs=True)
    one = pl.when(pl.int_range(pl.len()) < 1).then(None).otherwise(pl.col("p_score")).alias("p_score")
    (said,) = caveats_of(replace(given, frame=given.frame.with_columns(one)))
    assert f"and 1 of {given.frame.height} answers have none" in said


def test_each_caveat_is_a_whole_sentence() -> None:
    assert caveats_of(scores(none_repeats=0)) == (
        "There is no no-memory arm, so neither the memory effect nor flips can be judged; gaps between users can.",
    )
    assert caveats_of(scores(placebos=0, none_repeats=1, sets=3)) == (
        "There is no placebo arm, so a memory effect may be the effect of any longer prompt, not of the profile.",
        "The no-memory arm was not repeated within an option order, so there is no noise floor for flips.",
        "There are only 3 matched sets, so intervals that hold for users in general are wide.",
    )
    bare = scores(logprobs=True)
    none = replace(bare, frame=bare.frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("p_score")))
    assert caveats_of(none) == (
        f"simulated/model: the plan fixed option probabilities as the outcome, and {none.frame.height} of "
        f"{none.frame.height} answers have none; such answers count as missing, and the outcome is not changed to the "
        "answers given.",
    )


def test_only_answered_letters_of_options_can_lack_probabilities() -> None:
    bare = scores(logprobs=True, models=("b", "a"))
    model = pl.col("model").cast(pl.String)
    kinds = bare.frame["kind"].dtype, bare.frame["answer"].dtype, bare.frame["outcome"].dtype
    gone = pl.lit(None, dtype=pl.Float64).alias("p_score")

    def said(*changes: pl.Expr) -> list[str]:
        return [one.split(":")[0] for one in caveats_of(replace(bare, frame=bare.frame.with_columns(gone, *changes)))]

    assert said() == ["a", "b"]
    first = model == "a"
    assert said(pl.when(first).then(pl.lit("advice")).otherwise(pl.lit("management")).cast(kinds[0]).alias("kind")) == [
        "b"
    ]
    assert said(pl.when(first).then(pl.lit("rating")).otherwise(pl.lit("letter")).cast(kinds[1]).alias("answer")) == [
        "b"
    ]
    # What was not answered lacks nothing, and is told as missing.
    refused = pl.when(first).then(pl.lit("refused")).otherwise(pl.lit("answered")).cast(kinds[2]).alias("outcome")
    assert said(refused) == ["b", "a"]


def test_a_repeat_counts_within_a_model_item_and_order_only() -> None:
    def repeated(**design: object) -> bool:
        return not any(NO_REPEATS in one for one in caveats_of(scores(**design)))

    assert repeated(none_repeats=2) and not repeated(none_repeats=1)
    # Two orders of one question, asked once each, are no repeats; nor are two models.
    assert not repeated(none_repeats=1, replicates=2)
    assert not repeated(none_repeats=1, models=("a", "b"))
