"""Memory against none, placebo against none, profile against placebo."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.memory_effect import memory_findings
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.finding import Finding
from evenhand.selftest.ceiling import memory_table, memory_test
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import number, the


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 24, "sets": 8, "placebos": 8, "none_repeats": 4, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def memory_effect(part: Stratum) -> Finding:
    return the(memory_findings(part), measure="memory_effect", arm="profile", baseline="none")


def test_profile_against_placebo_is_confirmatory_and_against_none_stands_beside_it() -> None:
    found = memory_findings(stratum(Respondent(memory=-1.5, cell_sd=0.3), replicates=4))
    memory = the(found, measure="memory_effect", baseline="none")
    against = the(found, measure="memory_effect", baseline="placebo")
    placebo = the(found, measure="placebo_effect", arm="placebo", baseline="none")
    assert [one.role for one in (memory, against, placebo)] == ["exploratory", "confirmatory", "exploratory"]
    assert memory.p is not None and against.p is not None and placebo.p is not None
    assert memory.value is not None and memory.value < -0.1 and memory.p < 0.001
    assert number(against) < -0.1 and against.p < 0.001
    assert placebo.p > 0.01


def test_profile_against_placebo_is_computed_against_the_placebo() -> None:
    # The longer prompt alone harms: profiles and placebos fall alike, so against none there is a fall and none here.
    part = stratum(Respondent(memory=-2.0, placebo=-2.0, cell_sd=0.2), items=40)
    found = memory_findings(part)
    against = the(found, measure="memory_effect", baseline="placebo")
    assert number(the(found, measure="memory_effect", baseline="none")) < -0.15
    means = [part.arm(kind)["score"].mean() for kind in ("profile", "placebo")]
    assert isinstance(means[0], float) and isinstance(means[1], float)
    assert number(against) == pytest.approx(means[0] - means[1])
    assert against.low is not None and against.high is not None and against.low < 0 < against.high


def test_placebo_texts_are_a_sample_that_may_differ_more_than_profiles_do() -> None:
    design = SimulatedDesign(items=24, sets=8, placebos=4, none_repeats=2)
    scores = simulated_scores(Respondent(cell_sd=0.2), design=design, rng=np.random.default_rng(3))
    arm = pl.col("arm").cast(pl.String)
    # Two placebo texts are answered right throughout and two wrong: their mean says little of another text.
    right, wrong = arm.is_in(["placebo/00", "placebo/01"]), arm.str.starts_with("placebo")
    fixed = pl.when(right).then(1.0).when(wrong).then(0.0).otherwise(pl.col("score"))
    (part,) = strata(replace(scores, frame=scores.frame.with_columns(fixed.alias("score"))))
    found = the(memory_findings(part), measure="memory_effect", baseline="placebo")
    assert found.spread is not None and found.spread.df is not None and found.spread.se is not None
    # The mean of four texts that are 0, 0, 1 and 1 has a standard error of 0.577 / 2 and 3 degrees of freedom.
    assert found.spread.se == pytest.approx(0.289, abs=0.01)
    assert found.spread.df == pytest.approx(3.0, abs=0.3)
    assert found.p is not None and found.p > 0.1


def test_near_the_ceiling_a_null_memory_is_not_called_harmful() -> None:
    """The no-memory arm is asked once at 97%: it is right on nearly every item, and its own variance does not show."""
    rng = np.random.default_rng(5)
    found = [memory_test(memory_table(0.97, shape=(111, 33, 1), rng=rng)) for _ in range(120)]
    harmful = sum(one.p < 0.05 and one.estimate < 0 for one in found)
    # 2.5% of 120 are 3; the quasi-F test alone calls about 35 of them harmful.
    assert harmful <= 8
    assert all((one.p < 0.05) == (not one.low <= 0 <= one.high) for one in found)


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
