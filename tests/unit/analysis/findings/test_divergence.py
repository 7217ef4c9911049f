"""How far whole answers diverge, as findings: what is compared with what, and what is said where nothing can be."""

from __future__ import annotations

import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.divergence import divergence_findings
from evenhand.analysis.table.measurements import Measurements, whole_answers
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from tests.unit.analysis.findings.test_shifts import table


def found(measurements: Measurements, *rows: pl.Expr) -> dict[tuple[str, str | None], Finding]:
    """Every divergence of the ratings, by its arms; only some rows where said."""
    whole = list(whole_answers(replace(measurements, frame=measurements.frame.filter(*rows))))
    ((stratum, quantity),) = [one for one in whole if one[1] == "rating"]
    findings = divergence_findings(stratum, quantity=quantity)
    return {(one.arms.arm, one.arms.baseline): one for one in findings}


def reason(finding: Finding) -> str:
    assert isinstance(finding.number, Absent)
    return finding.number.reason


KIND, SIDE = pl.col("arm_kind").cast(pl.String), pl.col("arm").cast(pl.String)


def test_every_arm_is_compared_with_none_and_the_versions_with_each_other() -> None:
    every = found(table())
    assert set(every) == {("pairs", None), ("profile", "none"), ("placebo", "none")}
    for one in every.values():
        assert one.measure == "divergence" and one.quantity == Quantity(name="rating", scale="squared")
        assert "squared" in one.method
        assert one.notes[0].startswith("Mean squared distance that noise alone gives: ")
        assert one.p is not None and one.sample.items == 60
    assert every["pairs", None].sample.profiles == 6
    assert every["pairs", None].sample.trials == every["profile", "none"].sample.trials - 120
    assert every["placebo", "none"].sample.trials == 60 * 3
    (contrast,) = every["pairs", None].contrast
    assert (contrast.factor, contrast.level, contrast.reference) == ("position", "advantaged", "disadvantaged")


def test_an_arm_that_was_not_asked_is_not_compared() -> None:
    assert set(found(table(), KIND != "none")) == {("pairs", None)}
    assert set(found(table(), KIND != "placebo")) == {("pairs", None), ("profile", "none")}
    assert set(found(table(), KIND != "profile")) == {("placebo", "none")}


def test_without_a_repeat_of_none_there_is_no_noise_floor_and_the_finding_says_so() -> None:
    once = found(table(), (KIND != "none") | (pl.col("replicate") == 0))
    for key in (("profile", "none"), ("placebo", "none")):
        assert "no noise floor" in reason(once[key])
        assert once[key].quantity.scale == "squared"
    assert once["pairs", None].p is not None


def test_versions_that_share_no_set_are_not_compared() -> None:
    one_side = found(table(), ~SIDE.str.starts_with("advantaged"))
    lone = one_side["pairs", None]
    assert "matched sets share a number" in reason(lone)
    assert (lone.sample.trials, lone.sample.items, lone.sample.profiles) == (0, 0, 0)
    single = found(table(), (KIND != "profile") | SIDE.str.ends_with("-0"))["pairs", None]
    assert "matched sets share a number" in reason(single)
    assert single.sample.profiles == 1 and single.sample.trials > 0


def test_an_answer_with_a_number_missing_is_no_answer() -> None:
    whole, holed = found(table()), found(table(missing=0.2))
    assert holed["profile", "none"].sample.trials < 0.9 * whole["profile", "none"].sample.trials
    assert holed["profile", "none"].value == pytest.approx(whole["profile", "none"].value, abs=0.15)
