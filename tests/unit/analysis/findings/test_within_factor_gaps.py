"""Factors that change within users: the same user, the same item, another level."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.findings.within_factor_gaps import within_factor_findings
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.estimate import Absent
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

TONE = level_column("tone")


def stratum(*levels: str, references: dict[str, str] | None = None) -> Stratum:
    """Users that are asked every item once at each level."""
    design = SimulatedDesign(items=14, sets=8, replicates=len(levels))
    (part,) = strata(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(4)))
    tone = pl.col("replicate").replace_strict(dict(enumerate(levels)), default=None, return_dtype=pl.String)
    settings = replace(part.settings, references=references or {})
    return replace(part, rows=part.rows.with_columns(tone.alias(TONE)), within_factors=("tone",), settings=settings)


def test_a_level_is_compared_with_the_reference_on_the_same_user_and_item() -> None:
    part = stratum("plain", "warm", "warm")
    moved = part.rows.with_columns(
        pl.when((pl.col(TONE) == "plain") & (pl.col("item").cast(pl.String) < "item-004"))
        .then(pl.when(pl.col("value").is_not_null()).then(0.0))
        .otherwise(pl.col("value"))
        .alias("value")
    )
    part = replace(part, rows=moved)
    (found,) = within_factor_findings(part)
    # The most frequent level is the reference where the plan names none.
    assert (found.contrast[0].level, found.contrast[0].reference, found.contrast[0].of) == ("plain", "warm", "answer")
    wide = (
        part.profiles()
        .group_by(pl.col("arm").cast(pl.String), pl.col("item").cast(pl.String), TONE)
        .agg(pl.col("value").mean())
        .pivot(TONE, index=["arm", "item"], values="value")
        .sort("arm", "item")
    )
    differences = (wide["plain"] - wide["warm"]).to_numpy().reshape(16, 14)
    by_hand = paired_gap(differences)
    assert found.value == pytest.approx(by_hand.estimate)
    assert found.value is not None and found.value < -0.1
    assert found.spread is not None and found.spread.se == pytest.approx(by_hand.se)
    assert (found.sample.trials, found.sample.items, found.sample.profiles) == (16 * 14 * 3, 14, 16)


def test_the_reference_of_the_plan_is_kept_and_every_other_level_has_its_gap() -> None:
    found = within_factor_findings(stratum("plain", "warm", "cold", references={"tone": "plain"}))
    assert [(one.contrast[0].level, one.contrast[0].reference) for one in found] == [
        ("cold", "plain"),
        ("warm", "plain"),
    ]
    assert {one.measure for one in found} == {"factor_gap"}


def test_answers_without_a_level_are_left_out_and_one_level_alone_is_no_contrast() -> None:
    part = stratum("plain", "warm")
    holed = part.rows.with_columns(
        pl.when(pl.col("item").cast(pl.String) == "item-000").then(None).otherwise(TONE).alias(TONE)
    )
    (found,) = within_factor_findings(replace(part, rows=holed))
    assert found.sample.items == 13
    assert within_factor_findings(stratum("plain", "plain")) == []


def test_users_that_met_an_item_at_one_level_only_cannot_be_compared() -> None:
    part = stratum("plain", "warm")
    number = pl.col("item").cast(pl.String).str.slice(-1).cast(pl.Int64) % 2
    halves = part.rows.filter((number == 0) == (pl.col(TONE) == "plain"))
    (found,) = within_factor_findings(replace(part, rows=halves))
    assert isinstance(found.number, Absent)
    assert "No user answered an item both at 'warm' and at 'plain'" in found.number.reason or (
        "No user answered an item both at 'plain' and at 'warm'" in found.number.reason
    )
    assert found.sample.trials == 0
