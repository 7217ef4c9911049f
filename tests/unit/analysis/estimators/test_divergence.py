"""Distances beyond noise: against formulas by hand, every exchange, and their level."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from evenhand.analysis.estimators.divergence import divergence_from_repeats, divergence_of_pairs

Group = tuple[np.ndarray, np.ndarray]


def apart(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.mean((one - two) ** 2))


def beyond(memory: list[np.ndarray], none: list[np.ndarray]) -> tuple[float, float]:
    """(distance between the sides less that within `none`, the latter) by going through the pairs."""
    between = np.mean([apart(one, two) for one in memory for two in none])
    within = np.mean([apart(one, two) for one, two in combinations(none, 2)])
    return float(between - within), float(within)


def item(rng: np.random.Generator, *, memory: int, none: int, numbers: int, shift: float = 0.0) -> Group:
    return rng.normal(shift, 1.0, (memory, numbers)), rng.normal(0.0, 1.0, (none, numbers))


def test_the_distance_from_repeats_is_that_of_all_pairs_of_answers() -> None:
    rng = np.random.default_rng(1)
    groups = [item(rng, memory=3, none=2, numbers=4), item(rng, memory=1, none=4, numbers=2, shift=1.0)]
    found = divergence_from_repeats(groups, rng=rng)
    assert found is not None
    by_hand = [beyond(list(memory), list(none)) for memory, none in groups]
    assert found.value == pytest.approx(np.mean([value for value, _ in by_hand]))
    assert found.noise == pytest.approx(np.mean([within for _, within in by_hand]))


def test_items_without_two_repeats_or_an_answer_with_memory_are_left_out() -> None:
    rng = np.random.default_rng(2)
    whole = item(rng, memory=2, none=3, numbers=3, shift=0.5)
    short = [item(rng, memory=2, none=1, numbers=3), item(rng, memory=0, none=3, numbers=3)]
    alone = divergence_from_repeats([whole], rng=np.random.default_rng(5))
    assert divergence_from_repeats([short[0], whole, short[1]], rng=np.random.default_rng(5)) == alone
    assert divergence_from_repeats(short, rng=rng) is None


def test_the_p_from_repeats_is_that_of_all_exchanges_of_labels() -> None:
    rng = np.random.default_rng(3)
    groups = [item(rng, memory=2, none=2, numbers=2, shift=0.8), item(rng, memory=1, none=3, numbers=2, shift=0.8)]
    ways = []
    for memory, none in groups:
        answers = [*none, *memory]
        ways.append(
            [
                beyond([answers[k] for k in range(len(answers)) if k not in kept], [answers[k] for k in kept])[0]
                for kept in combinations(range(len(answers)), len(none))
            ]
        )
    observed = sum(way[0] for way in ways)
    exact = np.mean([sum(one) >= observed - 1e-9 for one in product(*ways)])
    found = divergence_from_repeats(groups, rng=rng, exchanges=20_000)
    assert found is not None
    assert found.p == pytest.approx(exact, abs=4 * np.sqrt(0.25 / 20_000))


def test_repeats_are_no_divergence_and_a_shift_is() -> None:
    rng = np.random.default_rng(4)
    level, moved, values = 0, 0, []
    for _ in range(120):
        null = divergence_from_repeats(
            [item(rng, memory=3, none=3, numbers=2) for _ in range(5)], rng=rng, exchanges=99
        )
        far = divergence_from_repeats(
            [item(rng, memory=3, none=3, numbers=2, shift=2.0) for _ in range(5)], rng=rng, exchanges=99
        )
        assert null is not None and far is not None
        level += null.p < 0.05
        moved += far.p < 0.05
        values.append((null.value, far.value))
    # 5% of 120 are 6 with a standard deviation of 2.4; a shift of 2 adds its square to the distance.
    assert level <= 14
    assert moved >= 105
    assert np.mean(values, axis=0) == pytest.approx([0.0, 4.0], abs=0.3)


def pairs(rng: np.random.Generator, *, sets: int, numbers: int, gap: float = 0.0) -> tuple[np.ndarray, ...]:
    """Two differences of every set and number, with a set's own shift."""
    code = np.repeat(np.arange(sets), 2 * numbers)
    number = np.tile(np.repeat(np.arange(numbers), 2), sets)
    own = rng.normal(0.0, 0.5, (sets, numbers))
    return gap + own[code, number] + rng.normal(0.0, 1.0, code.size), number, code


