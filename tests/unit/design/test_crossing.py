from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evenhand.design.crossing import balanced_subsets, factorial_fractions, orthogonal_fractions
from evenhand.records.profile import Arm
from evenhand.seeds import stream

FACTORS = {
    "gender": ("male", "female", "nonbinary"),
    "age": ("34-65", "18-33", "66+"),
    "religion": ("christian", "muslim", "jewish"),
    "ethnicity": ("white", "black", "asian"),
}


def crossing_arms() -> list[Arm]:
    return [
        Arm(id="/".join(levels), kind="profile", levels=dict(zip(FACTORS, levels, strict=True)), cue="stated")
        for levels in product(*FACTORS.values())
    ]


@given(items=st.integers(1, 80), units=st.integers(1, 30), per_item=st.integers(0, 30), seed=st.integers(0, 99))
def test_every_item_meets_equally_many_units_and_every_unit_equally_many_items(
    items: int, units: int, per_item: int, seed: int
) -> None:
    chosen = balanced_subsets(items, units, per_item=per_item, rng=stream(seed, "x"))
    assert {len(block) for block in chosen} == {min(per_item, units)}
    assert all(len(set(block)) == len(block) for block in chosen)
    counts = Counter(unit for block in chosen for unit in block)
    used = [counts[unit] for unit in range(units)]
    assert max(used) - min(used) <= 1


def test_a_share_below_one_gives_that_share_of_the_items_one_unit() -> None:
    chosen = balanced_subsets(200, 12, per_item=0.25, rng=stream(1, "x"))
    assert sum(len(block) for block in chosen) == 50
    assert max(len(block) for block in chosen) == 1


def test_none_asks_for_the_complete_crossing() -> None:
    assert balanced_subsets(3, 4, per_item=None, rng=stream(1, "x")) == [[0, 1, 2, 3]] * 3


@pytest.mark.parametrize(("runs", "strength"), [(9, 2), (27, 3)])
def test_fractions_are_orthogonal_arrays_and_the_cosets_of_a_code_partition_the_crossing(
    runs: int, strength: int
) -> None:
    codes = orthogonal_fractions(runs)
    assert codes is not None
    assert len({tuple(sorted(map(tuple, cosets[0].tolist()))) for cosets in codes}) == len(codes) == 8
    for cosets in codes:
        assert len({tuple(run) for coset in cosets for run in coset}) == 81
        for coset in cosets:
            for columns in product(range(4), repeat=strength):
                if len(set(columns)) == strength:
                    counts = Counter(map(tuple, coset[:, columns].tolist()))
                    assert set(counts.values()) == {runs // 3**strength}


def test_items_connect_all_profiles_with_each_other() -> None:
    blocks = factorial_fractions(40, crossing_arms(), per_item=9, seed=5)
    reached = set(blocks[0])
    while True:
        wider = reached.union(*(block for block in blocks if reached & set(block)))
        if wider == reached:
            break
        reached = wider
    assert len(reached) == 81


@pytest.mark.parametrize("per_item", [9, 27])
def test_main_effects_are_balanced_within_every_item(per_item: int) -> None:
    arms = crossing_arms()
    blocks = factorial_fractions(40, arms, per_item=per_item, seed=5)
    for block in blocks:
        for factor in FACTORS:
            counts = Counter(arms[index].levels[factor] for index in block)
            assert set(counts.values()) == {per_item // 3}
    used = Counter(index for block in blocks for index in block)
    assert len(used) == 81
    assert max(used.values()) - min(used.values()) <= 1


def test_other_sizes_stay_close_to_balanced() -> None:
    arms = crossing_arms()
    for block in factorial_fractions(12, arms, per_item=6, seed=5):
        for factor in FACTORS:
            counts = Counter(arms[index].levels[factor] for index in block)
            assert max(counts.values()) - min(counts.values()) <= 1


def test_the_same_seed_gives_the_same_crossing_and_another_seed_another() -> None:
    arms = crossing_arms()
    first = factorial_fractions(30, arms, per_item=9, seed=5)
    assert first == factorial_fractions(30, arms, per_item=9, seed=5)
    assert first != factorial_fractions(30, arms, per_item=9, seed=6)


def test_unknown_fraction_sizes_have_no_cosets() -> None:
    assert orthogonal_fractions(10) is None
    assert np.asarray(orthogonal_fractions(9)).shape == (8, 9, 9, 4)


def test_below_one_a_share_of_the_items_meets_every_level_of_every_factor() -> None:
    arms = crossing_arms()
    chosen = factorial_fractions(340, arms, per_item=0.75, seed=3)
    blocks = [block for block in chosen if block]
    assert len(blocks) == 85 and {len(block) for block in blocks} == {3}
    for block in blocks:
        for factor, levels in FACTORS.items():
            assert {arms[index].levels[factor] for index in block} == set(levels)
    used = Counter(index for block in blocks for index in block)
    assert len(used) == 81 and max(used.values()) <= 6


@pytest.mark.parametrize("per_item", [0.75, 3, 9, 27])
def test_the_order_in_which_a_file_lists_the_factors_changes_no_meeting(per_item: float) -> None:
    arms = crossing_arms()
    read_back = [replace(arm, levels=dict(sorted(arm.levels.items()))) for arm in arms]
    assert list(read_back[0].levels) != list(arms[0].levels)
    chosen = [factorial_fractions(40, listed, per_item=per_item, seed=3) for listed in (arms, read_back)]
    assert chosen[0] == chosen[1]
