"""Stored facts that surface, and influence that does not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.leakage_findings import fact_mentions, leakage_findings
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import all_of, the


def stratum(respondent: Respondent) -> Stratum:
    design = SimulatedDesign(items=20, sets=10, none_repeats=2)
    return strata(simulated_scores(respondent, design=design, rng=np.random.default_rng(0)))[0]


def test_the_share_of_answers_that_mention_a_fact_is_recovered() -> None:
    part = stratum(Respondent(leak=0.3))
    found = all_of(leakage_findings(part), quantity="mention_answer")
    assert the(found, arm="profile").value == pytest.approx(0.3, abs=0.05)
    assert the(found, arm="placebo").value == pytest.approx(part.arm("placebo")["leak"].mean())
    gap = the(found, level="advantaged")
    assert gap.low is not None and gap.high is not None
    assert gap.low < 0 < gap.high


def test_silent_influence_counts_changed_answers_whose_reasoning_names_nothing() -> None:
    quiet = stratum(Respondent(memory=-2.0, leak=0.0))
    found = the(leakage_findings(quiet), measure="silent_influence")
    flips = quiet.profiles()
    assert found.value is not None and found.value > 0.2
    assert "100% of changed answers" in found.notes[-1]
    loud = replace(
        quiet,
        rows=quiet.rows.with_columns(
            pl.when(pl.col("leak_reasoning").is_not_null()).then(True).alias("leak_reasoning")
        ),
    )
    assert flips.height > 0
    assert the(leakage_findings(loud), measure="silent_influence").value == 0.0


def test_without_reasoning_nothing_is_said_of_silence() -> None:
    part = stratum(Respondent(leak=0.2))
    bare = replace(part, rows=part.rows.with_columns(pl.lit(None, dtype=pl.Boolean).alias("leak_reasoning")))
    assert {found.measure for found in leakage_findings(bare)} == {"leakage"}


def test_a_table_in_which_nothing_was_looked_for_has_no_leakage() -> None:
    part = stratum(Respondent())
    nothing = [pl.lit(None, dtype=pl.Boolean).alias(name) for name in ("leak", "leak_reasoning")]
    bare = replace(part, rows=part.rows.with_columns(nothing))
    assert leakage_findings(bare) == []
    assert fact_mentions(bare) == []


def test_mentions_are_counted_by_dimension() -> None:
    part = stratum(Respondent(leak=0.5))
    dimension = pl.when(pl.col("leak").fill_null(False)).then(pl.lit("assets")).cast(pl.Categorical)
    coded = replace(part, rows=part.rows.with_columns(dimension.alias("leak_dimension")))
    profiles = part.profiles()
    (one,) = (mention for mention in fact_mentions(coded) if mention.arm_kind == "profile")
    assert (one.model, one.kind, one.where, one.dimension) == (part.model, part.kind, part.where, "assets")
    assert one.count == profiles["leak"].sum()
    assert one.share == pytest.approx(profiles["leak"].mean())
