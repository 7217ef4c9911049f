"""A bank in numbers: what `evenhand items list` and `check` tell of it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from evenhand.bank.lint_text import reading_grade, word_count
from evenhand.records.item import Bank, Item

__all__ = ["BankSummary", "bank_summary", "summary_lines"]


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
    """Items whose key is the first option, the second, ... in the file."""
    words: tuple[int, float, int]
    """Shortest, median and longest situation, in words."""
    grade: float | None
    """Median Flesch-Kincaid grade of situation and question; None for languages other than English."""


def bank_summary(bank: Bank) -> BankSummary:
    """The bank's counts; a bank has at least one item."""
    words = [word_count(item.stem) for item in bank.items]
    english = bank.language.split("-")[0] == "en"
    positions = Counter(item.key_position for item in bank.items if item.options)
    return BankSummary(
        name=bank.name,
        version=bank.version,
        items=len(bank.items),
        kinds=_counts(item.kind for item in bank.items),
        contexts=_counts(item.context for item in bank.items),
        difficulties=_counts(item.difficulty for item in bank.items),
        keys=_counts(_key_tag(item) for item in bank.items),
        positions=tuple(positions[place] for place in range(max(positions, default=-1) + 1)),
        words=(min(words), statistics.median(words), max(words)),
        grade=statistics.median(reading_grade(f"{i.stem} {i.question}") for i in bank.items) if english else None,
    )


def summary_lines(seen: BankSummary) -> list[str]:
    """What a bank is made of, in three lines of text."""

    def counted(counts: dict[str, int]) -> str:
        return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none stated"

    least, median, most = seen.words
    positions = ", ".join(map(str, seen.positions)) or "none"
    grade = "" if seen.grade is None else f", reading grade {seen.grade:.1f}"
    return [
        f"{seen.name} {seen.version}: {seen.items:,} items, {least} to {most} words (median {median:g}){grade}",
        f"  contexts: {counted(seen.contexts)}; difficulty: {counted(seen.difficulties)}",
        f"  keys: {counted(seen.keys)}; positions of the key in the file: {positions}",
    ]


def _counts(values: Iterable[str | None]) -> dict[str, int]:
    return dict(Counter(value for value in values if value is not None).most_common())


def _key_tag(item: Item) -> str | None:
    return next((option.emotion or option.strategy for option in item.options if option.id == item.key), None)
