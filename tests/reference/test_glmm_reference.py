"""The four stored data sets with lme4 and glmmTMB results (`glmm/fit_r.R` made them)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, BinomialFit, fit_binomial, reference_design
from evenhand.analysis.estimators.random_terms import term
from evenhand.analysis.estimators.sd_interval import sd_interval

FOLDER = Path(__file__).parent / "glmm"
LABELS = {
    "gender": ["Male", "Female", "Nonbinary"],
    "age": ["34-65", "18-33", "66+"],
    "religion": ["Christian", "Muslim", "Jewish"],
    "ethnicity": ["White", "Black", "Asian"],
}


def load(name: str) -> BinomialCells:
    frame = pl.read_csv(FOLDER / f"{name}.csv")
    columns = {factor: np.array([labels.index(v) for v in frame[factor]]) for factor, labels in LABELS.items()}
    design, names = reference_design(columns, labels=LABELS, references={})
    return BinomialCells(
        successes=frame["k"].to_numpy().astype(float),
        trials=frame["n"].to_numpy().astype(float),
        design=design,
        names=names,
        terms=(term("item", frame["item"].to_numpy()), term("profile", frame["profile"].to_numpy())),
    )


def reference(name: str, engine: str) -> dict[str, Any]:
    stored: dict[str, Any] = msgspec.json.decode((FOLDER / f"{name}.reference.json").read_bytes())
    found: dict[str, Any] = stored[engine]
    return found


@pytest.fixture(scope="module", params=["a", "b", "s", "z"])
def fitted(request: pytest.FixtureRequest) -> tuple[str, BinomialFit]:
    return request.param, fit_binomial(load(request.param))


@pytest.mark.parametrize("engine", ["glmer", "glmmTMB"])
def test_fixed_effects_and_spreads_agree_with_r(fitted: tuple[str, BinomialFit], engine: str) -> None:
    name, fit = fitted
    expected = reference(name, engine)
    # One trial a cell in set a.
    np.testing.assert_allclose(fit.beta, list(expected["beta"].values()), atol=2e-4 if name == "a" else 1e-4, rtol=0)
    atol = 6e-4 if engine == "glmer" else 1e-5
    np.testing.assert_allclose([e.se for e in fit.effects], list(expected["se"].values()), atol=atol, rtol=0)
    for sd in fit.sds:
        assert sd.sd == pytest.approx(expected["sd"][sd.name], abs=1e-3)
    assert fit.loglik == pytest.approx(expected["loglik"], abs=1e-4)


def test_singular_status_agrees_with_lme4(fitted: tuple[str, BinomialFit]) -> None:
    name, fit = fitted
    assert fit.singular == reference(name, "glmer")["singular"]
    assert fit.converged


def test_a_small_but_real_profile_spread_is_not_lost() -> None:
    sd = {part.name: part for part in fit_binomial(load("z")).sds}["profile"]
    assert not sd.singular
    assert sd.sd == pytest.approx(0.0357, abs=1e-3)


def test_the_profile_likelihood_interval_of_set_b_agrees_with_lme4() -> None:
    cells = load("b")
    low, high = sd_interval(cells, fit_binomial(cells), term="profile")
    # confint(glmer fit, parm = "theta_", method = "profile") of lme4 1.1-31.
    assert (low, high) == pytest.approx((0.09263, 0.17994), abs=2e-4)
