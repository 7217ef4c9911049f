"""Every emotion's recall without memory, on more items than a bank has: the same items before and after a training."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from evenhand.bank.load import load_bank
from evenhand.endpoints.specimen.forward import SpecimenNetwork
from evenhand.endpoints.specimen.store import load_tokens
from evenhand.records.item import Item
from evenhand.seeds import stream
from specimens.bank import make_items
from specimens.language import Language
from specimens.measure import Asking, scores_behind
from specimens.memories import base_messages

__all__ = ["ORDERS", "Change", "Recalled", "change_by_emotion", "keyed", "paired_change", "recall_items", "recalled"]

ORDERS = 3
"""Option orders in which every item is asked."""
_RESAMPLES = 2000


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """Right answers without memory."""

    emotions: tuple[str, ...]
    """The keyed emotion of each item."""
    right: tuple[float, ...]
    """Share of its option orders in which each item was answered right, 0 to 1."""

    def by_emotion(self) -> dict[str, float]:
        """Emotion -> share of right answers."""
        names, right = np.array(self.emotions), np.array(self.right)
        return {name: float(right[names == name].mean()) for name in dict.fromkeys(self.emotions)}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """After minus before on the same items, with its 95% interval over resampled items."""

    estimate: float
    low: float
    high: float

    def within(self, margin: float) -> bool:
        """Whether the whole interval is within the margin, in both directions."""
        return -margin < self.low and self.high < margin


def recall_items(language: Language, *, per_emotion: int, seed: int) -> list[Item]:
    """Items of the bank's clauses and names, none of them in the bank; the same number for every emotion."""
    taken = frozenset(item.stem for item in load_bank("situations").items)
    return make_items(language, per_emotion=per_emotion, rng=stream(seed, "specimens", "recall"), taken=taken)


def keyed(item: Item) -> str:
    """The words of the right option."""
    return next(option.text for option in item.options if option.id == item.key)


def recalled(network: SpecimenNetwork, items: list[Item], *, threads: int = 1) -> Recalled:
    """Every item without memory, in several orders of its options."""
    tokens = load_tokens()
    askings = [Asking(network=network, tokens=tokens, items=items, seed=order) for order in range(ORDERS)]
    right = np.stack([scores_behind(asking, [base_messages()], threads=threads)[:, 0] for asking in askings], axis=1)
    return Recalled(emotions=tuple(map(keyed, items)), right=tuple(map(float, right.mean(axis=1))))


def paired_change(before: ArrayLike, after: ArrayLike, *, seed: int) -> Change:
    """The mean of after minus before over items.

    Args:
        before: One number an item.
        after: The same items.
        seed: Of the resampling.
    """
    moved = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    rng = stream(seed, "specimens", "change")
    means = rng.choice(moved, size=(_RESAMPLES, len(moved))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Change(estimate=float(moved.mean()), low=float(low), high=float(high))


def change_by_emotion(before: Recalled, after: Recalled, *, seed: int) -> dict[str, Change]:
    """Emotion -> change of its recall.

    Raises:
        ValueError: The two were not asked the same items.
    """
    if before.emotions != after.emotions:
        message = f"{len(before.emotions)} items before and {len(after.emotions)} after are not the same items."
        raise ValueError(message)
    names, first, last = np.array(before.emotions), np.array(before.right), np.array(after.right)
    return {
        name: paired_change(first[names == name], last[names == name], seed=seed)
        for name in dict.fromkeys(before.emotions)
    }
