"""A bank in numbers: what `evenhand items list` and `check` tell of it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from evenhand.bank.lint_text import reading_grade, word_count
from evenhand.records.item import Bank, Item

__all__ = ["BankSummary", "bank_summary"]


class BankSummary(Struct, frozen=True, kw_only=True):
    """Counts and sizes of one bank."""

    name: str
    version: str
    items: int
    kinds: dict[str, int]
    contexts: dict[str, int]
    difficulties: dict[str, int]
    keys: dict[str, int]
    """Emotion or strategy of the key -> items."""
    positions: tuple[int, ...]
    """Items whose key stands first, second, ... in the file."""
    words: tuple[int, float, int]
    """Shortest, median and longest situation, in words."""
    grade: float | None
    """Median Flesch-Kincaid grade of situation and question; None for languages other than English."""


def bank_summary(bank: Bank) -> BankSummary:
    """The bank's counts; a bank has at least one item."""
    words = [word_count(item.stem) for item in bank.items]
    english = bank.language.split("-")[0] == "en"
    positions = Counter(_position(item) for item in bank.items)
    return BankSummary(
        name=bank.name,
        version=bank.version,
        items=len(bank.items),
        kinds=_counts(item.kind for item in bank.items),
        contexts=_counts(item.context for item in bank.items),
        difficulties=_counts(item.difficulty for item in bank.items),
        keys=_counts(_key_tag(item) for item in bank.items),
        positions=tuple(positions[place] for place in range(max(positions) + 1)),
        words=(min(words), statistics.median(words), max(words)),
        grade=statistics.median(reading_grade(f"{i.stem} {i.question}") for i in bank.items) if english else None,
    )


def _counts(values: Iterable[str | None]) -> dict[str, int]:
    return dict(Counter(value for value in values if value is not None).most_common())


def _position(item: Item) -> int:
    return [option.id for option in item.options].index(item.key)


def _key_tag(item: Item) -> str | None:
    return next((option.emotion or option.strategy for option in item.options if option.id == item.key), None)
