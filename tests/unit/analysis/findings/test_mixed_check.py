"""Mixed models as a cross-check of the primary findings."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, BinomialFit, fit_binomial
from evenhand.analysis.estimators.marginal import marginal_effects
from evenhand.analysis.estimators.random_terms import term
from evenhand.analysis.estimators.sd_interval import sd_interval
from evenhand.analysis.findings import mixed_check as mixed_check_module
from evenhand.analysis.findings.mixed_check import (
    _require_finite,
    _require_samples,
    column_name,
    crossing_rows,
    mixed_check,
)
from evenhand.analysis.table.scores import covariate_column, level_column, scores_from_frame
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.errors import TableError
from evenhand.records.contrast import LevelContrast
from evenhand.records.estimate import Absent, Shortfall
from evenhand.records.finding import Finding
from evenhand.selftest.respondents import CROSSING, Respondent, SimulatedDesign, simulated_scores

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


def counted(rows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """One row per arm and item: right answers, trials, and what is the same in all of them."""
    text = [pl.col(name).cast(pl.String).first() for name in names]
    return (
        rows.filter(pl.col("score").is_not_null())
        .group_by(pl.col("arm", "item").cast(pl.String))
        .agg(*text, pl.col("score").sum().alias("right"), pl.len().alias("n"))
        .sort("arm", "item")
    )


def numbers(found: Finding) -> tuple[float | None, ...]:
    spread = found.spread
    assert spread is not None
    return (found.value, spread.se, spread.low, spread.high, found.p, spread.df)


def test_the_model_of_the_pairs_has_items_sets_profiles_and_reactions_of_items() -> None:
    part = stratum(Respondent(gap=0.8, item_slope_sd=0.8, missing={"advantaged": 0.2}), crossing=False, replicates=2)
    position = level_column("position")
    cells = counted(part.paired(), "unit", position)
    half = np.where(cells[position] == "advantaged", 0.5, -0.5)
    direct = BinomialCells(
        successes=cells["right"].to_numpy(),
        trials=cells["n"].cast(pl.Float64).to_numpy(),
        design=np.column_stack([np.ones(half.size), half]),
        names=("intercept", "x"),
        terms=(
            term("item", cells["item"]),
            term("set", cells["unit"]),
            term("profile", cells["arm"]),
            term("item slope", cells["item"], covariate=half),
            term("cell", np.arange(half.size)),
        ),
    )
    fit = fit_binomial(direct)
    checked = mixed_check(part)
    (found,) = checked.findings
    effect = fit.effects[1]
    assert numbers(found) == pytest.approx(
        (effect.estimate, effect.se_adjusted, effect.low, effect.high, effect.p, effect.df), rel=1e-6
    )
    assert found.contrast == (LevelContrast(factor="position", level="advantaged", reference="disadvantaged"),)
    assert (found.method, found.quantity.scale, found.arms.arm) == ("binomial mixed model", "log-odds", "pairs")
    answered = part.paired()["score"].count()
    assert (found.sample.trials, found.sample.items, found.sample.profiles) == (answered, 16, 10)
    assert [(one.term, one.levels) for one in checked.variances] == [
        *(("item", 16), ("set", 10), ("profile", 20), ("item slope", 16)),
        ("cell", cells.height),
    ]
    for one, sd in zip(checked.variances, fit.sds, strict=True):
        assert one.sd == pytest.approx(sd.sd, abs=1e-6)
        assert (one.cohort, one.singular, one.model, one.kind) == ("pairs", sd.singular, part.model, part.kind)


def test_the_model_of_the_crossing_has_a_column_for_every_level_and_margins_beside_them() -> None:
    part = stratum(Respondent(effects={"gender.female": -0.5}), sets=2, items=10)
    part = replace(part, rows=part.rows.filter(pl.col("cohort").cast(pl.String).fill_null("") != "explicit"))
    factors = ("gender", "age", "religion", "ethnicity")
    cells = counted(part.crossed(), *map(level_column, factors))
    columns, names, groups = [np.ones(cells.height)], ["intercept"], {}
    for factor in factors:
        levels = sorted(CROSSING[factor][1:])
        groups[factor] = tuple(levels_name(factor, level) for level in levels)
        names += groups[factor]
        columns += [(cells[level_column(factor)] == level).cast(pl.Float64).to_numpy() for level in levels]
    direct = BinomialCells(
        successes=cells["right"].to_numpy(),
        trials=cells["n"].cast(pl.Float64).to_numpy(),
        design=np.column_stack(columns),
        names=tuple(names),
        terms=(term("item", cells["item"]), term("profile", cells["arm"])),
    )
    fit = fit_binomial(direct)
    checked = mixed_check(part)
    logs = [one for one in checked.findings if one.quantity.scale == "log-odds"]
    assert [levels_name(one.contrast[0].factor, one.contrast[0].level) for one in logs] == names[1:]
    for one, effect in zip(logs, fit.effects[1:], strict=True):
        assert numbers(one) == pytest.approx(
            (effect.estimate, effect.se_adjusted, effect.low, effect.high, effect.p, effect.df), rel=1e-5, abs=1e-7
        )
        assert one.role == "descriptive" and one.equivalence is None
    margins = [one for one in checked.findings if one.quantity.scale == "probability"]
    expected = marginal_effects(direct, fit, groups=groups)
    assert len(margins) == len(expected) == 8
    for one, margin in zip(margins, expected, strict=True):
        assert numbers(one)[:4] == pytest.approx(
            (margin.estimate, margin.se, margin.low, margin.high), rel=1e-5, abs=1e-7
        )
    profile = next(one for one in checked.variances if one.term == "profile")
    assert (profile.low, profile.high) == pytest.approx(sd_interval(direct, fit, term="profile"), abs=1e-5)
    assert (profile.cohort, profile.levels) == ("crossing", 81)


def levels_name(factor: str, level: str) -> str:
    return f"{factor}.{level}"


def test_a_covariate_has_its_coefficient_in_its_own_unit() -> None:
    scores = simulated_scores(
        Respondent(), design=SimulatedDesign(items=12, sets=2, crossing=True), rng=np.random.default_rng(0)
    )
    plain = scores.frame.with_columns(pl.selectors.categorical().cast(pl.String))
    numbered = plain.with_columns((pl.int_range(pl.len()) * 37 % 11).cast(pl.Float64).alias("length"), same=pl.lit(2.0))
    adjusted = scores_from_frame(
        numbered, settings=scores.settings, factors=scores.factors, covariates=("length", "same")
    )
    (one,) = mixed_check(strata(adjusted)[0]).covariates
    assert (one.covariate, one.scale) == ("length", "log-odds")
    rows = strata(adjusted)[0].crossed()
    assert one.sd == pytest.approx(rows[covariate_column("length")].to_numpy().std())
    # In another unit the coefficient and its error change with it, and nothing else does.
    tenth = scores_from_frame(
        numbered.with_columns(pl.col("length") / 10 + 5),
        settings=scores.settings,
        factors=scores.factors,
        covariates=("length", "same"),
    )
    (other,) = mixed_check(strata(tenth)[0]).covariates
    assert (other.coefficient, other.se, other.sd) == pytest.approx(
        (10 * one.coefficient, 10 * one.se, one.sd / 10), rel=1e-6
    )
    assert one.se > 0 and abs(one.coefficient) < 10 * one.se
    assert mixed_check(strata(scores)[0]).covariates == ()


def test_graded_scores_have_a_covariate_and_no_term_of_cells_and_no_interval() -> None:
    part = stratum(Respondent(profile_sd=0.5), kind="management", replicates=2)
    graded = part.rows.with_columns(pl.when(pl.col("score") == 0).then(0.25).otherwise("score").alias("score"))
    checked = mixed_check(replace(part, rows=graded))
    assert "cell" not in {one.term for one in checked.variances}
    assert all(one.low is one.high is None for one in checked.variances)
    cells = counted(graded.filter(pl.col(GENDER).is_not_null()), GENDER)
    assert checked.findings[-1].sample.trials == cells["n"].sum()
    # One graded score is enough for the linear model.
    first = pl.int_range(pl.len()) == part.rows["arm_kind"].eq("profile").arg_max()
    almost = part.rows.with_columns(pl.when(first).then(0.5).otherwise("score").alias("score"))
    assert "linear mixed model" in {one.method for one in mixed_check(replace(part, rows=almost)).findings}


@pytest.mark.parametrize(("items", "sets", "fitted"), [(3, 3, True), (2, 9, False), (9, 2, False)])
def test_three_items_and_three_users_are_enough_for_a_model(items: int, sets: int, fitted: bool) -> None:
    (found,) = mixed_check(
        stratum(Respondent(easiness=0.3), items=items, sets=sets, crossing=False, replicates=9)
    ).findings
    if fitted:
        assert found.value is not None or "needs at least" not in str(found.number)
        return
    assert isinstance(found.number, Absent)
    assert found.number.reason == (
        f"A model of {items} items and {sets} users cannot tell how either of them varies; it needs at least 3 of each."
    )


def test_a_table_beyond_the_largest_is_left_out_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    part = stratum(Respondent(), items=10, sets=5, crossing=False)
    monkeypatch.setattr(mixed_check_module, "LARGEST", 100)
    assert mixed_check(part).findings[0].value is not None
    monkeypatch.setattr(mixed_check_module, "LARGEST", 99)
    (left,) = mixed_check(part).findings
    assert isinstance(left.number, Absent)
    assert left.number.reason == "There are 100 cells; the mixed model is fitted up to 99 of them."


def test_the_interval_of_the_profile_sd_ends_with_its_largest_table(monkeypatch: pytest.MonkeyPatch) -> None:
    part = stratum(Respondent(profile_sd=0.5), items=5)
    for largest, given in ((405, True), (404, False)):
        monkeypatch.setattr(mixed_check_module, "_LARGEST_INTERVAL", largest)
        checked = mixed_check(part)
        (profile,) = (one for one in checked.variances if (one.cohort, one.term) == ("crossing", "profile"))
        assert (profile.low is not None) is given
        said = "No interval of the profile SD: there are 405 cells, above 404."
        assert [said in one.notes for one in checked.findings if one.arms.arm == "crossing"] == [not given] * 16
        assert not any(said in one.notes for one in checked.findings if one.arms.arm == "pairs")


def test_pairs_of_one_side_or_of_other_levels_are_no_pairs() -> None:
    part = stratum(Respondent(), crossing=False)
    position = pl.col(level_column("position")).cast(pl.String).fill_null("")
    assert mixed_check(replace(part, rows=part.rows.filter(position != "advantaged"))).findings == ()
    third = part.rows.filter(position == "advantaged").with_columns(
        pl.lit("middle").cast(pl.Categorical).alias(level_column("position")),
        (pl.col("arm").cast(pl.String) + "-m").cast(pl.Categorical).alias("arm"),
    )
    with_third = mixed_check(replace(part, rows=pl.concat([part.rows, third]))).findings
    assert [numbers(one) for one in with_third] == [numbers(one) for one in mixed_check(part).findings]


def test_factors_of_the_item_and_within_users_are_in_the_model_of_the_crossing() -> None:
    scores = simulated_scores(
        Respondent(), design=SimulatedDesign(items=12, sets=2, crossing=True), rng=np.random.default_rng(0)
    )
    plain = scores.frame.with_columns(pl.selectors.categorical().cast(pl.String))
    number_of = pl.col("item").str.slice(5).cast(pl.Int64)
    more = plain.with_columns(
        pl.when(number_of % 2 == 0).then(pl.lit("work")).otherwise(pl.lit("home")).alias("topic"),
        pl.when((pl.int_range(pl.len()) * 7) % 5 < 2).then(pl.lit("day")).otherwise(pl.lit("night")).alias("hour"),
        only=pl.lit("same"),
    )
    made = scores_from_frame(
        more,
        settings=scores.settings,
        factors=scores.factors,
        item_factors=("topic", "only"),
        within_factors=("hour",),
    )
    rows = crossing_rows(strata(made)[0], cue="stated")
    assert rows is not None
    assert {factor: len(columns) for factor, columns in rows.groups.items()} == {
        **dict.fromkeys(("gender", "age", "religion", "ethnicity"), 2),
        **dict.fromkeys(("topic", "hour"), 1),
    }
    assert rows.design.shape == (rows.total.size, 1 + 8 + 2) and rows.binary
    assert rows.trials.sum() == rows.sample.trials
    assert {rows.contrasts[name].of for name in (*rows.groups["topic"], *rows.groups["hour"])} == {"item", "answer"}


def a_fit() -> BinomialFit:
    part = stratum(Respondent(), items=6, sets=0)
    rows = crossing_rows(part, cue="stated")
    assert rows is not None
    return fit_binomial(
        BinomialCells(successes=rows.total, trials=rows.trials, design=rows.design, names=rows.names, terms=rows.terms)
    )


@pytest.mark.parametrize(
    ("beta", "variance", "far"),
    [(7.9, 63.0, False), (8.0, 64.0, False), (-8.1, 1.0, True), (0.5, 65.0, True), (9.0, 90.0, True)],
)
def test_log_odds_beyond_eight_in_a_coefficient_or_a_spread_are_no_estimate(
    beta: float, variance: float, far: bool
) -> None:
    fit = a_fit()
    moved = replace(fit, beta=np.where(np.arange(fit.beta.size) == 1, beta, 0.0), variances=np.array([variance, 0.0]))
    if far:
        with pytest.raises(TableError, match="beyond 8"):
            _require_finite(moved)
    else:
        _require_finite(moved)


def test_an_estimate_that_is_no_number_or_a_variance_below_zero_has_no_maximum() -> None:
    fit = a_fit()
    for changed in (
        replace(fit, beta=np.where(np.arange(fit.beta.size) == 1, np.nan, fit.beta)),
        replace(fit, variances=np.array([np.inf, 0.1])),
        replace(fit, variances=np.array([0.1, -0.1])),
    ):
        with pytest.raises(TableError, match="no maximum inside"):
            _require_finite(changed)


def test_a_model_is_fitted_up_to_four_hundred_thousand_cells() -> None:
    rows = crossing_rows(stratum(Respondent(), items=6, sets=0), cue="stated")
    assert rows is not None
    _require_samples(replace(rows, total=np.zeros(400_000)))
    with pytest.raises(TableError, match="there are 400,001 cells; the mixed model is fitted up to 400,000 of them"):
        _require_samples(replace(rows, total=np.zeros(400_001)))
    with pytest.raises(TableError, match=r"a model of 2 items and 81 users .* needs at least 3 of each"):
        _require_samples(replace(rows, sample=replace(rows.sample, items=2)))
