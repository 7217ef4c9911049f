"""Memory against none, placebo against none, profile against placebo."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evenhand.analysis.findings.memory_effect import memory_findings
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.finding import Finding
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import number, the


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 24, "sets": 8, "placebos": 8, "none_repeats": 4, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def memory_effect(part: Stratum) -> Finding:
    return the(memory_findings(part), measure="memory_effect", arm="profile", baseline="none")


def test_a_planted_memory_effect_is_told_from_a_placebo_effect() -> None:
    found = memory_findings(stratum(Respondent(memory=-1.5, cell_sd=0.3), replicates=4))
    memory = the(found, measure="memory_effect", baseline="none")
    against = the(found, measure="memory_effect", baseline="placebo")
    placebo = the(found, measure="placebo_effect", arm="placebo", baseline="none")
    assert [one.role for one in (memory, against, placebo)] == ["confirmatory", "exploratory", "exploratory"]
    assert memory.p is not None and against.p is not None and placebo.p is not None
    assert memory.value is not None and memory.value < -0.1 and memory.p < 0.001
    assert number(against) < -0.1 and against.p < 0.001
    assert placebo.p > 0.01


def test_the_effect_is_the_mean_within_items() -> None:
    part = stratum(Respondent(memory=0.5))
    profiles = part.profiles().group_by("unit", "item").agg(pl.col("score").mean())["score"].mean()
    none = part.arm("none").group_by("item").agg(pl.col("score").mean())["score"].mean()
    assert isinstance(profiles, float) and isinstance(none, float)
    assert memory_effect(part).value == pytest.approx(profiles - none)


def test_missing_no_memory_answers_widen_the_bounds() -> None:
    found = memory_effect(stratum(Respondent(missing={"none": 0.2})))
    assert found.bounds is not None and found.bounds.missing > 0
    assert found.bounds.low < number(found) < found.bounds.high


def test_without_a_no_memory_arm_there_is_no_memory_effect() -> None:
    assert [found.measure for found in memory_findings(stratum(Respondent(), none_repeats=0))] == ["memory_effect"]
