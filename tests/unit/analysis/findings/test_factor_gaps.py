"""Levels against their reference, and interactions, within the crossing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.factor_gaps import factor_findings, interaction_findings
from evenhand.analysis.findings.intersections import intersections
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import number, se_of

GENDER = level_column("gender")


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 12, "sets": 2, "placebos": 0, "crossing": True, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def named(findings: list[Finding]) -> dict[str, Finding]:
    """By levels, written `factor.level`, two of them joined by `*`."""
    return {"*".join(f"{one.factor}.{one.level}" for one in found.contrast): found for found in findings}


def test_every_level_is_compared_with_its_reference() -> None:
    found = named(factor_findings(stratum(Respondent())))
    assert len(found) == 8
    assert found["gender.female"].contrast[0].reference == "male"
    assert found["religion.Muslim"].contrast[0].reference == "Christian"


def test_in_a_complete_crossing_the_gap_is_the_difference_of_means() -> None:
    part = stratum(Respondent(effects={"gender.female": -0.5}))
    means = dict(part.crossed().group_by(pl.col(GENDER).cast(pl.String)).agg(pl.col("score").mean()).iter_rows())
    found = named(factor_findings(part))["gender.female"]
    assert found.value == pytest.approx(means["female"] - means["male"])


def test_a_planted_effect_is_found_on_its_level_only() -> None:
    part = stratum(Respondent(effects={"ethnicity.Asian": -1.0}, cell_sd=0.3), items=24)
    found = named(factor_findings(part))
    assert found["ethnicity.Asian"].p is not None and found["ethnicity.Asian"].p < 1e-4
    others = [one.p for name, one in found.items() if name != "ethnicity.Asian" and one.p is not None]
    assert len(others) == 7 and min(others) > 0.001


def test_a_planted_interaction_is_found() -> None:
    part = stratum(Respondent(effects={"gender.female*religion.Muslim": -2.0}, cell_sd=0.3), items=24)
    found = named(interaction_findings(part))
    assert len(found) == 24
    one = found["gender.female*religion.Muslim"]
    assert one.value is not None and one.value < -0.15
    assert one.p is not None and one.p < 0.001


def test_bounds_hold_for_missing_answers_of_a_level() -> None:
    part = stratum(Respondent(missing={"crossing": 0.1}))
    for found in factor_findings(part):
        assert found.bounds is not None
        assert found.bounds.low < number(found) < found.bounds.high


def test_without_a_stated_reference_the_most_frequent_level_serves() -> None:
    part = stratum(Respondent())
    bare = replace(
        part,
        settings=AnalysisSettings(),
        rows=part.rows.filter((pl.col(GENDER) != "male").fill_null(True)),
    )
    assert {found.contrast[0].reference for found in factor_findings(bare) if found.contrast[0].factor == "gender"} == {
        "female"
    }


def test_the_false_alarm_rate_is_nominal() -> None:
    hits = total = 0
    for seed in range(40):
        part = stratum(Respondent(profile_sd=0.3, item_slope_sd=0.3), seed=seed, none_repeats=0)
        for found in factor_findings(part):
            total += 1
            hits += found.p is not None and found.p < 0.05
    # 320 tests, correlated by pairs: mean 16.
    assert total == 320
    assert hits <= 32


def test_a_crossing_of_too_few_answers_has_reasons_in_place_of_numbers() -> None:
    absent = 0
    for seed in range(12):
        part = stratum(Respondent(missing={"crossing": 0.9}), seed=seed, items=2)
        for found in (*factor_findings(part), *interaction_findings(part)):
            absent += found.value is None
            assert (found.value is None) == (se_of(found) is None)
            assert found.value is not None or (isinstance(found.number, Absent) and found.number.reason)
    assert absent > 0


def test_a_cue_style_without_a_crossing_does_not_hide_the_next_one() -> None:
    part = stratum(Respondent())
    crossed = pl.col("arm_kind").cast(pl.String).eq("profile") & pl.col(level_column("position")).is_null()
    cue = pl.when(crossed).then(pl.lit("implied")).otherwise(pl.col("cue").cast(pl.String))
    both = replace(part, rows=part.rows.with_columns(cue.cast(part.rows.schema["cue"]).alias("cue")))
    assert both.cues == ("stated", "implied")
    assert both.crossed("stated").height == 0 and both.paired("implied").height == 0
    found = factor_findings(both)
    assert len(found) == 8 and {one.where.cue for one in found} == {"implied"}
    plain = named(factor_findings(part))
    assert {name: one.value for name, one in named(found).items()} == {name: one.value for name, one in plain.items()}
    assert len(interaction_findings(both)) == 24
    apart = intersections(both)
    assert apart.findings and {one.where.cue for one in apart.findings} == {"implied"}
    assert len(apart.cells) == 81
