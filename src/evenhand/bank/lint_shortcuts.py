"""Can the key be had without reading? Guessers that never see the situation, and lures that lure nobody."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from evenhand.bank.guessers import GUESSERS, Guesser, guess, hit_rate
from evenhand.bank.lint_record import Lint
from evenhand.records.item import Bank, Item, ItemKind

__all__ = ["SHORTCUT_POINTS", "lint_shortcuts"]

SHORTCUT_POINTS: Final = 0.10
"""How far above chance a guesser may be."""
_ENOUGH: Final = 20
"""Below so many items shares say little."""
_STANDARD_ERRORS: Final = 2.0
_ASKED: Final = 5
"""Readers who must have seen a lure before its being picked by nobody says something."""
_LURED: Final[tuple[ItemKind, ...]] = ("benefit", "sycophancy")

_SEES: dict[Guesser, str] = {
    "words": "the words of the options",
    "label": "the strategies or emotions of the options",
    "form": "the positions and lengths of the options",
    "echo": "which options repeat words of the situation",
}


def lint_shortcuts(bank: Bank) -> Iterator[Lint]:
    """Rules `shortcut` and `lure`.

    Items marked easy are left out, as they are when an audit asks, and so are ratings, which choose nothing.
    """
    kinds: dict[ItemKind, list[Item]] = defaultdict(list)
    for item in bank.items:
        if item.options and not item.easy and item.kind != "intensity":
            kinds[item.kind].append(item)
    for kind, items in kinds.items():
        if len(items) >= _ENOUGH:
            yield from _guessed(kind, items)
    for item in bank.items:
        if item.kind in _LURED:
            yield from _lures(item)


def _guessed(kind: ItemKind, items: Sequence[Item]) -> Iterator[Lint]:
    for guesser in GUESSERS:
        guesses = guess(items, guesser)
        share, chance = hit_rate(guesses)
        error = math.sqrt(chance * (1 - chance) / len(guesses))
        if share - chance > max(SHORTCUT_POINTS, _STANDARD_ERRORS * error):
            message = (
                f"{kind}: a guesser that sees only {_SEES[guesser]} is right in {share:.0%} of {len(guesses)} items it "
                f"has not learnt from (chance: {chance:.0%}); rewrite options, or mark what it gets as easy"
            )
            yield Lint(severity="warning", rule="shortcut", field="options", message=message)


def _lures(item: Item) -> Iterator[Lint]:
    """Wrong options that no reader of a blind pilot picked; the answer that is right without the fact is no lure."""
    asked = sum(sum(pilot.answers.values()) for pilot in item.pilot)
    if asked < _ASKED:
        return
    for option in item.options:
        if option.id in (item.key, item.key_without):
            continue
        if not any(pilot.answers.get(option.id, 0) for pilot in item.pilot):
            message = f"none of {asked} readers picked {option.id!r}; a lure that lures nobody makes the item easier"
            yield Lint(severity="note", rule="lure", item=item.id, field="options", message=message)
