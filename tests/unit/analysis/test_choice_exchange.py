"""Exchange of chosen options."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest

from evenhand.analysis.estimators.choice_exchange import choice_exchange_p


def counts(rng: np.random.Generator, chances: list[float], times: int, questions: int = 20) -> np.ndarray:
    return rng.multinomial(times, chances, size=questions)


def test_the_level_is_kept_and_a_change_of_choices_is_found() -> None:
    rng = np.random.default_rng(0)
    null = [
        choice_exchange_p(
            counts(rng, [0.7, 0.2, 0.1], 12), baseline=counts(rng, [0.7, 0.2, 0.1], 3), rng=rng, draws=199
        )
        for _ in range(200)
    ]
    # 5% of 200 are 10, with a standard deviation of 3.
    assert sum(p < 0.05 for p in null) <= 19
    moved = choice_exchange_p(counts(rng, [0.1, 0.2, 0.7], 12), baseline=counts(rng, [0.9, 0.05, 0.05], 3), rng=rng)
    assert moved <= 0.002


def test_choices_that_never_vary_or_were_asked_once_say_nothing() -> None:
    rng = np.random.default_rng(0)
    alike = np.array([[5, 0], [0, 5]])
    assert choice_exchange_p(alike, baseline=alike, rng=rng) == 1.0
    assert choice_exchange_p(np.array([[3, 2]]), baseline=np.array([[1, 0]]), rng=rng) == 1.0


def every_deal(arm: list[list[int]], baseline: list[list[int]]) -> float:
    """The p by going through every way in which the choices can be dealt to the two sides."""
    sides = [np.array(arm), np.array(baseline)]
    weights = sides[0].sum(axis=1) / sides[0].sum()
    deals = []
    for mine, theirs in zip(arm, baseline, strict=True):
        pool = [option for option, times in enumerate(np.add(mine, theirs)) for _ in range(times)]
        excesses = []
        for chosen in combinations(range(len(pool)), sum(theirs)):
            own = [pool[place] for place in chosen]
            others = [pool[place] for place in range(len(pool)) if place not in chosen]
            between = np.mean([one != two for one in own for two in others])
            within = np.mean([one != two for one, two in permutations(own, 2)])
            excesses.append(float(between - within))
        deals.append(excesses)
    observed = 0.0
    for weight, mine, theirs in zip(weights, arm, baseline, strict=True):
        own = [option for option, times in enumerate(theirs) for _ in range(times)]
        others = [option for option, times in enumerate(mine) for _ in range(times)]
        between = np.mean([one != two for one in own for two in others])
        observed += weight * (between - np.mean([one != two for one, two in permutations(own, 2)]))
    totals = [abs(sum(w * one for w, one in zip(weights, found, strict=True))) for found in product(*deals)]
    return float(np.mean([total >= abs(observed) - 1e-9 for total in totals]))


@pytest.mark.parametrize(
    ("arm", "baseline"),
    [
        ([[2, 1, 0], [0, 3, 0]], [[0, 2, 0], [1, 0, 1]]),
        ([[4, 0], [1, 1]], [[1, 2], [0, 2]]),
        ([[0, 0, 3]], [[2, 1, 0]]),
    ],
)
def test_the_p_is_that_of_all_deals(arm: list[list[int]], baseline: list[list[int]]) -> None:
    exact = every_deal(arm, baseline)
    found = choice_exchange_p(np.array(arm), baseline=np.array(baseline), rng=np.random.default_rng(4), draws=20_000)
    assert 0.03 < exact <= 1.0
    assert found == pytest.approx(exact, abs=4 * np.sqrt(0.25 / 20_000))


def test_questions_without_two_choices_on_the_side_of_the_baseline_are_left_out() -> None:
    arm, baseline = [[4, 0], [1, 1]], [[1, 2], [0, 2]]
    whole = choice_exchange_p(np.array(arm), baseline=np.array(baseline), rng=np.random.default_rng(7))
    more = choice_exchange_p(
        np.array([*arm, [9, 0], [0, 0]]), baseline=np.array([*baseline, [0, 1], [3, 1]]), rng=np.random.default_rng(7)
    )
    assert more == whole
    # Of one choice of each option on either side no deal is less extreme: all draws count, and the observed one.
    even = np.array([[1, 1]])
    assert choice_exchange_p(even, baseline=even, rng=np.random.default_rng(7), draws=49) == 1.0
    # The least that draws can show is one in all of them.
    far = choice_exchange_p(
        np.array([[40, 0]] * 9), baseline=np.array([[0, 9]] * 9), rng=np.random.default_rng(7), draws=49
    )
    assert far == 1 / 50
