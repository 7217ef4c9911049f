"""Stored facts that surface, and influence that does not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.leakage_findings import leakage_findings, leakage_table
from evenhand.analysis.respondents import Respondent, SimulatedDesign, simulated_scores
from evenhand.analysis.stratum import Stratum, strata
from evenhand.records.finding import Finding


def stratum(respondent: Respondent) -> Stratum:
    design = SimulatedDesign(items=20, sets=10, none_repeats=2)
    return strata(simulated_scores(respondent, design=design, rng=np.random.default_rng(0)))[0]


def named(part: Stratum) -> dict[str, Finding]:
    return {f"{found.measure}/{found.id.rsplit('/', 1)[-1]}": found for found in leakage_findings(part)}


def test_the_share_of_answers_that_mention_a_fact_is_recovered() -> None:
    part = stratum(Respondent(leak=0.3))
    found = named(part)
    assert found["leakage/answer.profile"].estimate == pytest.approx(0.3, abs=0.05)
    assert found["leakage/answer.placebo"].estimate == pytest.approx(part.arm("placebo")["leak"].mean())
    gap = found["leakage/answer.gap"]
    assert gap.low is not None and gap.high is not None
    assert gap.low < 0 < gap.high


def test_silent_influence_counts_changed_answers_whose_reasoning_names_nothing() -> None:
    quiet = stratum(Respondent(memory=-2.0, leak=0.0))
    found = named(quiet)["silent_influence/system"]
    flips = quiet.profiles()
    assert found.estimate is not None and found.estimate > 0.2
    assert "100% of changed answers" in found.notes[-1]
    loud = replace(
        quiet,
        rows=quiet.rows.with_columns(
            pl.when(pl.col("leak_reasoning").is_not_null()).then(True).alias("leak_reasoning")
        ),
    )
    assert flips.height > 0
    assert named(loud)["silent_influence/system"].estimate == 0.0


def test_without_reasoning_nothing_is_said_of_silence() -> None:
    part = stratum(Respondent(leak=0.2))
    bare = replace(part, rows=part.rows.with_columns(pl.lit(None, dtype=pl.Boolean).alias("leak_reasoning")))
    assert {name.split("/")[0] for name in named(bare)} == {"leakage"}


def test_a_table_in_which_nothing_was_looked_for_has_no_leakage() -> None:
    part = stratum(Respondent())
    nothing = [pl.lit(None, dtype=pl.Boolean).alias(name) for name in ("leak", "leak_reasoning")]
    bare = replace(part, rows=part.rows.with_columns(nothing))
    assert leakage_findings(bare) == []
    assert leakage_table([bare], model="simulated/model") is None


def test_the_table_counts_by_dimension() -> None:
    part = stratum(Respondent(leak=0.5))
    dimension = pl.when(pl.col("leak").fill_null(False)).then(pl.lit("assets")).cast(pl.Categorical)
    table = leakage_table([replace(part, rows=part.rows.with_columns(dimension.alias("leak_dimension")))], model="m")
    assert table is not None
    profiles = part.profiles()
    row = next(row for row in table.rows if row[2] == "profile")
    assert row[3] == "assets"
    assert row[4] == profiles["leak"].sum()
    assert row[5] == pytest.approx(profiles["leak"].mean())
