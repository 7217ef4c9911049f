"""The gap by dose: a planted slope is found, a gap that is the same at every dose is none, one dose has no trend."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.findings.dose_trend import dose_findings
from evenhand.analysis.findings.memory_effect import NOTHING_SHARED
from evenhand.analysis.table.scores import Scores, level_column
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.contrast import LevelContrast
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.records.profile import Dose
from evenhand.report.html import render_html
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

PLAIN = Respondent(item_sd=0.0, cell_sd=0.0, easiness=0.0)


def scores(gaps: Mapping[Dose, float], *, seed: int = 0, respondent: Respondent = PLAIN, **design: int) -> Scores:
    """A table of one cohort per dose, each with its own gap in log-odds, on the same items."""
    sized = SimulatedDesign(**{"items": 40, "sets": 20, "placebos": 0, **design})  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    tables = {dose: simulated_scores(replace(respondent, gap=gap), design=sized, rng=rng) for dose, gap in gaps.items()}
    frames = [
        table.frame.filter(pl.col("arm_kind") == "profile").with_columns(
            pl.lit(f"doses-{dose}").alias("cohort"),
            pl.concat_str(pl.lit(f"doses-{dose}/"), pl.col("arm").cast(pl.String)).alias("arm"),
            pl.col("item").cast(pl.String),
            pl.col("matched_set").cast(pl.String),
        )
        for dose, table in tables.items()
    ]
    first = next(iter(tables.values()))
    types = {name: first.frame.schema[name] for name in ("cohort", "arm", "item", "matched_set")}
    frame = pl.concat(frames, how="vertical_relaxed").cast(types)  # type: ignore[arg-type]
    doses = {f"doses-{dose}": dose for dose in gaps}
    return replace(first, frame=frame, settings=replace(first.settings, doses=doses))


def stratum(gaps: Mapping[Dose, float], **more: int) -> Stratum:
    return strata(scores(gaps, **more))[0]  # type: ignore[arg-type]  # sizes of the design


def trend(gaps: Mapping[Dose, float], **more: int) -> Finding:
    (found,) = dose_findings(stratum(gaps, **more))
    return found


def points(gap: float) -> float:
    """A gap in log-odds around one half, as a difference of proportions."""
    return float(1 / (1 + np.exp(-gap / 2)) - 1 / (1 + np.exp(gap / 2)))


def test_a_planted_slope_is_found_and_its_interval_holds_it() -> None:
    gaps: dict[Dose, float] = {"mild": 0.2, "medium": 0.6, "strong": 1.0}
    found = trend(gaps, replicates=3)
    true = (points(1.0) - points(0.2)) / 2
    assert found.low is not None and found.high is not None and found.p is not None
    assert found.low < true < found.high and found.p <= 0.001
    assert (found.measure, found.role, found.arms.arm) == ("dose_trend", "exploratory", "pairs")
    assert "mild" in found.notes[0] and "medium" in found.notes[0] and "strong" in found.notes[0]


def test_two_doses_are_read_per_step() -> None:
    near = trend({"mild": 0.2, "medium": 1.0})
    far = trend({"mild": 0.2, "strong": 1.0})
    assert near.value is not None and far.value is not None
    assert near.value == pytest.approx(2 * far.value)


def test_the_estimate_is_the_difference_of_mean_gaps_over_the_steps() -> None:
    part = stratum({"mild": 0.0, "medium": 3.0, "strong": 0.8})
    side, value = pl.col(level_column("position")).cast(pl.String), pl.col("value").cast(pl.Float64)
    gaps = {
        dose: part.rows.filter(pl.col("cohort").cast(pl.String) == f"doses-{dose}")
        .select(value.filter(side == "advantaged").mean() - value.filter(side == "disadvantaged").mean())
        .item()
        for dose in ("mild", "strong")
    }
    (found,) = dose_findings(part)
    assert found.value == pytest.approx((gaps["strong"] - gaps["mild"]) / 2)


@pytest.mark.parametrize("gaps", [{"strong": 1.0}, {}])
def test_one_dose_has_no_trend(gaps: dict[Dose, float]) -> None:
    part = stratum(gaps or {"mild": 1.0})
    if not gaps:
        part = replace(part, settings=replace(part.settings, doses={}))
    assert dose_findings(part) == []


def test_a_gap_that_is_the_same_at_every_dose_is_rarely_called_a_trend() -> None:
    small = {"items": 16, "sets": 8}
    noisy = Respondent(item_sd=1.0, cell_sd=0.3, easiness=1.0)
    tables = (
        scores({"mild": 0.6, "medium": 0.6, "strong": 0.6}, seed=seed, respondent=noisy, **small) for seed in range(120)
    )
    p = np.array([found.p for table in tables for found in dose_findings(strata(table)[0])], dtype=np.float64)
    assert len(p) == 120
    assert (p < 0.05).mean() <= 0.09


def test_the_whole_analysis_has_it_and_the_page_shows_it() -> None:
    findings = analyse(scores({"mild": 0.1, "strong": 2.0}))
    (found,) = (one for one in findings.findings if one.measure == "dose_trend")
    assert found.verdict == "difference"
    page = render_html(findings)
    assert "How the gap grows with the dose of the facts" in page


def test_a_plan_states_the_doses_of_its_cohorts() -> None:
    request = PlanRequest(models=("simulated/null",), cohorts=("doses-mild", "doses-strong"), banks=("management",))
    assert make_plan(request).analysis.doses == {"doses-mild": "mild", "doses-strong": "strong"}
    assert make_plan(PlanRequest(models=("simulated/null",), banks=("management",))).analysis.doses == {}


def test_doses_that_only_one_of_was_answered_have_no_trend() -> None:
    part = stratum({"mild": 0.2, "strong": 1.0}, items=6, sets=4)
    mild = pl.col("cohort").cast(pl.String) == "doses-mild"
    lost = pl.when(mild).then(None).otherwise(pl.col("value")).alias("value")
    assert dose_findings(replace(part, rows=part.rows.with_columns(lost))) == []
    assert len(dose_findings(part)) == 1


def test_doses_that_share_no_item_have_a_trend_without_a_number_and_the_reason() -> None:
    part = stratum({"mild": 0.2, "strong": 1.0}, items=6, sets=4)
    mild = pl.col("cohort").cast(pl.String) == "doses-mild"
    early = pl.col("item").cast(pl.String).is_in(["item-000", "item-001", "item-002"])
    (found,) = dose_findings(replace(part, rows=part.rows.filter(mild == early)))
    assert isinstance(found.number, Absent)
    assert found.number.reason == NOTHING_SHARED
    assert (found.measure, found.where.cue, found.sample.items) == ("dose_trend", "stated", 3)


def test_a_trend_says_the_mean_difference_at_each_dose_in_points() -> None:
    part = stratum({"mild": 0.0, "strong": 2.0}, items=8, sets=5)
    side = pl.col(level_column("position")).cast(pl.String)
    cohort = pl.col("cohort").cast(pl.String)
    points_of = {
        dose: 100
        * part.rows.filter(cohort == f"doses-{dose}")
        .select(
            pl.col("value").filter(side == "advantaged").mean() - pl.col("value").filter(side != "advantaged").mean()
        )
        .item()
        for dose in ("mild", "strong")
    }
    (found,) = dose_findings(part)
    said = f"mild {points_of['mild']:+.1f}, strong {points_of['strong']:+.1f}"
    assert found.notes[0] == f"Mean difference by dose, in points: {said}."
    assert found.contrast[0] == LevelContrast(factor="position", level="advantaged", reference="disadvantaged")
    assert found.method == (
        "two samples of pair differences within items, crossed random effects (quasi-F, Satterthwaite), and exchange"
    )
