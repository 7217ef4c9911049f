"""Keyed against chosen emotion, by group."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from scipy import stats

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.shares import share_interval, share_of_count
from evenhand.analysis.findings.emotions import _interval, keyed_emotions
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import strata
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores


def test_shares_of_a_keyed_emotion_add_up_and_show_from_whom_it_is_taken() -> None:
    respondent = Respondent(gap=3.0, cell_sd=0.2)
    part = strata(simulated_scores(respondent, design=SimulatedDesign(), rng=np.random.default_rng(0)))[0]
    found = keyed_emotions(part)
    assert {one.keyed for one in found} == {"joy"}
    by_level = {level: [one for one in found if one.level == level] for level in ("advantaged", "disadvantaged")}
    for rows in by_level.values():
        assert sum(one.share for one in rows) == pytest.approx(1.0)
        assert all(one.low <= one.share <= one.high and one.items <= 24 for one in rows)
    right = {level: next(one for one in rows if one.chosen == "joy") for level, rows in by_level.items()}
    assert right["advantaged"].low > right["disadvantaged"].high
    scored = part.profiles().filter(part.profiles()[level_column("position")] == "advantaged")
    assert right["advantaged"].share == pytest.approx(scored["score"].mean())


def by_hand(rows: pl.DataFrame, *, chosen: str, alpha: float) -> tuple[float, float, float]:
    """Share of an emotion among the answers, and the interval of a ratio of sums over items."""
    per_item = rows.group_by("item").agg((pl.col("choice_tag") == chosen).sum().alias("times"), pl.len().alias("all"))
    times, answers = (per_item[name].to_numpy().astype(float) for name in ("times", "all"))
    share, n = times.sum() / answers.sum(), answers.size
    apart = ((times - share * answers) ** 2).sum()
    variance = max(n / (n - 1) * apart / answers.sum() ** 2, share * (1 - share) / answers.sum())
    as_mean = paired_gap(np.array([[0.0, 1.0]]), spec=EstimateSpec(confidence=1 - alpha))
    estimate = replace(as_mean, estimate=share, se=float(np.sqrt(variance)), df=float(n - 1))
    return share, *share_interval(estimate, alpha=alpha)


@pytest.mark.parametrize(("alpha", "item_sd"), [(0.05, 1.5), (0.2, 0.0)])
def test_shares_and_intervals_are_those_of_a_ratio_of_sums_over_items(alpha: float, item_sd: float) -> None:
    design = SimulatedDesign(items=9, sets=7, sets_per_item=4)
    respondent = Respondent(easiness=0.3, item_sd=item_sd, cell_sd=0.0, missing={"advantaged": 0.2})
    settings = AnalysisSettings(alpha=alpha)
    (part,) = strata(simulated_scores(respondent, design=design, rng=np.random.default_rng(5), settings=settings))
    found = keyed_emotions(part)
    assert {one.factor for one in found} == {"position"}
    for level in ("advantaged", "disadvantaged"):
        side = pl.col(level_column("position")).cast(pl.String) == level
        rows = part.profiles().filter(side & pl.col("choice_tag").is_not_null())
        for chosen in rows["choice_tag"].cast(pl.String).unique():
            (one,) = [f for f in found if (f.level, f.chosen) == (level, chosen)]
            assert (one.share, one.low, one.high) == pytest.approx(by_hand(rows, chosen=chosen, alpha=alpha))
            assert (one.answers, one.items) == (rows.height, 9)
            assert (one.model, one.kind, one.keyed) == ("simulated/model", "understanding", "joy")


def test_an_emotion_that_all_chose_has_the_exact_interval_of_a_count() -> None:
    design = SimulatedDesign(items=5, sets=3)
    (part,) = strata(
        simulated_scores(Respondent(easiness=40.0, item_sd=0.0), design=design, rng=np.random.default_rng(0))
    )
    for one in keyed_emotions(part):
        assert (one.chosen, one.share, one.answers) == ("joy", 1.0, 15)
        assert (one.low, one.high) == pytest.approx(share_of_count(15, 15, alpha=0.05))


def test_one_item_is_counted_by_its_answers() -> None:
    design = SimulatedDesign(items=1, sets=20)
    (part,) = strata(
        simulated_scores(Respondent(easiness=0.0, item_sd=0.0), design=design, rng=np.random.default_rng(1))
    )
    for one in keyed_emotions(part):
        assert (one.low, one.high) == pytest.approx(share_of_count(round(one.share * 20), 20, alpha=0.05))


def test_items_that_nobody_got_right_and_other_conditions_have_no_row() -> None:
    (part,) = strata(simulated_scores(Respondent(), design=SimulatedDesign(items=4), rng=np.random.default_rng(2)))
    assert keyed_emotions(replace(part, main=False)) == []
    wrong = part.rows.with_columns(
        pl.when(pl.col("item").cast(pl.String) == "item-000")
        .then(pl.lit("b"))
        .otherwise(pl.col("choice").cast(pl.String))
        .alias("choice")
    )
    assert {one.items for one in keyed_emotions(replace(part, rows=wrong))} == {3}
    bare = part.rows.with_columns(pl.lit(None, dtype=pl.Categorical).alias("choice_tag"))
    assert keyed_emotions(replace(part, rows=bare)) == []


@pytest.mark.parametrize("counts", [(5, 20, 1), (0, 20, 4), (20, 20, 4)])
def test_one_item_or_one_answer_alone_has_the_exact_interval_of_a_count(counts: tuple[int, int, int]) -> None:
    part = strata(simulated_scores(Respondent(), design=SimulatedDesign(), rng=np.random.default_rng(0)))[0]
    assert _interval(part, counts, squares=9.0) == share_of_count(*counts[:2], alpha=0.05)


def test_two_items_are_a_sample_of_items() -> None:
    part = strata(simulated_scores(Respondent(), design=SimulatedDesign(), rng=np.random.default_rng(0)))[0]
    wide, wider = (_interval(part, (5, 20, 2), squares=squares) for squares in (0.0, 40.0))
    assert wide != share_of_count(5, 20, alpha=0.05)
    # Two items leave one degree of freedom: Wilson's interval of 20 answers with Student's t.
    factor = float(stats.t(1).ppf(0.975))
    centre = (0.25 + factor**2 / 40) / (1 + factor**2 / 20)
    half = factor * np.sqrt(0.25 * 0.75 / 20 + factor**2 / 1600) / (1 + factor**2 / 20)
    assert wide[1] == pytest.approx(centre + half)
    assert wider[1] > wide[1] and wider[0] <= wide[0]


def test_the_first_emotion_of_the_alphabet_may_be_keyed_too() -> None:
    (part,) = strata(simulated_scores(Respondent(), design=SimulatedDesign(items=4), rng=np.random.default_rng(2)))
    tags = {"a": "anger", "b": "fear", "c": "joy", "d": "relief", "e": "sadness"}
    chosen = pl.col("choice").cast(pl.String).replace_strict(tags, default=None)
    found = keyed_emotions(replace(part, rows=part.rows.with_columns(chosen.alias("choice_tag"))))
    assert {one.keyed for one in found} == {"anger"}
    assert {one.items for one in found} == {4}


def test_emotions_are_told_of_answers_with_memory_only() -> None:
    (part,) = strata(simulated_scores(Respondent(), design=SimulatedDesign(items=4), rng=np.random.default_rng(2)))
    found = keyed_emotions(part)
    profiles = part.profiles()
    for level in ("advantaged", "disadvantaged"):
        side = profiles.filter(profiles[level_column("position")] == level)
        assert {one.answers for one in found if one.level == level} == {side.height}
    assert keyed_emotions(replace(part, rows=part.rows.filter(pl.col("arm_kind") != "profile"))) == []
