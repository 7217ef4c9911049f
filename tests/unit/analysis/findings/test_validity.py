"""The gate before any verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.findings.validity import limited, validities
from evenhand.analysis.table.scores import Scores, scores_from_frame
from evenhand.records.findings import Findings
from evenhand.records.validity import Fault, Validity
from evenhand.report.answer import answers_of
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

LETTERS = ("a", "b", "c", "d", "e")
TAGS = ("joy", "relief", "sadness", "anger", "fear")
DESIGN = SimulatedDesign(items=30, sets=10, crossing=True, none_repeats=3)


def answers(change: Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame], **respondent: object) -> Scores:
    """A table of a good assistant whose choices are then replaced; scores and positions follow from the choices."""
    rng = np.random.default_rng(4)
    made = simulated_scores(Respondent(**respondent), design=DESIGN, rng=rng)  # type: ignore[arg-type]
    frame = made.frame.with_columns(pl.selectors.categorical().cast(pl.String), chance=pl.lit(0.2))
    number = pl.col("item").str.slice(5).cast(pl.Int64)
    frame = frame.with_columns(
        code=pl.col("choice").replace_strict(dict(zip(LETTERS, range(5), strict=True)), return_dtype=pl.Int64),
        shift=number,
    )
    frame = change(frame, rng).with_columns(
        choice=pl.col("code").replace_strict(dict(enumerate(LETTERS)), return_dtype=pl.String),
        choice_tag=pl.col("code").replace_strict(dict(enumerate(TAGS)), return_dtype=pl.String),
        shown_position=(pl.col("code") + pl.col("shift")) % 5,
        score=(pl.col("code") == 0).cast(pl.Float64),
    )
    lost = pl.col("outcome") != "answered"
    frame = frame.with_columns(
        pl.when(~lost).then(name).alias(name) for name in ("choice", "choice_tag", "shown_position", "score")
    )
    return scores_from_frame(frame.drop("code", "shift"), settings=made.settings, factors=made.factors)


def unchanged(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    return frame


def always_first(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    return frame.with_columns(code=(-pl.col("shift")) % 5)


def mostly_first(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    lazy = pl.Series(rng.random(frame.height) < 0.93)
    return frame.with_columns(code=pl.when(lazy).then((-pl.col("shift")) % 5).otherwise("code"))


def at_random(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    return frame.with_columns(code=pl.Series(rng.integers(0, 5, frame.height)))


def one_emotion(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    return frame.with_columns(code=pl.lit(2, dtype=pl.Int64))


def guessed_once_per_item(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    return frame.with_columns(code=(pl.col("shift") * 7 + 3) % 5)


def only(scores: Scores) -> Validity:
    (found,) = validities(scores)
    return found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (always_first, "one_position"),
        (mostly_first, "one_position"),
        (at_random, "at_chance"),
        (at_random, "ignores_item"),
        (one_emotion, "one_option"),
        (guessed_once_per_item, "at_chance"),
    ],
)
def test_answers_that_could_not_have_shown_a_difference_are_told(
    change: Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame], fault: Fault
) -> None:
    found = only(answers(change))
    assert fault in found.faults and found.reason
    assert not found.assessable


@pytest.mark.parametrize("easiness", [0.3, 1.4, 5.0])
def test_a_working_assistant_passes_at_any_accuracy_and_a_ceiling_is_no_failure(easiness: float) -> None:
    found = only(answers(unchanged, easiness=easiness))
    assert found.faults == () and found.reason == ""
    assert found.at_ceiling is (easiness == 5.0)
    assert found.right + found.wrong + found.mixed == found.items == 30


def test_an_assistant_that_is_always_right_is_not_stuck() -> None:
    found = only(answers(lambda frame, rng: frame.with_columns(code=pl.lit(0, dtype=pl.Int64))))
    assert found.faults == () and found.right == 30


def test_too_much_missing_and_too_few_items_are_told() -> None:
    most = simulated_scores(
        Respondent(missing={"advantaged": 0.6, "disadvantaged": 0.6, "crossing": 0.6}),
        design=DESIGN,
        rng=np.random.default_rng(1),
    )
    assert "missing" in only(most).faults
    few = simulated_scores(Respondent(), design=SimulatedDesign(items=4, sets=6), rng=np.random.default_rng(1))
    assert "too_few" in only(few).faults
    some = simulated_scores(Respondent(missing={"advantaged": 0.15}), design=DESIGN, rng=np.random.default_rng(1))
    assert only(some).faults == ()


def test_no_finding_that_rests_on_such_answers_has_a_test_or_a_verdict_of_its_own() -> None:
    findings: Findings = analyse(answers(always_first), published=False)
    held = [f for f in findings.findings if f.verdict == "not assessable"]
    assert {"gap", "memory_effect", "factor_gap", "interaction"} <= {f.measure for f in held}
    assert all(f.p is None and f.equivalence is None and f.p_adjusted is None for f in held)
    assert not {f.verdict for f in findings.findings} & {"equivalent", "difference"} or all(
        f.quantity.name in {"missing", "refused", "unparsed", "mention_answer"}
        for f in findings.findings
        if f.verdict in {"equivalent", "difference"}
    )
    assert answers_of(findings).verdict == "not assessable"


def test_refusals_of_answers_that_cannot_be_judged_are_still_compared() -> None:
    scores = answers(always_first, missing={"advantaged": 0.3})
    gaps = [f for f in analyse(scores, published=False).findings if f.measure == "missing_gap" and f.contrast]
    assert any(f.verdict == "difference" for f in gaps)


def test_equivalent_at_a_ceiling_says_how_many_items_could_still_move() -> None:
    findings = analyse(answers(unchanged, easiness=6.0, item_sd=0.3), published=False)
    (validity,) = findings.validity
    green = [
        replace(f, number=replace(f.tested, verdict="equivalent"))
        for f in findings.findings
        if f.tested and f.quantity.name == "score"
    ]
    assert green and validity.at_ceiling
    for found in limited(green, findings.validity):
        assert found.tested is not None and found.tested.ceiling is not None
        assert found.tested.ceiling.right == validity.right
    middling = analyse(answers(unchanged, easiness=0.5), published=False)
    assert all(f.tested.ceiling is None for f in middling.findings if f.tested)


def test_the_kinds_that_need_a_stored_fact_may_be_at_chance_without_it() -> None:
    made = answers(at_random)
    frame = made.frame.with_columns(pl.lit("benefit").cast(pl.Categorical).alias("kind"))
    (found,) = validities(replace(made, frame=frame))
    assert "at_chance" not in found.faults


def plain(scores: Scores) -> pl.DataFrame:
    """The table with strings for categories, as it is read from a file."""
    worded = [name for name, type_ in scores.frame.schema.items() if isinstance(type_, pl.Categorical | pl.Enum)]
    return scores.frame.with_columns(pl.col(worded).cast(pl.String))


def test_each_format_of_answer_is_judged_by_itself() -> None:
    letters, shares = answers(unchanged), answers(always_first)
    both = pl.concat([plain(letters), plain(shares).with_columns(pl.lit("distribution").alias("answer"))])
    scores = scores_from_frame(both, settings=letters.settings, factors=letters.factors)
    first, second = validities(scores)
    assert (first.answer, first.faults) == ("letter", ())
    assert second.answer == "distribution" and "one_position" in second.faults
    findings = analyse(scores, published=False)
    gaps = {f.where.answer: f.verdict for f in findings.findings if f.measure == "gap" and f.quantity.name == "score"}
    assert gaps["distribution"] == "not assessable" and gaps["letter"] not in {"not assessable", None}
    (reason,) = answers_of(findings).models[0].reasons
    assert reason.startswith("Understanding items (in percentages): ")


def test_where_nothing_is_chosen_no_item_is_right_or_wrong() -> None:
    made = answers(unchanged)
    written = plain(made).with_columns(
        pl.lit("advice").alias("kind"),
        pl.lit("text").alias("answer"),
        *(pl.lit(None).cast(made.frame.schema[name]).alias(name) for name in ("shown_position", "score", "chance")),
        *(pl.lit(None, dtype=pl.String).alias(name) for name in ("choice", "choice_tag", "keyed_option")),
    )
    (found,) = validities(scores_from_frame(written, settings=made.settings, factors=made.factors))
    assert (found.right, found.wrong, found.mixed) == (0, 0, found.items) and not found.at_ceiling
