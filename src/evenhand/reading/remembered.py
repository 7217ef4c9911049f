"""What became of facts in a memory: kept, distorted, lost, merged; and what is there that nobody said.

Texts are compared by their content words without endings (`evenhand.reading.content_words`), numbers and negations by
themselves. A fact is **kept** where one stored text has at least four fifths of its words, all its numbers, and says
neither more nor less "not"; **distorted** where the best text has at least half of its words, or fails on numbers or
negation; otherwise **lost**. It is **merged** where its best text is the best of another fact, too. A stored text is
**invented** where less than half of its words are in the facts together. This reads words, not meanings: a fact in
other words counts as distorted or lost, so read a product that rewords through comparisons between groups, which all
meet the same rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from evenhand.reading.content_words import stemmed_words

__all__ = ["FactFate", "Fate", "MemoryReading", "found_facts", "read_memory"]

Fate = Literal["kept", "distorted", "lost"]

_KEPT = 0.8
_TOUCHED = 0.5
_SAID = 0.5
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NOT = re.compile(r"\b(?:not|no|never|none|nobody|nothing|without|cannot)\b|n['’]t\b", re.IGNORECASE)


class FactFate(Struct, frozen=True, kw_only=True):
    """What became of one fact."""

    fate: Fate
    """Whether it is there."""
    merged: bool
    """Whether the stored text that has most of it has another fact in it, too."""


class MemoryReading(Struct, frozen=True, kw_only=True):
    """What became of the facts of one user."""

    facts: tuple[FactFate, ...]
    """In the order of the facts."""
    invented: int
    """Stored texts of which most was said by nobody."""
    texts: int
    """Stored texts."""


def read_memory(given: Sequence[str], stored: Sequence[str]) -> MemoryReading:
    """What became of facts.

    Args:
        given: The facts, as they were handed over.
        stored: Everything that memory then holds.
    """
    best = [_best(fact, stored) for fact in given]
    shared = Counter(at for at in best if at is not None)
    said = frozenset(word for fact in given for word in _words(fact))
    return MemoryReading(
        facts=tuple(
            FactFate(
                fate="lost" if at is None else _fate(fact, stored[at], alone=shared[at] == 1),
                merged=at is not None and shared[at] > 1,
            )
            for fact, at in zip(given, best, strict=True)
        ),
        invented=sum(_is_invented(text, said) for text in stored),
        texts=len(stored),
    )


def found_facts(given: Sequence[str], shown: Sequence[str]) -> int:
    """How many facts are in what memory gave for a question, kept or distorted."""
    return sum(_best(fact, shown) is not None for fact in given)


def _best(fact: str, stored: Sequence[str]) -> int | None:
    """Place of the stored text that has most words of a fact; None where none has half of them."""
    shares = [_share(fact, text) for text in stored]
    most = max(shares, default=0.0)
    return shares.index(most) if most >= _TOUCHED else None


@lru_cache(maxsize=131072)
def _share(fact: str, text: str) -> float:
    """Share of a fact's words that a text has."""
    words, there = _words(fact), _words(text)
    if not words:
        return float(fact.strip() in text)
    left = words - there
    alike = sum(any(_alike(word, other) for other in there) for word in left)
    return (len(words) - len(left) + alike) / len(words)


def _alike(word: str, other: str) -> bool:
    """Whether two stems are of one word: *liv* and *live*, *str* and *string*."""
    short, long = sorted((word, other), key=len)
    return long.startswith(short) and (len(long) - len(short) <= 1 or (len(short) > 2 and len(long) - len(short) <= 3))


def _fate(fact: str, text: str, *, alone: bool) -> Fate:
    """Kept or distorted. Of a text with several facts it is not known which of them a negation belongs to."""
    whole = _share(fact, text) >= _KEPT and set(_NUMBER.findall(fact)) <= set(_NUMBER.findall(text))
    denied = alone and bool(_NOT.search(fact)) != bool(_NOT.search(text))
    return "kept" if whole and not denied else "distorted"


def _is_invented(text: str, said: frozenset[str]) -> bool:
    words = _words(text)
    return bool(words) and len(words & said) / len(words) < _SAID


@lru_cache(maxsize=65536)
def _words(text: str) -> frozenset[str]:
    # A stem that is a function word by itself (*owns*, *own*) is dropped in every form.
    return frozenset(word for word in stemmed_words(text) if stemmed_words(word))
