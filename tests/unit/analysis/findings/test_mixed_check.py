"""Mixed models as a cross-check of the primary findings."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings import mixed_check as mixed_check_module
from evenhand.analysis.findings.mixed_check import column_name, mixed_check
from evenhand.analysis.table.scores import level_column, scores_from_frame
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.contrast import LevelContrast
from evenhand.records.estimate import Absent, Shortfall
from evenhand.records.finding import Finding
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

GENDER = level_column("gender")


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 16, "sets": 10, "crossing": True, "placebos": 0, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def named(part: Stratum) -> dict[str, Finding]:
    """By level, written `factor.level`; the second scale of a level has its name added."""
    found: dict[str, Finding] = {}
    for one in mixed_check(part).findings:
        name = f"{one.contrast[0].factor}.{one.contrast[0].level}"
        found[f"{name}/{one.quantity.scale}" if name in found else name] = one
    return found


def test_planted_log_odds_are_recovered() -> None:
    # Without cell noise the planted shifts are the conditional log-odds that the model estimates.
    part = stratum(Respondent(gap=1.0, effects={"gender.female": -0.8}, cell_sd=0.0), items=30, sets=20, replicates=3)
    found = named(part)
    for name, true in (("position.advantaged", 1.0), ("gender.female", -0.8), ("age.65+", 0.0)):
        one = found[name]
        assert one.low is not None and one.high is not None
        assert one.low < true < one.high
        assert one.quantity.scale == "log-odds"
    assert found["gender.female/probability"].quantity.scale == "probability"


def test_the_probability_scale_agrees_with_the_primary_gap() -> None:
    part = stratum(Respondent(effects={"gender.female": -0.8}), items=30)
    means = dict(part.crossed().group_by(pl.col(GENDER).cast(pl.String)).agg(pl.col("score").mean()).iter_rows())
    one = named(part)["gender.female/probability"]
    assert one.value == pytest.approx(means["female"] - means["male"], abs=0.01)


def test_graded_scores_are_fitted_by_the_linear_model() -> None:
    part = stratum(Respondent(effects={"gender.female": -0.8}), kind="management")
    graded = part.rows.with_columns(pl.when(pl.col("score") == 0).then(0.25).otherwise("score").alias("score"))
    found = named(replace(part, rows=graded))
    assert {one.method for one in found.values()} == {"linear mixed model"}
    assert {one.quantity.scale for one in found.values()} == {"probability"}
    means = dict(
        graded.filter(pl.col(GENDER).is_not_null())
        .group_by(pl.col(GENDER).cast(pl.String))
        .agg(pl.col("score").mean())
        .iter_rows()
    )
    assert found["gender.female"].value == pytest.approx(means["female"] - means["male"], abs=1e-6)


def test_rows_without_a_slope_say_that_they_are_descriptive_and_have_no_verdict() -> None:
    found = named(stratum(Respondent(gap=0.5)))
    pairs, level = found["position.advantaged"], found["gender.female"]
    assert (pairs.role, level.role) == ("exploratory", "descriptive")
    assert [any("no slope for items" in note for note in one.notes) for one in (pairs, level)] == [False, True]


def test_a_model_of_few_pairs_shows_no_gap_to_be_small() -> None:
    """Sets and items that react may be absent from it as they may from the gap itself."""
    part = stratum(Respondent(), items=30, sets=12, kind="management")
    graded = part.rows.with_columns(pl.when(pl.col("score") == 0).then(0.25).otherwise("score").alias("score"))
    found = named(replace(part, rows=graded))["position.advantaged"]
    assert found.equivalence is not None
    assert found.equivalence.too_few == (
        Shortfall(of="user", here=12, needed=45),
        Shortfall(of="item", here=30, needed=76),
    )
    assert found.equivalence.p > 0.05


def test_answers_that_are_all_alike_are_said_to_have_no_log_odds() -> None:
    found = mixed_check(stratum(Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0))).findings
    assert [one.value for one in found] == [None, None]
    assert isinstance(found[0].number, Absent)
    assert "infinite" in found[0].number.reason


def test_covariates_enter_the_crossing_model() -> None:
    scores = simulated_scores(
        Respondent(), design=SimulatedDesign(items=10, sets=2, crossing=True), rng=np.random.default_rng(0)
    )
    plain = scores.frame.with_columns(pl.selectors.categorical().cast(pl.String))
    longer = plain.with_columns(pl.col("item").str.len_chars().cast(pl.Float64) + pl.int_range(pl.len()) % 7)
    longer = plain.with_columns((pl.int_range(pl.len()) % 7).cast(pl.Float64).alias("length"))
    adjusted = scores_from_frame(longer, settings=scores.settings, factors=scores.factors, covariates=("length",))
    part, bare = strata(adjusted)[0], strata(scores)[0]
    assert named(part)["gender.female"].value != named(bare)["gender.female"].value


def test_standard_deviations_have_an_interval_for_profiles() -> None:
    found = mixed_check(stratum(Respondent(profile_sd=0.5))).variances
    assert {(one.cohort, one.term) for one in found} >= {("pairs", "item"), ("pairs", "set"), ("crossing", "item")}
    (profile,) = (one for one in found if (one.cohort, one.term) == ("crossing", "profile"))
    assert profile.low is not None and profile.high is not None
    assert profile.low <= profile.sd <= profile.high
    assert all(one.low is one.high is None for one in found if one != profile)


def test_a_profile_sd_without_interval_says_why_in_the_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    part = stratum(Respondent(gap=1.0))
    sure = named(part)["gender.female"]
    assert not any("No interval of the profile SD" in note for note in sure.notes)
    monkeypatch.setattr(mixed_check_module, "_LARGEST_INTERVAL", 100)
    found = named(part)
    assert any(note.startswith("No interval of the profile SD: there are ") for note in found["gender.female"].notes)


def test_levels_and_factors_of_any_name_have_columns_of_their_own() -> None:
    pairs = [("a.b", "c"), ("a", "b.c"), ("high", "income"), ("high income", ""), ('"a", "b', "c")]
    assert len({column_name(LevelContrast(factor=factor, level=level)) for factor, level in pairs}) == len(pairs)


def test_log_odds_that_run_off_are_no_estimate() -> None:
    part = stratum(Respondent(item_sd=80.0, cell_sd=0.0, easiness=0.0), crossing=False)
    for found in mixed_check(part).findings:
        assert found.value is None
        assert isinstance(found.number, Absent) and "run off" in found.number.reason
