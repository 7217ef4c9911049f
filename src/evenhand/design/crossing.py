"""Which item meets which arm: complete crossings, or balanced incomplete ones.

A smaller design is never a truncated list. Every item meets equally many matched sets, every set equally many
items (up to one), both versions of a set always come together, and the intersectional profiles an item meets form
an orthogonal fraction of the crossing where one exists, so that main effects are balanced within every item.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from evenhand.records.profile import Arm
from evenhand.seeds import stream

__all__ = ["balanced_subsets", "factorial_fractions", "orthogonal_fractions"]


def balanced_subsets(items: int, units: int, *, per_item: float | None, rng: np.random.Generator) -> list[list[int]]:
    """For every item, the units it meets, so that all units are met equally often.

    Items take the least-used units first, ties in random order, so that the counts of any two units never differ
    by more than one.

    Args:
        items: Number of items.
        units: Number of units (matched sets, placebo profiles).
        per_item: Units every item meets; a fraction below one gives that share of the items one unit each; None
            gives every item all units.
        rng: Stream that breaks ties and chooses the items that meet one.
    """
    if per_item is None or per_item >= units:
        return [list(range(units)) for _ in range(items)]
    used = np.zeros(units, dtype=np.int64)
    whole = int(per_item)
    extra = round((per_item - whole) * items)
    with_extra = set(rng.permutation(items)[:extra].tolist())
    chosen: list[list[int]] = []
    for item in range(items):
        take = whole + (item in with_extra)
        order = np.lexsort((rng.random(units), used))[:take]
        used[order] += 1
        chosen.append(sorted(order.tolist()))
    return chosen


def orthogonal_fractions(per_item: int) -> NDArray[np.int64] | None:
    """The orthogonal fractions of the 3^4 crossing, code by code, each with its cosets.

    With 9 runs a code is x3 = s1 x1 + s2 x2 + a, x4 = t1 x1 + t2 x2 + b over GF(3) with signs s and t that are not
    proportional: an orthogonal array OA(9, 4, 3, 2). With 27 it is x4 = s1 x1 + s2 x2 + s3 x3 + a, of strength 3. The
    cosets of one code partition the crossing; cosets of different codes overlap, so that items which meet fractions of
    several codes connect all profiles with each other.

    Returns:
        Array (codes, cosets, runs, 4) of level indices, or None for other sizes. Source: Hedayat, Sloane and Stufken
        (1999), Orthogonal Arrays.
    """
    signs = (1, 2)
    if per_item == 9:
        one, two = np.array(list(np.ndindex(3, 3)), dtype=np.int64).T
        codes = [
            [
                np.stack([one, two, (s1 * one + s2 * two + a) % 3, (t1 * one + t2 * two + b) % 3], axis=1)
                for a, b in np.ndindex(3, 3)
            ]
            for s1, s2, t1, t2 in product(signs, repeat=4)
            if s1 * t2 % 3 != s2 * t1 % 3
        ]
        return np.array(codes)
    if per_item == 27:
        cube = np.array(list(np.ndindex(3, 3, 3)), dtype=np.int64)
        codes = [
            [np.column_stack([cube, (cube @ np.array(sign) + a) % 3]) for a in range(3)]
            for sign in product(signs, repeat=3)
        ]
        return np.array(codes)
    return None


def factorial_fractions(items: int, arms: Sequence[Arm], *, per_item: int | float | None, seed: int) -> list[list[int]]:
    """For every item, the profiles of a crossing it meets.

    Args:
        items: Number of items.
        arms: The profiles of one crossing in one cue style.
        per_item: Profiles every item meets; None: all; below one: so many on average, by a share of the items that
            meets as many profiles as the largest factor has levels.
        seed: Root seed of the plan.

    Returns:
        Indices into `arms`. A crossing of four factors of three levels with 9 or 27 profiles per item uses
        orthogonal fractions; every other case takes, one by one, the profile whose levels the item has met least,
        then the profile used least overall.
    """
    if per_item is None or per_item >= len(arms):
        return [list(range(len(arms))) for _ in range(items)]
    rng = stream(seed, "design", "fractions", arms[0].cue or "")
    factors = {factor: list(dict.fromkeys(arm.levels[factor] for arm in arms)) for factor in sorted(arms[0].levels)}
    if per_item < 1:
        block = max(len(levels) for levels in factors.values())
        taking = sorted(rng.permutation(items)[: round(per_item * items / block)].tolist())
        blocks = iter(_level_balanced(len(taking), arms, per_item=block, rng=rng))
        return [next(blocks) if item in taking else [] for item in range(items)]
    per_item = int(per_item)
    codes = orthogonal_fractions(per_item)
    if codes is not None and len(arms) == 81 and [len(levels) for levels in factors.values()] == [3, 3, 3, 3]:
        where = {tuple(arm.levels[factor] for factor in factors): index for index, arm in enumerate(arms)}
        names = list(factors.values())
        chosen: list[list[int]] = []
        for lap in range(-(-items // codes.shape[1])):
            if lap % len(codes) == 0:
                order = rng.permutation(len(codes))
            for turn in rng.permutation(codes.shape[1]):
                runs = codes[order[lap % len(codes)], turn]
                chosen.append(sorted(where[tuple(names[f][level] for f, level in enumerate(run))] for run in runs))
        return chosen[:items]
    return _level_balanced(items, arms, per_item=per_item, rng=rng)


def _level_balanced(items: int, arms: Sequence[Arm], *, per_item: int, rng: np.random.Generator) -> list[list[int]]:
    names = sorted({level for arm in arms for level in arm.levels.items()})
    has = np.array([[level in arm.levels.items() for level in names] for arm in arms], dtype=np.int64)
    shared = has @ has.T
    used = np.zeros(len(arms), dtype=np.int64)
    chosen: list[list[int]] = []
    for _ in range(items):
        order = rng.permutation(len(arms))
        met = np.zeros(len(arms), dtype=np.int64)
        block: list[int] = []
        for _ in range(per_item):
            best = int(order[np.lexsort((used[order], met[order]))[0]])
            order = order[order != best]
            block.append(best)
            met += shared[best]
            used[best] += 1
        chosen.append(sorted(block))
    return chosen
