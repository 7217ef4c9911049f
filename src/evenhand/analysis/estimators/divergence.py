"""How far whole answers diverge between arms, beyond how far repeats diverge: squared distances without their noise.

Two questions, two statistics, both zero on average where nothing differs, so both can be negative.

*Away from no memory*: within an item, the mean squared distance between answers with memory and answers without, minus
that between repeats without memory. Tested by exchanging the labels "with" and "without" among an item's answers.

*Between two versions of a user*: for every number the mean difference over all pairs, squared, without the part that
single pairs contribute by their own noise (products of different pairs only). Tested by exchanging the versions within
matched sets. It sees differences that point the same way from pair to pair, and not those that reverse.

Both are means over the numbers of an answer, so their unit is that of one number, squared.

References:
    Székely and Rizzo (2013), J. Statistical Planning and Inference 143:1249-1272 (distances within and between).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

__all__ = [
    "Divergence",
    "DivergenceChange",
    "beyond_repeats",
    "divergence_change_of_pairs",
    "divergence_from_repeats",
    "divergence_of_pairs",
]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_ROUNDING = 1e-12


class Divergence(Struct, frozen=True, kw_only=True):
    """A squared distance beyond noise."""

    value: float
    """Mean over the numbers of an answer, squared units; may be negative."""
    noise: float
    """Mean squared distance between repeats, which was taken off; of pairs, what the pairs' own noise contributes."""
    p: float
    """One-sided: the share of exchanges with a value at least as large, the observed one counted."""


class DivergenceChange(Struct, frozen=True, kw_only=True):
    """A squared distance beyond noise of the same pairs, asked twice."""

    before: float
    """As they were asked first."""
    after: float
    """As they were asked the second time."""
    p: float
    """Two-sided, of after minus before: the share of exchanges that are at least as far from zero, the observed one
    counted."""


def divergence_from_repeats(
    groups: Sequence[tuple[Array, Array]], *, rng: np.random.Generator, exchanges: int = 999
) -> Divergence | None:
    """Squared distance between answers with and without memory, beyond that between repeats without.

    Args:
        groups: For every item the answers with memory and those without, a row an answer, a column a number.
        rng: Stream of the exchanges.
        exchanges: Their number.

    Returns:
        None where no item has an answer with memory and two without.
    """
    used = [(memory, none) for memory, none in groups if len(memory) >= 1 and len(none) >= 2]
    if not used:
        return None
    observed, noise, drawn = 0.0, 0.0, np.zeros(exchanges)
    for memory, none in used:
        stacked = np.concatenate([none, memory])
        apart = ((stacked[:, None, :] - stacked[None, :, :]) ** 2).mean(axis=2)
        first = np.arange(len(none))[None, :]
        value, within = _beyond(apart, first)
        observed += float(value[0])
        noise += float(within[0])
        picks = rng.random((exchanges, len(stacked))).argsort(axis=1)[:, : len(none)]
        drawn += _beyond(apart, picks)[0]
    p = (1 + int((drawn >= observed - _ROUNDING).sum())) / (exchanges + 1)
    return Divergence(value=observed / len(used), noise=noise / len(used), p=p)


def _beyond(apart: Array, none: Codes) -> tuple[Array, Array]:
    """(distance between the two sides beyond that within `none`, distance within `none`), a row of labels each."""
    count, total = none.shape[1], len(apart)
    inner = np.take_along_axis(apart[none], none[:, None, :].repeat(count, axis=1), axis=2).sum(axis=(1, 2))
    between = (apart[none].sum(axis=(1, 2)) - inner) / (count * (total - count))
    within = inner / (count * (count - 1))
    return between - within, within


def beyond_repeats(memory: Array, none: Array) -> Array:
    """Mean squared distance of each answer from those without memory, beyond that between repeats without.

    Args:
        memory: Answers with memory, a row an answer, a column a number.
        none: At least two answers without.
    """
    repeats = len(none)
    apart = ((none[:, None, :] - none[None, :, :]) ** 2).mean(axis=2).sum() / (repeats * (repeats - 1))
    distance: Array = ((memory[:, None, :] - none[None, :, :]) ** 2).mean(axis=(1, 2)) - apart
    return distance


