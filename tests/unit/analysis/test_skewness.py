"""Skewness of crossed estimates."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from evenhand.analysis.estimators.equivalence import skewed_tail, tost_p
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.skewness import third_cumulant
from evenhand.analysis.estimators.student import survival
from evenhand.selftest.ceiling import Reaction, rare_reactions


def test_the_third_cumulant_of_items_alone_is_that_of_their_mean() -> None:
    effects = np.zeros(12)
    effects[0] = 1.2
    table = np.tile(effects, (9, 1))
    found = paired_gap(table)
    # Unbiased third moment of 12 numbers over 12 squared.
    off = effects - effects.mean()
    assert found.third == pytest.approx(12 / (11 * 10) * float((off**3).sum()) / 144, rel=1e-9)


def test_an_item_that_answers_at_random_is_no_strong_reaction() -> None:
    rng = np.random.default_rng(3)
    noisy, reacting = np.zeros((30, 33)), np.zeros((30, 33))
    noisy[:, 0] = rng.choice([-1.0, 0.0, 1.0], 30, p=[0.22, 0.45, 0.33])
    reacting[:, 0] = (rng.random(30) < 0.6).astype(float)

    def skewness(table: np.ndarray) -> float:
        found = paired_gap(table)
        return abs(found.third) / found.se**3

    assert skewness(reacting) > 0.8 > 0.4 > skewness(noisy)


def test_a_margin_farther_away_is_never_harder_to_keep() -> None:
    tails = [skewed_tail(distance, se=0.01, df=30, third=0.3e-6) for distance in np.linspace(0, 0.5, 60)]
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(tails))
    assert tails[0] > 0.5
    assert tails[-1] < 1e-6


def test_what_one_strong_unit_carries_is_small_only_beside_a_margin_that_is_far_away() -> None:
    one = np.zeros((30, 33))
    one[:, 0] = np.tile([1.0, 0.0], 15)
    found = paired_gap(one)
    # One of 33 items reacts by 50 points. Margins of 10, 20 and 35 points stand for 20, 40 and 70% of such items.
    plain = tost_p(found.estimate, se=found.se, df=found.df, margin=0.1)
    assert plain < 0.001
    near, far, farther = (
        tost_p(found.estimate, se=found.se, df=found.df, margin=margin, third=found.third)
        for margin in (0.1, 0.2, 0.35)
    )
    assert near > 0.05 > far > farther
    # At most one such item among 33, were there 20% of them: 0.6%. The tail is never below the exact one.
    assert near > stats.binom(33, 0.2).cdf(1)


@pytest.mark.parametrize(("number", "seen", "share"), [(33, 1, 0.1), (120, 1, 0.05), (240, 1, 0.03), (240, 2, 0.05)])
def test_the_tail_of_rare_whole_reactions_is_no_smaller_than_the_exact_one_as_students_is(
    number: int, seen: int, share: float
) -> None:
    found = paired_gap((np.arange(number) < seen).astype(float)[None, :])
    tail = skewed_tail(share - found.estimate, se=found.se, df=found.df, third=found.third)
    exact = float(stats.binom(number, share).cdf(seen))
    assert tost_p(found.estimate, se=found.se, df=found.df, margin=share) < exact / 5 < exact <= tail < 0.2


def test_without_skewness_the_tail_is_students() -> None:
    assert skewed_tail(0.02, se=0.01, df=12, third=0.0) == pytest.approx(survival(2.0, df=12))
    assert third_cumulant(np.array([1.0, -1.0]), groups=()) == 0.0


CASES = [
    (Reaction(who="items", share=0.03, size=1.0), (30, 33)),
    (Reaction(who="items", share=0.05, size=0.6), (60, 120)),
    (Reaction(who="personas", share=0.05, size=0.6), (30, 120)),
    (Reaction(who="personas", share=0.05, size=0.6), (60, 120)),
]


@pytest.mark.parametrize("accuracy", [None, 0.97, 0.8])
@pytest.mark.parametrize(("reaction", "shape"), CASES)
def test_rare_strong_reactions_at_the_margin_are_not_called_equivalent(
    reaction: Reaction, shape: tuple[int, int], accuracy: float | None
) -> None:
    """A short form; the calibration bench has the long one.

    Student's test and pairs as units: 36, 12 and 20%; without the units that are not here, sampled answers: 33 and 15%.
    """
    wrong, right = rare_reactions(
        reaction, shape=shape, simulations=100, rng=np.random.default_rng(11), accuracy=accuracy
    )
    # 5.5% of 100, and two standard errors.
    assert wrong.value <= 0.10
    if accuracy == 0.97 and shape[0] == 60:
        assert right.value >= 0.8


def test_an_assistant_with_a_few_flips_is_still_cleared() -> None:
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(60):
        flips = (rng.random((30, 33)) < 0.02).astype(float) - (rng.random((30, 33)) < 0.02)
        found = paired_gap(flips)
        hits += tost_p(found.estimate, se=found.se, df=found.df, margin=0.03, third=found.third) < 0.05
    assert hits >= 57
