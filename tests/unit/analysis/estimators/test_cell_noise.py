"""Noise of cells that depends on their score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from evenhand.analysis.estimators.cell_noise import mean_covariance, variance_at
from evenhand.analysis.estimators.crossed import cell_means
from evenhand.analysis.estimators.profile_variance import ProfileMeans, profile_means

Array = npt.NDArray[np.float64]


def by_least_squares(met: Array, variance: Array) -> Array:
    """The map from answers to profile means by a pseudo-inverse of the whole design, and the covariance that it makes.

    A profile's mean is its effect plus the mean of the items' levels.
    """
    profiles, items = met.shape
    profile, item = np.nonzero(met)
    design = np.column_stack([np.eye(profiles)[profile], np.eye(items)[item]])
    solved = np.linalg.pinv(design)
    to_means = solved[:profiles] + solved[profiles:].mean(axis=0)
    covariance: Array = to_means @ np.diag(variance[profile]) @ to_means.T
    return covariance


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_covariance_of_profile_means_is_that_of_least_squares_written_out(share: float) -> None:
    rng = np.random.default_rng(0)
    met = (rng.random((7, 11)) < share).astype(np.float64)
    variance = rng.uniform(0.1, 2.0, 7)
    assert mean_covariance(met, variance=variance) == pytest.approx(by_least_squares(met, variance))


def test_in_a_complete_crossing_every_mean_has_its_own_noise() -> None:
    variance = np.array([0.1, 0.2, 0.3])
    assert mean_covariance(np.ones((3, 20)), variance=variance) == pytest.approx(np.diag(variance / 20))


def found(scores: Array) -> ProfileMeans:
    profile, item = (codes.ravel() for codes in np.indices(scores.shape))
    return profile_means(cell_means(scores.ravel(), item=item, profile=profile), profiles=scores.shape[0])


def test_variance_is_that_of_a_share_and_adds_up_to_the_residual() -> None:
    rng = np.random.default_rng(1)
    chance = np.array([0.5, 0.9, 0.97, 0.8])
    means = found((rng.random((4, 400)) < chance[:, None]).astype(np.float64))
    variance = variance_at(means, centre=chance)
    assert variance(chance).mean() == pytest.approx(means.residual)
    assert variance(np.array([0.5])) / variance(np.array([0.9])) == pytest.approx(0.25 / 0.09)
    # A share that the answers could hardly tell from 1 still has some noise.
    assert variance(np.array([1.2]))[0] == variance(np.array([1.0]))[0] > 0


def test_drawn_answers_vary_as_is_said() -> None:
    """Recovery: 600 tables of one profile that is right less often than the others."""
    rng = np.random.default_rng(2)
    chance = np.array([0.97] * 8 + [0.8])
    tables = [found((rng.random((9, 40)) < chance[:, None]).astype(np.float64)) for _ in range(600)]
    spread = np.var([one.means for one in tables], axis=0)
    said = np.mean(
        [np.diag(mean_covariance(one.met, variance=variance_at(one, centre=chance)(chance))) for one in tables], axis=0
    )
    assert spread[8] == pytest.approx(said[8], rel=0.2)
    assert spread[:8].mean() == pytest.approx(said[:8].mean(), rel=0.1)
    even = np.mean([one.residual for one in tables]) / 40
    assert spread[8] > 2 * even > 2 * spread[:8].mean()
