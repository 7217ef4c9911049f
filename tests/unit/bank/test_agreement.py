"""Agreement coefficients against worked examples from the literature."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as reference_kappa

from evenhand.bank.agreement import (
    Metric,
    agreement_interval,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    mean_cohen_kappa,
)
from evenhand.seeds import stream

NO = np.nan
KRIPPENDORFF = np.array(
    [
        [1, 1, NO, 1],
        [2, 2, 3, 2],
        [3, 3, 3, 3],
        [3, 3, 3, 3],
        [2, 2, 2, 2],
        [1, 2, 3, 4],
        [4, 4, 4, 4],
        [1, 1, 2, 1],
        [2, 2, 2, 2],
        [NO, 5, 5, 5],
        [NO, NO, 1, 1],
        [NO, NO, 3, NO],
    ]
)
"""Krippendorff (2011), section C to E: 12 units, 4 raters, 5 values, missing ratings."""
FLEISS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)
"""The usual textbook table: 10 units, 14 raters, 5 categories; kappa is 0.210."""


def from_counts(counts: NDArray[np.int_]) -> NDArray[np.float64]:
    return np.array([np.repeat(np.arange(len(row)), row) for row in counts], dtype=np.float64)


@pytest.mark.parametrize(
    ("metric", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_is_the_published_one_for_every_metric(metric: Metric, value: float) -> None:
    assert krippendorff_alpha(KRIPPENDORFF, metric=metric) == pytest.approx(value, abs=0.0005)


def test_alpha_of_binary_ratings_by_two_raters_is_the_published_one() -> None:
    # Krippendorff (2011), section A: 10 units, 4 disagreements; 1 - 19 * 8 / (2 * 14 * 6) = 0.095.
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    ratings = np.array([first, second], dtype=np.float64).T
    assert krippendorff_alpha(ratings) == pytest.approx(0.095, abs=0.0005)


def test_kappa_is_the_published_one_and_that_of_statsmodels() -> None:
    assert fleiss_kappa(from_counts(FLEISS)) == pytest.approx(0.210, abs=0.0005)
    assert fleiss_kappa(from_counts(FLEISS)) == pytest.approx(reference_kappa(FLEISS), abs=1e-12)


def from_table(table: list[list[int]]) -> NDArray[np.float64]:
    """Units by two raters from how often each pair of categories was used."""
    pairs = [(row, column) for row, counts in enumerate(table) for column, n in enumerate(counts) for _ in range(n)]
    return np.array(pairs, dtype=np.float64)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ([[53, 5, 2], [11, 14, 5], [1, 6, 3]], 0.429),  # Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72
        ([[20, 5], [10, 15]], 0.4),  # by hand: agreed 0.7, by chance 0.5
    ],
)
def test_cohens_kappa_is_the_published_one_and_that_of_statsmodels(table: list[list[int]], value: float) -> None:
    ratings = from_table(table)
    found = cohen_kappa(ratings[:, 0], ratings[:, 1])
    assert found == pytest.approx(value, abs=0.0005)
    assert found == pytest.approx(cohens_kappa(np.array(table)).kappa, abs=1e-12)
    assert mean_cohen_kappa(ratings) == found


def test_the_mean_of_cohens_kappa_leaves_out_pairs_for_whom_it_is_undefined() -> None:
    ratings = np.array([[0, 0, NO], [1, 1, NO], [0, 1, 1], [1, 1, 1]], dtype=np.float64)
    first = cohen_kappa(ratings[:, 0], ratings[:, 1])
    second = cohen_kappa(ratings[:, 0], ratings[:, 2])
    assert np.isnan(cohen_kappa(ratings[:, 1], ratings[:, 2]))
    assert mean_cohen_kappa(ratings) == pytest.approx((first + second) / 2)
    assert np.isnan(mean_cohen_kappa(ratings[:, :1]))


def test_perfect_agreement_is_one() -> None:
    ratings = np.array([[1, 1, 1], [0, 0, 0], [1, 1, NO]])
    assert krippendorff_alpha(ratings) == 1.0
    assert fleiss_kappa(ratings) == 1.0


def test_neither_order_of_raters_nor_of_units_matters() -> None:
    rng = stream(3, "test", "agreement")
    shuffled = rng.permutation(rng.permutation(KRIPPENDORFF, axis=0), axis=1)
    assert krippendorff_alpha(shuffled) == pytest.approx(krippendorff_alpha(KRIPPENDORFF))
    assert fleiss_kappa(shuffled) == pytest.approx(fleiss_kappa(KRIPPENDORFF))


@pytest.mark.parametrize("ratings", [[[1, 1], [1, 1]], [[1, NO], [NO, 0]], [[NO, NO], [NO, NO]]])
def test_agreement_without_two_values_or_two_ratings_is_undefined(ratings: list[list[float]]) -> None:
    matrix = np.array(ratings, dtype=np.float64)
    assert np.isnan(krippendorff_alpha(matrix))
    assert np.isnan(fleiss_kappa(matrix))
    interval = agreement_interval(matrix, krippendorff_alpha, rng=stream(1, "test"), resamples=20)
    assert np.isnan([interval.value, interval.low, interval.high]).all()


def test_the_interval_holds_the_value_and_narrows_with_more_units() -> None:
    few = agreement_interval(KRIPPENDORFF, krippendorff_alpha, rng=stream(1, "few"), resamples=400)
    many = agreement_interval(np.tile(KRIPPENDORFF, (20, 1)), krippendorff_alpha, rng=stream(1, "many"), resamples=400)
    assert few.low < few.value < few.high
    assert many.high - many.low < 0.5 * (few.high - few.low)
    assert few.units == 11


def test_the_interval_depends_on_the_generator_alone() -> None:
    first, second = (
        agreement_interval(KRIPPENDORFF, fleiss_kappa, rng=stream(5, "same"), resamples=50) for _ in range(2)
    )
    assert first == second


def test_intervals_cover_the_value_of_the_population_about_as_often_as_they_say() -> None:
    rng = stream(11, "coverage")
    covered = 0
    share, noise = 0.3, 0.1
    wrong = share * noise + (1 - share) * noise
    marked = share * (1 - noise) + (1 - share) * noise
    population = 1 - 2 * wrong * (1 - noise) / (2 * marked * (1 - marked))
    for _ in range(60):
        truth = rng.random(120) < share
        ratings = (truth[:, None] ^ (rng.random((120, 5)) < noise)).astype(np.float64)
        interval = agreement_interval(ratings, fleiss_kappa, rng=rng, resamples=150)
        covered += interval.low <= population <= interval.high
    assert covered >= 50
