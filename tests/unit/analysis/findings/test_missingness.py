"""Missing answers as an outcome."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.findings.memory_effect import NOTHING_SHARED
from evenhand.analysis.findings.missingness import missing_findings, outcome_counts
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.estimate import Absent
from evenhand.records.measure import QuantityName
from evenhand.records.trial import OUTCOMES
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import all_of, the


def stratum(respondent: Respondent, seed: int = 0) -> Stratum:
    design = SimulatedDesign(items=20, sets=10)
    return strata(simulated_scores(respondent, design=design, rng=np.random.default_rng(seed)))[0]


def test_nothing_missing_is_a_rate_of_zero_with_an_exact_upper_end_and_no_gap() -> None:
    found = missing_findings(stratum(Respondent()))
    assert {one.measure for one in found} == {"missing_rate"}
    # Ten matched sets and none of them with a missing answer: 1 - 0.05^(1/10).
    profile = the(found, arm="profile")
    assert profile.value == 0.0
    assert profile.high == pytest.approx(1 - 0.05**0.1)


def test_refusals_that_depend_on_the_user_are_found() -> None:
    found = all_of(missing_findings(stratum(Respondent(missing={"disadvantaged": 0.3}))), measure="missing_gap")
    assert not any(one.quantity.name == "unparsed" for one in found)
    quantities: tuple[QuantityName, ...] = ("missing", "refused")
    for quantity in quantities:
        one = the(found, quantity=quantity, arm="pairs", level="advantaged")
        assert one.contrast[0].reference == "disadvantaged"
        assert one.value is not None and -0.4 < one.value < -0.2
        assert one.p is not None and one.p < 1e-4
    assert the(found, quantity="missing", arm="profile", baseline="none").value == pytest.approx(0.15, abs=0.04)


def test_refusals_that_do_not_depend_on_the_user_are_no_gap() -> None:
    everywhere = dict.fromkeys(("advantaged", "disadvantaged", "none", "placebo"), 0.2)
    found = missing_findings(stratum(Respondent(missing=everywhere)))
    p = the(found, measure="missing_gap", quantity="missing", arm="pairs").p
    assert p is not None and p > 0.01


def test_every_trial_is_counted_once() -> None:
    part = stratum(Respondent(missing={"none": 0.5}))
    counts = {one.contrast[0].level if one.contrast else one.arms.arm: one for one in outcome_counts(part)}
    assert counts["none"].trials == 40
    assert counts["profile"].trials == counts["advantaged"].trials + counts["disadvantaged"].trials == 400
    none = counts["none"].outcomes
    assert list(none) == list(OUTCOMES)
    assert none["answered"] + none["refused"] == 40
    assert counts["none"].missing == pytest.approx(none["refused"] / 40)


def test_answers_that_cannot_be_read_are_compared_between_arms_and_put_a_caution_on_the_gap() -> None:
    scores = simulated_scores(
        Respondent(missing={"disadvantaged": 0.3}),
        design=SimulatedDesign(items=20, sets=10),
        rng=np.random.default_rng(0),
    )
    outcome = pl.col("outcome").cast(pl.String)
    unread = pl.when(outcome == "refused").then(pl.lit("unparsed")).otherwise(outcome)
    scores = replace(
        scores, frame=scores.frame.with_columns(unread.cast(scores.frame["outcome"].dtype).alias("outcome"))
    )
    found = all_of(missing_findings(strata(scores)[0]), measure="missing_gap")
    unparsed = the(found, quantity="unparsed", arm="pairs", level="advantaged")
    assert unparsed.value == the(found, quantity="missing", arm="pairs", level="advantaged").value
    findings = analyse(scores)
    gap = next(one for one in findings.findings if one.measure == "gap" and one.role == "confirmatory")
    assert gap.caution is not None and gap.bounds is not None
    assert gap.caution.differs
    assert gap.bounds.first == 0.0
    assert gap.bounds.second == pytest.approx(0.3, abs=0.06)
    assert findings.warnings[0].startswith(f"{gap.model}: missing answers could have made or hidden")


def test_without_one_of_two_arms_there_is_no_gap_between_them() -> None:
    part = stratum(Respondent(missing=dict.fromkeys(("advantaged", "disadvantaged", "none"), 0.2)))
    kind = pl.col("arm_kind").cast(pl.String)

    def gaps(lacking: str) -> set[tuple[str, str | None]]:
        found = missing_findings(replace(part, rows=part.rows.filter(kind != lacking)))
        return {(one.arms.arm, one.arms.baseline) for one in all_of(found, measure="missing_gap")}

    assert gaps("placebo") == {("pairs", None), ("profile", "none")}
    assert gaps("none") == {("pairs", None)}
    assert gaps("profile") == set()


def test_profiles_and_none_that_were_asked_other_items_have_no_gap_and_say_why() -> None:
    part = stratum(Respondent(missing={"disadvantaged": 0.3}))
    early = pl.col("item").cast(pl.String) < "item-010"
    apart = replace(part, rows=part.rows.filter((pl.col("arm_kind") == "none") == early))
    found = the(missing_findings(apart), measure="missing_gap", quantity="missing", baseline="none")
    assert isinstance(found.number, Absent) and found.number.reason == NOTHING_SHARED
