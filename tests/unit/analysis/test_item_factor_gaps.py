"""Factors of the items: the design of verbal aggression (24 items of two properties, 316 persons)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.estimators.crossed import CrossedContrast
from evenhand.analysis.estimators.estimate import Component, EstimateSpec, infer
from evenhand.analysis.findings.item_factor_gaps import _turned, item_factor_findings
from evenhand.analysis.findings.mixed_check import crossing_rows
from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.analysis.table.predictions import read_predictions
from evenhand.analysis.table.stratum import strata
from tests.support.quickest import quickest


def answers(rng: np.random.Generator, *, users: int, items: int) -> pl.DataFrame:
    """Persons and items with normal effects; log-odds: gender 0.3, shout -1.9, scold -1.0, self -1.0."""
    gender = np.array(["F", "M"])[(rng.random(users) < 0.25).astype(int)]
    kind = np.array(["curse", "scold", "shout"])[np.arange(items) % 3]
    situation = np.array(["other", "self"])[np.arange(items) // 3 % 2]
    person, item = np.divmod(np.arange(users * items), items)
    logit = 1.0 + 1.1 * rng.normal(size=users)[person] + 0.3 * rng.normal(size=items)[item]
    logit += 0.3 * (gender[person] == "M") - 1.0 * (kind[item] == "scold") - 1.9 * (kind[item] == "shout")
    logit -= 1.0 * (situation[item] == "self")
    right = rng.random(logit.size) < 1 / (1 + np.exp(-logit))
    return pl.DataFrame(
        {
            "item": [f"i{n:03d}" for n in item],
            "person": [f"p{n:05d}" for n in person],
            "right": right.astype(int),
            "Gender": gender[person],
            "btype": kind[item],
            "situ": situation[item],
        }
    )


COLUMNS = PredictionColumns(item="item", profile="person", correct="right", factors=("Gender", "btype", "situ"))


def test_all_factors_of_a_design_like_verbagg_are_estimated_in_one_model(tmp_path: Path) -> None:
    table = answers(np.random.default_rng(7), users=316, items=24)
    table.write_csv(tmp_path / "t.csv")
    scores = read_predictions(tmp_path / "t.csv", columns=COLUMNS)
    assert (scores.factors, scores.item_factors) == (("Gender",), ("btype", "situ"))
    findings = analyse(scores)
    odds = {
        (f.contrast[0].factor, f.contrast[0].level): f
        for f in findings.findings
        if f.measure == "mixed_model" and f.quantity.scale == "log-odds"
    }
    assert {key[0] for key in odds} == {"Gender", "btype", "situ"}
    planted = {("btype", "scold"): -1.0, ("btype", "shout"): -1.9, ("situ", "self"): -1.0, ("Gender", "M"): 0.3}
    for key, truth in planted.items():
        value, spread = odds[key].value, odds[key].spread
        assert value is not None
        assert spread is not None
        assert spread.se is not None
        assert abs(value - truth) < 3 * spread.se
    rows = crossing_rows(strata(scores)[0], cue="stated")
    assert rows is not None
    assert [term.name for term in rows.terms] == ["item", "profile"]
    assert rows.design.shape == (316 * 24, 5)


def test_the_gap_of_a_factor_of_the_items_is_the_least_squares_coefficient(tmp_path: Path) -> None:
    table = answers(np.random.default_rng(8), users=40, items=12)
    table = table.filter(pl.Series(np.random.default_rng(9).random(table.height) < 0.9))
    table.write_csv(tmp_path / "t.csv")
    findings = analyse(read_predictions(tmp_path / "t.csv", columns=COLUMNS))
    people = table["person"].to_dummies(drop_first=False).to_numpy()
    # The rows of the factor's two levels, each person's mean absorbed, the other factor of the items held.
    shout = (table["btype"] == "shout").to_numpy()
    used = shout | (table["btype"] == "curse").to_numpy()
    design = np.column_stack([shout, (table["situ"] == "self").to_numpy(), people]).astype(float)[used]
    expected = sm.OLS(table["right"].to_numpy()[used].astype(float), design).fit().params[0]
    found = {f.contrast[0].level: f for f in findings.findings if f.measure == "factor_gap"}
    assert found["shout"].value == pytest.approx(expected, abs=1e-9)
    assert found["shout"].sample.items == 12


def test_cost_grows_about_linearly_in_users(tmp_path: Path) -> None:
    seconds = []
    for users in (500, 2000):
        answers(np.random.default_rng(users), users=users, items=20).write_csv(tmp_path / "t.csv")
        seconds.append(quickest(lambda: analyse(read_predictions(tmp_path / "t.csv", columns=COLUMNS)), times=2))
    # Four times the users: the time per user may grow by half, besides a constant part.
    assert seconds[1] < 6 * seconds[0] + 1


def test_a_single_user_is_named_as_the_limit_and_never_a_single_item(tmp_path: Path) -> None:
    table = answers(np.random.default_rng(3), users=40, items=12).filter(pl.col("person") == "p00000")
    table.write_csv(tmp_path / "t.csv")
    part = strata(read_predictions(tmp_path / "t.csv", columns=replace(COLUMNS, factors=("btype", "situ"))))[0]
    gaps = item_factor_findings(part)
    notes = [note for one in gaps for note in one.notes]
    assert gaps
    assert any("a single user" in note for note in notes)
    assert not any("a single item" in note for note in notes)


def test_sources_of_variation_have_the_names_of_items_and_users_in_their_own_places() -> None:
    parts = tuple(
        Component(name=name, variance=0.1, sd=0.3) for name in ("profile", "item slope", "profile x item", "residual")
    )
    notes = ("There is a single item, so the result holds for this item only.", "The design is sparse.")
    spread = infer(0.1, se=0.05, df=8.0, spec=EstimateSpec())
    estimate = CrossedContrast(
        estimate=0.1,
        se=0.05,
        df=8.0,
        low=spread.low,
        high=spread.high,
        p=spread.p,
        confidence=0.95,
        smallest_detectable=spread.smallest_detectable,
        components=parts,
        degenerate=False,
        notes=notes,
        items=1,
        profiles=9,
        cells=9,
    )
    turned = _turned(estimate)
    assert [part.name for part in turned.components] == ["item", "user slope", "profile x item", "residual"]
    assert (turned.items, turned.profiles) == (9, 1)
    assert turned.notes == ("There is a single user, so the result holds for this user only.", "The design is sparse.")
    assert _turned(replace(estimate, items=2)).notes == ("The design is sparse.",)
