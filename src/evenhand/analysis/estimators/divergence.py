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

__all__ = ["Divergence", "divergence_from_repeats", "divergence_of_pairs"]

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
    levels, width = int(sets.max(initial=-1)) + 1, int(number.max(initial=-1)) + 1
    place = sets * width + number
    sums = np.bincount(place, weights=difference, minlength=levels * width).reshape(levels, width)
    counts = np.bincount(place, minlength=levels * width).astype(np.float64).reshape(levels, width)
    apart = counts.sum(axis=0) ** 2 - (counts**2).sum(axis=0)
    shared = apart > 0
    if not shared.any():
        return None
    sums, apart = sums[:, shared], apart[shared]
    own = (sums**2).sum(axis=0)

    def beyond(signs: npt.NDArray[np.floating[Any]]) -> Array:
        result: Array = (((signs @ sums) ** 2 - own) / apart).mean(axis=1)
        return result

    observed = float(beyond(np.ones((1, levels)))[0])
    drawn = beyond(rng.integers(0, 2, size=(exchanges, levels)) * 2.0 - 1.0)
    p = (1 + int((drawn >= observed - _ROUNDING).sum())) / (exchanges + 1)
    return Divergence(value=observed, noise=float((own / apart).mean()), p=p)
