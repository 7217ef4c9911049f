"""Tables drawn from a stated response model."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evenhand.analysis.table.scores import level_column
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores


def test_the_design_is_asked_as_stated() -> None:
    design = SimulatedDesign(items=12, sets=6, sets_per_item=2, crossing=True, placebos=3, none_repeats=2, replicates=2)
    frame = simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0)).frame
    counts = dict(frame.group_by(pl.col("arm_kind").cast(pl.String)).len().iter_rows())
    assert counts == {"none": 12 * 4, "placebo": 12 * 3 * 2, "profile": 12 * 2 * (2 * 2 + 81)}
    met = (
        frame.filter(pl.col(level_column("position")).is_not_null())
        .group_by("item")
        .agg(pl.col("matched_set").n_unique())
    )
    assert met["matched_set"].to_list() == [2] * 12
    none = frame.filter(pl.col("arm_kind") == "none")
    assert none.group_by("item", "order_index").len()["len"].to_list() == [2] * 24


def test_planted_effects_move_the_share_of_right_answers() -> None:
    respondent = Respondent(
        easiness=0.0,
        item_sd=0.0,
        cell_sd=0.0,
        gap=1.0,
        memory=0.5,
        placebo=-1.0,
        effects={"gender.female": 1.0, "gender.female*age.65+": -1.0},
    )
    design = SimulatedDesign(items=60, sets=10, crossing=True, placebos=10, none_repeats=10, replicates=3)
    frame = simulated_scores(respondent, design=design, rng=np.random.default_rng(0)).frame

    def share(*conditions: pl.Expr) -> float:
        return float(frame.filter(*conditions)["score"].to_numpy().mean())

    def logistic(x: float) -> float:
        return float(1 / (1 + np.exp(-x)))

    female, old = pl.col(level_column("gender")) == "female", pl.col(level_column("age")) == "65+"
    assert share(pl.col("arm_kind") == "none") == pytest.approx(0.5, abs=0.04)
    assert share(pl.col("arm_kind") == "placebo") == pytest.approx(logistic(-1.0), abs=0.04)
    assert share(pl.col(level_column("position")) == "advantaged") == pytest.approx(logistic(1.0), abs=0.04)
    assert share(pl.col(level_column("position")) == "disadvantaged") == pytest.approx(logistic(0.0), abs=0.04)
    assert share(female, ~old) == pytest.approx(logistic(1.5), abs=0.03)
    assert share(female, old) == pytest.approx(logistic(0.5), abs=0.03)


def test_probabilities_stand_beside_answers_where_asked_for() -> None:
    design = SimulatedDesign(items=3, sets=2, logprobs=True)
    frame = simulated_scores(Respondent(missing={"none": 0.5}), design=design, rng=np.random.default_rng(0)).frame
    answered = frame["outcome"] == "answered"
    assert frame.filter(answered)["p_score"].null_count() == 0
    assert frame.filter(~answered)["p_score"].null_count() == (~answered).sum() > 0