def divergence_of_pairs(
    difference: Array, *, number: Codes, sets: Codes, rng: np.random.Generator, exchanges: int = 1999
) -> Divergence | None:
    """Squared mean difference between the versions of matched pairs, without the noise of single pairs.

    Args:
        difference: First version minus second, of one pair and number each.
        number: Which of an answer's numbers it is of.
        sets: Matched set of the pair; all pairs of a set are exchanged together.
        rng: Stream of the exchanges.
        exchanges: Their number.

    Returns:
        None where no number is known of two matched sets.
    """
    by_set = _by_set(difference, number=number, sets=sets)
    if by_set is None:
        return None
    (sums,), apart = by_set
    levels = len(sums)
    own = (sums**2).sum(axis=0)

    def beyond(signs: npt.NDArray[np.floating[Any]]) -> Array:
        result: Array = (((signs @ sums) ** 2 - own) / apart).mean(axis=1)
        return result

    observed = float(beyond(np.ones((1, levels)))[0])
    drawn = beyond(rng.integers(0, 2, size=(exchanges, levels)) * 2.0 - 1.0)
    p = (1 + int((drawn >= observed - _ROUNDING).sum())) / (exchanges + 1)
    return Divergence(value=observed, noise=float((own / apart).mean()), p=p)


def divergence_change_of_pairs(
    before: Array, after: Array, *, number: Codes, sets: Codes, rng: np.random.Generator, exchanges: int = 1999
) -> DivergenceChange | None:
    """By how much the divergence between versions changes when the same pairs are asked in another way.

    Tested by exchanging the two ways of asking within matched sets: where the second way changes no answer, either
    could have been the first.

    Args:
        before: First version minus second, of one pair and number each, as asked first.
        after: The same as asked the second time.
        number: Which of an answer's numbers it is of.
        sets: Matched set of the pair; all pairs of a set are exchanged together.
        rng: Stream of the exchanges.
        exchanges: Their number.

    Returns:
        None where no number is known of two matched sets.
    """
    by_set = _by_set(before, after, number=number, sets=sets)
    if by_set is None:
        return None
    (first, second), apart = by_set
    squares = (first**2, second**2)

    def beyond(swapped: Array) -> Array:
        """Divergence of the second way minus that of the first; `swapped` has a row of ones and zeros an exchange."""
        moved = swapped @ (second - first)
        own = swapped @ (squares[1] - squares[0])
        one = (first.sum(axis=0) + moved) ** 2 - (squares[0].sum(axis=0) + own)
        two = (second.sum(axis=0) - moved) ** 2 - (squares[1].sum(axis=0) - own)
        result: Array = ((two - one) / apart).mean(axis=1)
        return result

    observed = float(beyond(np.zeros((1, len(first))))[0])
    drawn = beyond(rng.integers(0, 2, size=(exchanges, len(first))).astype(np.float64))
    p = (1 + int((np.abs(drawn) >= abs(observed) - _ROUNDING).sum())) / (exchanges + 1)
    start = float((((first.sum(axis=0)) ** 2 - squares[0].sum(axis=0)) / apart).mean())
    return DivergenceChange(before=start, after=start + observed, p=p)


def _by_set(*differences: Array, number: Codes, sets: Codes) -> tuple[list[Array], Array] | None:
    """Sums of differences, matched sets by numbers, and how many products of different pairs each number has.

    Numbers that are known of one matched set only are left out; None where all are.
    """
    levels, width = int(sets.max(initial=-1)) + 1, int(number.max(initial=-1)) + 1
    place = sets * width + number
    counts = np.bincount(place, minlength=levels * width).astype(np.float64).reshape(levels, width)
    apart = counts.sum(axis=0) ** 2 - (counts**2).sum(axis=0)
    shared = apart > 0
    if not shared.any():
        return None
    sums: list[Array] = [
        np.bincount(place, weights=one, minlength=levels * width).astype(np.float64).reshape(levels, width)[:, shared]
        for one in differences
    ]
    return sums, apart[shared]
