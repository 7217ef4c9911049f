"""The same measurements, tables and policies give the same shifts, changes and verdicts in every version."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.findings.compare import compare
from evenhand.analysis.findings.number_changes import number_changes
from evenhand.analysis.findings.numbers import number_findings, sensitivities
from evenhand.analysis.findings.people import corrected_by_people
from evenhand.analysis.findings.policy_changes import aspect_changes
from evenhand.analysis.findings.shifts import shift_findings
from evenhand.analysis.table.measurements import (
    Measurements,
    measurements_from_frame,
    mitigated,
    unmitigated,
)
from evenhand.analysis.table.scores import Scores, level_column
from evenhand.selftest.respondents import Respondent
from tests.support.stated import assert_stated
from tests.support.stated_tables import LOSSY, PLAIN, drawn, scores_of, with_values
from tests.unit.analysis.findings.test_number_changes import tried
from tests.unit.analysis.findings.test_people import judged, rated
from tests.unit.analysis.findings.test_policy_changes import NONE, answered, sides
from tests.unit.analysis.findings.test_policy_changes import drawn as right_answers
from tests.unit.analysis.findings.test_shifts import table


def ratings(**more: object) -> Measurements:
    return table(**{"scenes": 6, "sets": 4, "gap": 0.8, "memory": 0.4, "seed": 3, **more})  # type: ignore[arg-type]


def changed(whole: Measurements, *columns: pl.Expr) -> Measurements:
    plain = whole.frame.with_columns(pl.selectors.categorical().cast(pl.String)).rename(
        {level_column(name): name for name in whole.factors}
    )
    return measurements_from_frame(plain.with_columns(*columns), factors=whole.factors, settings=whole.settings)


def two_cues(whole: Measurements) -> Measurements:
    """Every third user's memory implies what the others' states."""
    number = pl.col("arm").str.extract(r"(\d+)$").cast(pl.Int64)
    implied = pl.when(number % 3 == 0).then(pl.lit("implied")).otherwise(pl.lit("stated"))
    return changed(whole, pl.when(pl.col("arm_kind") == "profile").then(implied).alias("cue"))


def without(whole: Measurements, arm: str) -> Measurements:
    return replace(whole, frame=whole.frame.filter(pl.col("arm_kind") != arm))


def renamed(whole: Measurements, quantity: str, *, scale: float = 1.0) -> Measurements:
    return changed(whole, pl.lit(quantity).alias("quantity"), (pl.col("value") * scale).alias("value"))


MEASURED: dict[str, Callable[[], Measurements]] = {
    "ratings": ratings,
    "ratings missing": lambda: ratings(missing=0.15, seed=4),
    "ratings of a crossing": lambda: ratings(crossed=True, missing=0.1),
    "ratings of two cues": lambda: two_cues(ratings(missing=0.1, sets=6)),
    "ratings that do not move": lambda: ratings(moves=0.0),
    "ratings without placebo": lambda: without(ratings(), "placebo"),
    "ratings without none": lambda: without(ratings(), "none"),
    "ratings of none": lambda: without(without(ratings(), "profile"), "placebo"),
    "words": lambda: renamed(ratings(missing=0.1), "words", scale=12.0),
    "facts found": lambda: renamed(ratings(missing=0.1), "fact_found", scale=0.1),
    "shares": lambda: renamed(ratings(), "stated_share", scale=0.1),
    "alike": lambda: ratings(noise=0.0, gap=0.0, memory=0.0),
}


@pytest.mark.parametrize("name", MEASURED)
def test_what_is_found_of_stated_numbers_is_as_it_was_stated(name: str) -> None:
    whole = MEASURED[name]()
    assert_stated("numbers", name, number_findings(whole))


@pytest.mark.parametrize("every", [2, 3, 9])
def test_shifts_corrected_by_people_are_as_they_were_stated(every: int) -> None:
    part = judged(seed=2)
    people = rated(part, more={"advantaged": 0.5, "none": -0.4}, every=every)
    found = [corrected_by_people(one, judged=part, people=people) for one in shift_findings(part)]
    assert_stated("people", f"every {every}", found)


POLICIES: dict[str, Callable[[], Measurements]] = {
    "removed": lambda: tried(gap=0.8, under=0.0, scenes=6, sets=4, seed=5),
    "with missing answers": lambda: tried(gap=0.8, under=0.4, scenes=6, sets=4, missing=0.15, seed=6),
    "of a crossing": lambda: tried(gap=0.8, under=0.4, scenes=6, sets=4, crossed=True, seed=7),
    "of two cues": lambda: two_cues(tried(gap=0.5, scenes=6, sets=6, seed=8)),
    "of words": lambda: renamed(tried(gap=0.5, scenes=6, sets=4, seed=9), "words", scale=9.0),
}


@pytest.mark.parametrize("name", POLICIES)
def test_changes_of_numbers_under_a_policy_are_as_they_were_stated(name: str) -> None:
    whole = POLICIES[name]()
    bare = unmitigated(whole)
    found = number_changes(bare, mitigated(whole, policy="redact"), sensitivity=sensitivities(bare))
    assert_stated("number-changes", name, found)


def under_policy(respondent: Respondent, *, kind: str = "understanding") -> Scores:
    """A table with two policies; with `gate` the gap is gone, with `instruct` the answers are as they were."""
    whole = drawn(respondent, seed=21, items=6, sets=5, kind=kind)
    frames = [whole.frame]
    for policy, planted in (("gate", replace(respondent, gap=0.0)), ("instruct", respondent)):
        own = drawn(planted, seed=21, items=6, sets=5, kind=kind).frame.filter(pl.col("arm_kind") != "none")
        names = {"mitigation": pl.lit(policy), "cell_key": pl.col("cell_key").cast(pl.String) + policy}
        frames.append(
            own.with_columns(
                *(value.cast(own[name].dtype).alias(name) for name, value in names.items()),
                pl.lit(50 if policy == "gate" else 20).cast(own["input_tokens"].dtype).alias("input_tokens"),
            )
        )
    return replace(whole, frame=pl.concat(frames))


@pytest.mark.parametrize("kind", ["understanding", "management", "leakage"])
def test_changes_under_a_policy_are_as_they_were_stated(kind: str) -> None:
    right = [right_answers(seed) for seed in (1, 2)]
    leaky = [answered(one, leak=number == 0) for number, one in enumerate(right)]
    found = aspect_changes(sides([*NONE, *leaky[0]], leaky[1], kind=kind))
    assert_stated("policy-changes", kind, found)


def test_what_a_policy_changes_for_each_level_is_as_it_was_stated() -> None:
    whole = scores_of("crossed")
    own = redrawn("crossed").frame.filter(pl.col("arm_kind") != "none")
    names = {"mitigation": pl.lit("gate"), "cell_key": pl.col("cell_key").cast(pl.String) + "gate"}
    under = own.with_columns(*(value.cast(own[name].dtype).alias(name) for name, value in names.items()))
    found = analyse(replace(whole, frame=pl.concat([whole.frame, under])), published=False)
    assert_stated("policies", "levels", found.tried)


@pytest.mark.parametrize("name", ["plain", "lossy"])
def test_policies_and_their_words_are_as_they_were_stated(name: str) -> None:
    respondent = replace({"plain": PLAIN, "lossy": LOSSY}[name], gap=2.5, effects={})
    found = analyse(under_policy(respondent), published=False)
    assert_stated("policies", name, found.tried)


def test_policies_that_change_stated_numbers_are_as_they_were_stated() -> None:
    scored = with_values(
        under_policy(replace(PLAIN, gap=2.5)),
        pl.lit("m").alias("model"),
        pl.col("mitigation").replace("gate", "redact").alias("mitigation"),
    )
    rated = tried(gap=0.8, under=0.0, scenes=6, sets=4, seed=5)
    found = analyse(scored, measurements=rated, published=False).tried
    shifts = [one for one in found[1].changes if one.aspect in ("shift", "divergence")]
    assert shifts and all(one.before_verdict is not None for one in shifts)
    assert_stated("policies", "numbers", found)


def lost(scores: Scores, arm: str) -> Scores:
    """The table with every answer of some kind of arm refused."""
    gone = pl.col("arm_kind") == arm
    kept = [pl.when(~gone).then(name).alias(name) for name in ("score", "choice", "choice_tag")]
    return with_values(scores, pl.when(gone).then(pl.lit("refused")).otherwise("outcome").alias("outcome"), *kept)


COMPARED: dict[str, Callable[[], tuple[Scores, Scores]]] = {
    "crossed": lambda: (scores_of("crossed"), redrawn("crossed")),
    "pairs then crossing": lambda: (scores_of("pairs then crossing"), redrawn("pairs then crossing")),
    "crossing then pairs": lambda: (scores_of("crossing then pairs"), redrawn("crossing then pairs")),
    "one item": lambda: (scores_of("one item"), redrawn("one item")),
    "none lost": lambda: (scores_of("two units"), lost(scores_of("two units"), "none")),
    "profiles lost": lambda: (lost(scores_of("pairs then crossing"), "profile"), scores_of("pairs then crossing")),
}


def redrawn(name: str) -> Scores:
    """The same questions, every fourth of those that were answered now answered otherwise."""
    scores = scores_of(name)
    other = (pl.int_range(pl.len()) % 4 == 0) & pl.col("score").is_not_null()
    turned = pl.when(other).then(1 - pl.col("score")).otherwise("score")
    chosen = pl.when(other).then(pl.when(pl.col("score") == 1).then(pl.lit("b")).otherwise(pl.lit("a")))
    return with_values(scores, chosen.otherwise("choice").alias("choice"), turned.alias("score"))


@pytest.mark.parametrize("name", COMPARED)
def test_what_changed_between_two_tables_is_as_it_was_stated(name: str) -> None:
    found = compare(*COMPARED[name]())
    assert_stated("compared", name, replace(found, findings=found.findings[:24]))


@pytest.mark.parametrize("name", ["two units", "one set", "graded", "probabilities", "other settings", "alike"])
def test_verdicts_validity_and_warnings_are_as_they_were_stated(name: str) -> None:
    found = analyse(scores_of(name), published=False)
    judged_so = [
        (one.measure, one.role, one.verdict, one.p_adjusted, one.caution, None if one.tested is None else one.tested)
        for one in found.findings
    ]
    assert_stated("judged", name, [judged_so, found.validity, found.warnings])


def test_a_stated_record_that_moves_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENHAND_UPDATE_STATED", raising=False)
    whole = scores_of("two units")
    findings = partial(compare, whole)
    with pytest.raises(AssertionError, match=r"compared.*none lost.*\.findings"):
        assert_stated("compared", "none lost", findings(whole))
    assert msgspec.json.encode(findings(whole)) == msgspec.json.encode(findings(whole))
