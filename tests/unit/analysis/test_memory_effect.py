"""Memory against none, placebo against none, profile against placebo."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evenhand.analysis.memory_effect import memory_findings
from evenhand.analysis.respondents import Respondent, SimulatedDesign, simulated_scores
from evenhand.analysis.stratum import Stratum, strata
from evenhand.records.finding import Finding


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 24, "sets": 8, "placebos": 8, "none_repeats": 4, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def by_id(part: Stratum) -> dict[str, Finding]:
    return {found.id.split("/", 1)[0] + "/" + found.id.rsplit("/", 1)[-1]: found for found in memory_findings(part)}


def test_a_planted_memory_effect_is_told_from_a_placebo_effect() -> None:
    found = by_id(stratum(Respondent(memory=-1.5, cell_sd=0.3), replicates=4))
    memory, against, placebo = (
        found["memory_effect/system"],
        found["memory_effect/against-placebo"],
        found["placebo_effect/system"],
    )
    assert memory.p is not None and against.p is not None and placebo.p is not None
    assert memory.estimate is not None and memory.estimate < -0.1 and memory.p < 0.001
    assert against.estimate is not None and against.estimate < -0.1 and against.p < 0.001
    assert placebo.p > 0.01


def test_the_effect_is_the_mean_within_items() -> None:
    part = stratum(Respondent(memory=0.5))
    profiles = part.profiles().group_by("unit", "item").agg(pl.col("score").mean())["score"].mean()
    none = part.arm("none").group_by("item").agg(pl.col("score").mean())["score"].mean()
    assert isinstance(profiles, float) and isinstance(none, float)
    assert by_id(part)["memory_effect/system"].estimate == pytest.approx(profiles - none)


def test_missing_no_memory_answers_widen_the_bounds() -> None:
    found = by_id(stratum(Respondent(missing={"none": 0.2})))["memory_effect/system"]
    assert found.bound_low is not None and found.bound_high is not None and found.estimate is not None
    assert found.bound_low < found.estimate < found.bound_high


def test_without_a_no_memory_arm_there_is_no_memory_effect() -> None:
    assert [found.measure for found in memory_findings(stratum(Respondent(), none_repeats=0))] == ["memory_effect"]
