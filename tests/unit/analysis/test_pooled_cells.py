"""Cells of a crossing, pooled over pairwise interactions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from evenhand.analysis.estimators import pooled_cells as pooled_cells_module
from evenhand.analysis.estimators.crossed import cell_means, dummies
from evenhand.analysis.estimators.pooled_cells import pooled_cells
from evenhand.analysis.estimators.profile_variance import ProfileMeans, profile_means, profile_variance
from evenhand.selftest.ceiling import cells_covered

LEVELS = [(np.arange(81) // 3**power) % 3 for power in range(4)]
MAIN = np.column_stack([np.ones(81), *(dummies(one) for one in LEVELS)])
PAIRS = [LEVELS[a] * 3 + LEVELS[b] for a in range(4) for b in range(a + 1, 4)]


def means(values: np.ndarray, *, residual: float, items: int = 33) -> ProfileMeans:
    return ProfileMeans(
        means=values,
        covariance=np.eye(81) / items,
        residual=residual,
        item_variance=0.1,
        degrees=80 * (items - 1),
        met=np.ones((81, items)),
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


def by_hand(found: ProfileMeans, *, main: np.ndarray, pairs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The same by the textbook: generalised least squares and best linear prediction at every grid point.

    Errors are those of the prediction's coefficients: under the model's effects, and under noise of each profile's own.
    """
    y, noise = found.means, found.residual * found.covariance
    one = np.eye(y.size)
    shared = sum((codes[:, None] == codes[None, :]).astype(float) for codes in pairs)
    beyond = y - main @ np.linalg.lstsq(main, y, rcond=None)[0]
    scale = np.sqrt(beyond @ beyond / (y.size - main.shape[1]))
    logs, maps, kinds = [], [], []
    steps = (0.0, 0.35, 0.7, 1.0, 1.4, 2.0, 3.0)
    for pair, own in itertools.product(np.array(steps) * scale / np.sqrt(len(pairs)), np.array(steps) * scale):
        effects = pair**2 * shared + own**2 * one
        inverse = np.linalg.inv(effects + noise)
        to_beta = np.linalg.inv(main.T @ inverse @ main) @ main.T @ inverse
        left = y - main @ to_beta @ y
        sizes = [np.linalg.slogdet(part)[1] for part in (effects + noise, main.T @ inverse @ main)]
        logs.append(-0.5 * (sum(sizes) + left @ inverse @ left))
        maps.append(main @ to_beta + effects @ inverse @ (one - main @ to_beta))
        kinds.append(effects)
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    centres = np.array([part @ y for part in maps])
    mean = weight @ centres
    share = mean * (1 - mean)
    own_noise = np.diag(found.residual * share / share.mean() / found.met.shape[1])
    whole = np.einsum("k,ki,kj->ij", weight, centres - mean, centres - mean)
    for size, part, effects in zip(weight, maps, kinds, strict=True):
        whole += size * ((part - one) @ effects @ (part - one).T + part @ own_noise @ part.T)
    return mean, np.sqrt(np.diag(whole))


def test_means_and_errors_are_those_of_predictions_by_hand() -> None:
    levels = [np.arange(12) % 3, np.arange(12) // 3]
    main = np.column_stack([np.ones(12), *(dummies(one) for one in levels)])
    pairs = [levels[0] * 4 + levels[1], levels[1]]
    rng = np.random.default_rng(6)
    root = rng.normal(0, 0.1, (12, 12))
    given = ProfileMeans(
        means=0.6 + 0.1 * (levels[0] == 1) + rng.normal(0, 0.06, 12),
        covariance=np.eye(12) / 20 + root @ root.T / 20,
        residual=0.04,
        item_variance=0.1,
        degrees=100,
        met=np.ones((12, 20)),
    )
    found = pooled_cells(given, main=main, pairs=pairs, rng=np.random.default_rng(1))
    mean, se = by_hand(given, main=main, pairs=pairs)
    assert found.mean == pytest.approx(mean, abs=2e-4)
    assert found.se == pytest.approx(se, rel=2e-3)
    wider = pooled_cells(given, main=main, pairs=pairs, rng=np.random.default_rng(1), alpha=0.01)
    assert wider.factor > found.factor > 1.96


def test_a_combination_near_the_ceiling_is_noisier_than_the_others() -> None:
    both = (LEVELS[0] == 1) & (LEVELS[1] == 1)
    truth = np.where(both, 0.86, 0.97)
    found = pooled_cells(means(truth, residual=0.037), main=MAIN, pairs=PAIRS, rng=np.random.default_rng(5))
    assert found.se[both].mean() > 1.3 * found.se[~both].mean()
    assert (found.mean - found.low)[both].mean() > 1.1 * (found.mean - found.low)[~both].mean()


def test_intervals_hold_near_the_ceiling_for_all_cells_at_once() -> None:
    """A short form. With one noise for all cells: 80.4% of 2,000 tables."""
    whole, _, own = cells_covered(
        items=33, interaction=-0.11, simulations=60, rng=np.random.default_rng(2), accuracy=0.97
    )
    assert whole.value >= 0.92 and own.value >= 0.98


def test_where_nothing_differs_cells_stay_pooled() -> None:
    """Null level: the intervals hold, and are much narrower than those of each cell's own 33 answers would be."""
    rng = np.random.default_rng(7)
    held, width = [], []
    for _ in range(20):
        flat = means(0.7 + rng.normal(0, np.sqrt(0.2 / 33), 81), residual=0.2)
        found = pooled_cells(flat, main=MAIN, pairs=PAIRS, rng=rng)
        held.append(((found.low <= 0.7) & (found.high >= 0.7)).all())
        width.append((found.high - found.low).mean())
    assert np.mean(held) >= 0.9
    assert np.mean(width) < 0.75 * 2 * 3.4 * np.sqrt(0.2 / 33)


def test_a_single_profile_that_stands_alone_is_held() -> None:
    """One of 81 loses 40 points. Pooled alone it is pulled to where the others are: held in 4 of 10 tables."""
    rng = np.random.default_rng(8)
    chance = np.full(81, 0.9)
    chance[40] = 0.5
    held = []
    for _ in range(20):
        noisy = (rng.random((81, 33)) < chance[:, None]).astype(np.float64)
        profile, item = (codes.ravel() for codes in np.indices(noisy.shape))
        given = profile_means(cell_means(noisy.ravel(), item=item, profile=profile), profiles=81)
        found = pooled_cells(given, main=MAIN, pairs=PAIRS, rng=rng)
        held.append(found.low[40] <= 0.5 <= found.high[40])
    assert np.mean(held) >= 0.9


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


def test_the_restricted_likelihood_is_that_of_a_normal_distribution_of_the_residual_contrasts() -> None:
    rng = np.random.default_rng(3)
    basis = np.linalg.qr(rng.normal(size=(6, 4)))[0]
    root = rng.normal(size=(6, 6))
    rest = rng.normal(size=4)
    told = [
        (
            pooled_cells_module._likelihood(basis, rest, whole),
            float(stats.multivariate_normal(np.zeros(4), basis.T @ whole @ basis).logpdf(rest)),
        )
        for whole in (root @ root.T, root @ root.T + np.eye(6), np.diag(np.arange(1.0, 7.0)))
    ]
    constants = [density - likelihood for likelihood, density in told]
    assert constants == pytest.approx([-2 * np.log(2 * np.pi)] * 3)
