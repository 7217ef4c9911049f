"""Reads the numbers of many written answers; what items and arms need is prepared once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from evenhand.records.item import Item
from evenhand.records.profile import Arm
from evenhand.scoring.features.measure import AskedText, TextNumber, asked_of, text_numbers
from evenhand.scoring.leakage import FactWords, prepare

__all__ = ["TextReader"]


class TextReader:
    """Numbers of written answers."""

    def __init__(self) -> None:
        self._asked: dict[str, AskedText] = {}
        self._facts: dict[tuple[str, str], tuple[FactWords, ...]] = {}
        self._measured = lru_cache(maxsize=4096)(self._measure)

    def numbers(self, text: str | None, *, item: Item, arm: Arm) -> Iterator[TextNumber]:
        """The numbers of one answer; all of them None where `text` is."""
        own = (arm.id, item.id if arm.kind == "item_fact" else "")
        if item.id not in self._asked:
            self._asked[item.id] = asked_of(item)
        if own not in self._facts:
            self._facts[own] = prepare(arm.facts)
        yield from self._measured(text, item.id, own, item.markers if arm.kind == "item_fact" else ())

    def _measure(
        self, text: str | None, item: str, arm: tuple[str, str], markers: tuple[str, ...]
    ) -> tuple[TextNumber, ...]:
        return tuple(text_numbers(text, asked=self._asked[item], facts=self._facts[arm], markers=markers))
