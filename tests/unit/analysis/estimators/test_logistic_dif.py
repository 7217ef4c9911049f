"""Logistic item functioning against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from evenhand.analysis.estimators.logistic_dif import logistic_dif


def test_all_items_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    focal = rng.random(250) < 0.5
    ability = rng.normal(size=250)
    slope = np.array([1.0, 1.0, 2.0])
    logit = ability[:, None] * np.where(focal[:, None], slope, 1.0) - focal[:, None] * np.array([0.0, 1.0, 0.0])
    answers = (rng.random((250, 3)) < 1 / (1 + np.exp(-logit))).astype(float)
    score = ability[:, None] * np.ones((1, 3))
    found = logistic_dif(answers, focal=focal, score=score)
    group = np.where(focal, 0.5, -0.5)
    centred = (ability - ability.mean()) / ability.std()
    for item in range(3):
        columns = [np.ones(250), centred, group, centred * group]
        fits = [sm.Logit(answers[:, item], np.column_stack(columns[:width])).fit(disp=0) for width in (2, 3, 4)]
        assert found.uniform_chi_square[item] == pytest.approx(2 * (fits[1].llf - fits[0].llf), abs=1e-4)
        assert found.nonuniform_chi_square[item] == pytest.approx(2 * (fits[2].llf - fits[1].llf), abs=1e-4)
        assert found.shift[item] == pytest.approx(fits[1].params[2], abs=1e-4)
    assert found.uniform_p[1] < 0.01
    assert found.nonuniform_p[2] < 0.05


def test_a_separated_item_has_finite_numbers() -> None:
    focal = np.arange(40) < 20
    answers = np.where(focal, 0.0, 1.0)[:, None]
    found = logistic_dif(answers, focal=focal, score=np.linspace(-1, 1, 40)[:, None] % 0.37)
    assert np.isfinite(found.uniform_chi_square).all()
    assert found.uniform_p[0] < 1e-6


def test_missing_answers_are_left_out() -> None:
    rng = np.random.default_rng(1)
    focal = np.arange(80) % 2 == 0
    answers = (rng.random((80, 1)) < 0.6).astype(float)
    score = rng.normal(size=(80, 1))
    holed = np.vstack([answers, np.full((20, 1), np.nan)])
    extra = logistic_dif(
        holed,
        focal=np.append(focal, np.ones(20, dtype=bool)),
        score=np.vstack([score, np.repeat(score.mean(), 20)[:, None]]),
    )
    assert extra.uniform_chi_square[0] == pytest.approx(
        logistic_dif(answers, focal=focal, score=score).uniform_chi_square[0], abs=1e-6
    )


def test_overdispersed_repeats_are_scaled_down() -> None:
    rng = np.random.default_rng(2)
    focal = np.arange(60) % 2 == 0
    own = rng.normal(0, 3, 60)
    answers = (rng.random((60, 10)) < 1 / (1 + np.exp(-own[:, None]))).mean(axis=1)[:, None]
    score = rng.normal(size=(60, 1))
    naive = logistic_dif(answers, focal=focal, score=score, repeats=1.0).uniform_chi_square[0]
    scaled = logistic_dif(answers, focal=focal, score=score, repeats=10.0).uniform_chi_square[0]
    assert scaled < 3 * naive