def test_the_distance_of_pairs_is_the_sum_over_different_sets() -> None:
    difference, number, sets = pairs(np.random.default_rng(5), sets=4, numbers=3, gap=0.6)
    # One set lacks a number, and so has a smaller share in it.
    keep = ~((sets == 2) & (number == 1))
    difference, number, sets = difference[keep], number[keep], sets[keep]
    found = divergence_of_pairs(difference, number=number, sets=sets, rng=np.random.default_rng(0))
    assert found is not None
    values, noises = [], []
    for one in range(3):
        sums = [difference[(sets == s) & (number == one)].sum() for s in range(4)]
        counts = [int(((sets == s) & (number == one)).sum()) for s in range(4)]
        different = [(s, t) for s in range(4) for t in range(4) if s != t]
        weight = sum(counts[s] * counts[t] for s, t in different)
        values.append(sum(sums[s] * sums[t] for s, t in different) / weight)
        noises.append(sum(value**2 for value in sums) / weight)
    assert found.value == pytest.approx(np.mean(values))
    assert found.noise == pytest.approx(np.mean(noises))


def test_the_p_of_pairs_is_that_of_all_exchanges_of_whole_sets() -> None:
    difference, number, sets = pairs(np.random.default_rng(6), sets=5, numbers=2, gap=0.5)
    sums = np.array([[difference[(sets == s) & (number == one)].sum() for one in range(2)] for s in range(5)])
    weight = 10**2 - 5 * 2**2

    def value(signs: tuple[float, ...]) -> float:
        return float((((np.array(signs) @ sums) ** 2 - (sums**2).sum(axis=0)) / weight).mean())

    observed = value((1.0,) * 5)
    exact = np.mean([value(signs) >= observed - 1e-9 for signs in product((1.0, -1.0), repeat=5)])
    found = divergence_of_pairs(difference, number=number, sets=sets, rng=np.random.default_rng(1), exchanges=20_000)
    assert found is not None
    assert found.value == pytest.approx(observed)
    assert found.p == pytest.approx(exact, abs=4 * np.sqrt(0.25 / 20_000))


def test_numbers_of_one_set_alone_say_nothing_of_pairs() -> None:
    rng = np.random.default_rng(7)
    difference, number, sets = pairs(rng, sets=3, numbers=2, gap=0.4)
    alone = np.append(difference, 9.0), np.append(number, 2), np.append(sets, 0)
    shared = divergence_of_pairs(difference, number=number, sets=sets, rng=np.random.default_rng(2))
    assert divergence_of_pairs(alone[0], number=alone[1], sets=alone[2], rng=np.random.default_rng(2)) == shared
    one = divergence_of_pairs(np.ones(3), number=np.arange(3), sets=np.zeros(3, dtype=np.int64), rng=rng)
    nothing = divergence_of_pairs(np.ones(0), number=np.zeros(0, int), sets=np.zeros(0, int), rng=rng)
    assert one is None and nothing is None


def test_the_least_p_is_one_in_all_exchanges_on_any_scale() -> None:
    rng = np.random.default_rng(8)
    near = [(1.0 + rng.normal(0.0, 1e-4, (4, 2)), rng.normal(0.0, 1e-4, (4, 2))) for _ in range(6)]
    for exchanges in (999, 49):
        found = divergence_from_repeats([(one / 1e3, two / 1e3) for one, two in near], rng=rng, exchanges=exchanges)
        assert found is not None and found.p == 1 / (exchanges + 1)
    usual = divergence_from_repeats(near, rng=rng)
    assert usual is not None and usual.p == 1 / 1000
    sets, number = np.arange(30), np.zeros(30, dtype=np.int64)
    for exchanges in (1999, 49):
        moved = divergence_of_pairs(
            1e-3 + rng.normal(0.0, 1e-5, 30), number=number, sets=sets, rng=rng, exchanges=exchanges
        )
        assert moved is not None and moved.p == 1 / (exchanges + 1)
    moved = divergence_of_pairs(np.full(30, 1.0), number=number, sets=sets, rng=rng)
    assert moved is not None and moved.p == 1 / 2000
