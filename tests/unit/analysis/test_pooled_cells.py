"""Cells of a crossing, pooled over pairwise interactions."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.crossed import dummies
from evenhand.analysis.estimators.pooled_cells import pooled_cells
from evenhand.analysis.estimators.profile_variance import ProfileMeans, profile_variance
from evenhand.selftest.ceiling import cells_covered

LEVELS = [(np.arange(81) // 3**power) % 3 for power in range(4)]
MAIN = np.column_stack([np.ones(81), *(dummies(one) for one in LEVELS)])
PAIRS = [LEVELS[a] * 3 + LEVELS[b] for a in range(4) for b in range(a + 1, 4)]


def means(values: np.ndarray, *, residual: float, items: int = 33) -> ProfileMeans:
    return ProfileMeans(
        means=values, covariance=np.eye(81) / items, residual=residual, item_variance=0.1, degrees=80 * (items - 1)
    )


def test_a_real_interaction_is_not_flattened_into_a_sum_of_main_effects() -> None:
    both = (LEVELS[0] == 1) & (LEVELS[1] == 1)
    truth = 0.7 - 0.11 * both
    noisy = means(truth + np.random.default_rng(0).normal(0, 0.02, 81), residual=0.02**2 * 33)
    found = pooled_cells(noisy, main=MAIN, pairs=PAIRS, rng=np.random.default_rng(1))
    beta, *_ = np.linalg.lstsq(MAIN, truth, rcond=None)
    additive = MAIN @ beta
    missed = np.abs(found.mean - truth)[both].mean()
    assert missed < 0.3 * np.abs(additive - truth)[both].mean()
    # One standard deviation for what profiles share beyond main effects pools the interaction away more.
    assert missed < np.abs(profile_variance(noisy, design=MAIN).pooled - truth)[both].mean()


def test_intervals_hold_for_all_cells_at_once() -> None:
    """A short form. Intervals cell by cell, at the estimated edge: 63 to 71% of the cells of an interaction."""
    whole, _, own = cells_covered(items=33, interaction=-0.11, simulations=25, rng=np.random.default_rng(2))
    assert whole.value >= 0.84 and own.value >= 0.93


def test_the_factor_is_that_of_the_largest_of_81() -> None:
    flat = means(np.full(81, 0.7) + np.random.default_rng(3).normal(0, 0.03, 81), residual=0.03**2 * 33)
    found = pooled_cells(flat, main=MAIN, pairs=PAIRS, rng=np.random.default_rng(4))
    # 81 independent cells: 3.4; wholly shared ones: 1.96.
    assert 2.5 < found.factor < 3.6
    assert found.mean.mean() == pytest.approx(flat.means.mean())
