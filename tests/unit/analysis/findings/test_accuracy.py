"""Mean scores by arm."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.accuracy import accuracy_findings, arm_groups
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 12, "sets": 6, "crossing": True, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def name_of(arms: ArmContrast, contrast: tuple[LevelContrast, ...]) -> str:
    return contrast[0].level if contrast else arms.arm


def named(part: Stratum) -> dict[str, Finding]:
    return {name_of(found.arms, found.contrast): found for found in accuracy_findings(part)}


def test_every_group_of_arms_has_its_mean() -> None:
    part = stratum(Respondent())
    found = named(part)
    assert list(found) == ["none", "placebo", "profile", "advantaged", "disadvantaged", "crossing"]
    of = [one.arms.arm for one in found.values()]
    assert of == ["none", "placebo", "profile", "pairs", "pairs", "crossing"]
    assert [one.where.cue for one in found.values()] == [None, None, *["stated"] * 4]
    for group in arm_groups(part):
        # Users and items count alike: both versions of a persona are one user.
        name = name_of(group.arms, group.contrast)
        cells = group.rows.group_by("unit", "item").agg(pl.col("score").mean())
        assert found[name].value == pytest.approx(cells["score"].mean())
        assert found[name].p is None


def test_the_interval_of_the_no_memory_arm_is_that_of_item_means() -> None:
    part = stratum(Respondent(), none_repeats=3, sets=2, crossing=False)
    items = part.arm("none").group_by("item").agg(pl.col("score").mean())["score"].to_numpy()
    assert items.size == 12
    found = named(part)["none"]
    assert found.spread is not None
    assert found.spread.se == pytest.approx(items.std(ddof=1) / np.sqrt(12))
    assert found.spread.df == pytest.approx(11)


def test_intervals_stay_within_zero_and_one() -> None:
    for easiness in (6.0, -6.0):
        for found in accuracy_findings(stratum(Respondent(easiness=easiness), items=4, sets=3)):
            assert found.low is not None and found.high is not None
            assert 0 <= found.low <= found.high <= 1


def test_an_arm_without_answers_says_so() -> None:
    found = named(stratum(Respondent(missing={"placebo": 1.0})))["placebo"]
    assert found.value is None
    assert isinstance(found.number, Absent)
    assert "No trial" in found.number.reason


def test_answers_with_an_item_s_own_fact_are_a_group_of_their_own() -> None:
    part = stratum(Respondent(), crossing=False)
    own = part.rows.with_columns(pl.col("arm_kind").cast(pl.String).replace("placebo", "item_fact").alias("arm_kind"))
    found = named(replace(part, rows=own))
    assert list(found) == ["none", "item_fact", "profile", "advantaged", "disadvantaged"]
    assert found["item_fact"].value == pytest.approx(named(part)["placebo"].value)
