"""Intervals of all cells at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from evenhand.analysis.estimators.cell_intervals import PooledMaps, cell_intervals
from evenhand.analysis.estimators.cell_noise import mean_covariance, variance_at
from evenhand.analysis.estimators.profile_variance import ProfileMeans

Array = npt.NDArray[np.float64]
ITEMS = 40


def unpooled(values: Array, *, residual: float) -> ProfileMeans:
    count = values.size
    return ProfileMeans(
        means=values,
        covariance=np.eye(count) / ITEMS,
        residual=residual,
        item_variance=0.0,
        degrees=(count - 1) * (ITEMS - 1),
        met=np.ones((count, ITEMS)),
    )


def intervals(means: ProfileMeans, *, maps: Array, factor: float) -> tuple[Array, Array, Array]:
    pooling = PooledMaps(maps=maps[None], share=np.ones(1))
    mean = pooling.of(means.means)
    variance = variance_at(means, centre=mean)
    noise = mean_covariance(means.met, variance=variance(mean))
    answers = pooling.around(noise)
    low, high = cell_intervals(
        means,
        pooled=mean,
        maps=pooling,
        covariance=answers,
        answers=np.diag(answers),
        noise=noise,
        variance=variance,
        factor=factor,
    )
    return mean, low, high


def wilson(share: float, *, answers: int, factor: float) -> tuple[float, float]:
    middle = (share + factor**2 / (2 * answers)) / (1 + factor**2 / answers)
    half = factor / (1 + factor**2 / answers)
    half *= float(np.sqrt(share * (1 - share) / answers + factor**2 / (4 * answers**2)))
    return middle - half, middle + half


def test_without_pooling_the_lower_end_is_that_of_a_share_and_the_upper_no_nearer_than_the_noise_at_the_mean() -> None:
    shares = np.array([0.9, 0.8, 0.7])
    # A residual variance as large as that of the shares themselves: c is 1.
    means = unpooled(shares, residual=float(np.mean(shares * (1 - shares))))
    _, low, high = intervals(means, maps=np.eye(3), factor=2.5)
    for place, share in enumerate(shares):
        assert low[place] == pytest.approx(wilson(share, answers=ITEMS, factor=2.5)[0], abs=1e-5)
        assert high[place] == pytest.approx(share + 2.5 * np.sqrt(share * (1 - share) / ITEMS), abs=1e-5)


def test_a_cell_that_stands_alone_keeps_the_interval_of_its_own_answers() -> None:
    values = np.array([0.9] * 8 + [0.5])
    together = np.full((9, 9), 1 / 9)
    means = unpooled(values, residual=0.09)
    mean, low, high = intervals(means, maps=together, factor=2.7)
    assert mean == pytest.approx(np.full(9, values.mean()))
    assert low[8] < 0.5 - 2.7 * np.sqrt(0.09 / ITEMS) < 0.4
    assert low[:8] == pytest.approx(np.full(8, low[0])) and low[0] > 0.75
    assert high == pytest.approx(np.full(9, high[0]))
    # Where it is within what noise explains, pooling is believed.
    near = unpooled(np.array([0.9] * 8 + [0.8]), residual=0.09)
    _, low, _ = intervals(near, maps=together, factor=2.7)
    assert low == pytest.approx(np.full(9, low[0]))


def test_cells_that_are_pooled_with_a_cell_move_with_it() -> None:
    """Of nine cells pooled to one mean all are as noisy as the end says; of a cell alone only its own noise changes."""
    values = np.full(9, 0.95)
    means = unpooled(values, residual=0.0475)
    _, low, _ = intervals(means, maps=np.full((9, 9), 1 / 9), factor=3.0)
    assert low == pytest.approx(np.full(9, wilson(0.95, answers=9 * ITEMS, factor=3.0)[0]), abs=1e-5)


def test_a_cell_is_alone_from_where_noise_takes_1_in_100() -> None:
    """Nine cells pooled to one mean: a cell's distance from it has the SD sqrt(0.09 / 40 * 8 / 9), 4.5 points."""
    alone = {}
    for away in (2.2, 3.0):
        drop = away * np.sqrt(0.09 / ITEMS * 8 / 9) * 9 / 8
        means = unpooled(np.array([0.9] * 8 + [0.9 - drop]), residual=0.09)
        _, low, _ = intervals(means, maps=np.full((9, 9), 1 / 9), factor=2.7)
        alone[away] = bool(low[8] < low[0] - 0.05)
    assert alone == {2.2: False, 3.0: True}


def test_the_interval_of_a_cell_that_is_alone_holds_the_pooled_one_too() -> None:
    means = unpooled(np.array([0.5] * 8 + [0.95]), residual=0.2)
    _, low, high = intervals(means, maps=np.full((9, 9), 1 / 9), factor=2.7)
    assert low == pytest.approx(np.full(9, low[0]))
    assert high[8] > 0.95 > high[0]


def test_an_end_is_where_the_noise_of_the_cell_and_of_those_with_it_says() -> None:
    """Uneven numbers of answers, and means that are half a cell's own and half that of all: by bisection."""
    met = np.ones((3, ITEMS))
    met[0, 10:] = 0.0
    shares = np.array([0.93, 0.95, 0.94])
    means = ProfileMeans(
        means=shares, covariance=np.eye(3) / ITEMS, residual=0.05, item_variance=0.0, degrees=60, met=met
    )
    half = 0.5 * np.eye(3) + 0.5 / 3
    mean, low, _ = intervals(means, maps=half, factor=2.0)
    variance = variance_at(means, centre=mean)
    errors = half @ mean_covariance(met, variance=variance(mean)) @ half.T
    weight = half**2 / met.sum(axis=1)
    for cell in range(3):
        near, far = 0.0, 0.9
        for _ in range(60):
            off = (near + far) / 2
            there = variance(mean - off * errors[cell] / errors[cell, cell])
            noise = errors[cell, cell] * (weight[cell] @ there) / (weight[cell] @ variance(mean))
            near, far = (off, far) if off**2 < 4.0 * noise else (near, off)
        assert mean[cell] - low[cell] == pytest.approx(near, abs=1e-5)
