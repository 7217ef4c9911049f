"""Does a text mention what memory holds?

A fact counts as mentioned when most of its content words are in the text, after case folding, removal of common
words and light stemming, and when words that the question itself uses are set aside. A proper name of the fact (a dog
called Biscuit, a town) counts by itself, as markers do where an item has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from evenhand.bank.lint_words import factor_words
from evenhand.records.profile import Fact

__all__ = ["LEAST_SHARE", "FactWords", "content_words", "mentioned", "prepare"]

LEAST_SHARE = 0.6
"""Share of a fact's content words that must be in the text."""
LEAST_WORDS = 2
"""And at least so many of them (or all, of a fact with fewer)."""

_WORD = re.compile(r"[a-z0-9]+(?:[-'’][a-z0-9]+)*")
_COMMON = frozenset(
    _WORD.findall("""
    a about after all also am an and any are as at be been before being both but by can could did do does for
    from had has have he her him his how i if in into is it its just like likes lived lives many may me more
    most my no not of often on one or other our out over own she since so some such than that the their them
    then there they this to too up us use used user user's users very was we were what when where which while
    who will with works would you your
    """)
)


_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b")
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September
    October November December Mondays Tuesdays Wednesdays Thursdays Fridays Saturdays Sundays New Year Black White Mrs
    Uncle Aunt Celsius Christmas Easter
    """,
    )
)
"""Words with a capital that many texts hold: they prove nothing by themselves."""


class FactWords(Struct, frozen=True):
    """A fact, ready to be looked for."""

    dimension: str
    words: frozenset[str]
    """Stems of its content words."""
    names: frozenset[str] = frozenset()
    """Its proper names, as written; names of groups of people are among the words alone."""


def _stem(word: str) -> str:
    for ending in ("ing", "edly", "ies", "ed", "es", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def content_words(text: str) -> frozenset[str]:
    """Stems of the words of `text` that carry content."""
    return frozenset(_stem(word) for word in _WORD.findall(text.casefold()) if word not in _COMMON)


def prepare(facts: Iterable[Fact]) -> tuple[FactWords, ...]:
    """Facts with their content words, computed once an arm."""
    return tuple(FactWords(fact.dimension, content_words(fact.text), _names(fact.text)) for fact in facts)


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in _NAME.findall(text) if name not in _NO_NAMES and not factor_words(name))


def mentioned(
    text: str, facts: Sequence[FactWords], *, asked: frozenset[str], markers: Sequence[str] = ()
) -> str | None:
    """The dimension of the first fact that `text` mentions, or None.

    Args:
        text: An answer or a reasoning.
        facts: From `prepare`.
        asked: Content words of the question; they prove nothing.
        markers: Words that show by themselves that a fact surfaced.
    """
    folded = text.casefold()
    for marker in markers:
        if re.search(rf"(?<!\w){re.escape(marker.casefold())}", folded):
            return facts[0].dimension if facts else "marker"
    if len(text) < 12:
        return None
    present = content_words(text)
    for fact in facts:
        if any(_stem(name.casefold()) not in asked and re.search(rf"\b{name}\b", text) for name in fact.names):
            return fact.dimension
        telling = fact.words - asked
        hits = len(telling & present)
        if telling and hits >= min(LEAST_WORDS, len(telling)) and hits / len(telling) >= LEAST_SHARE:
            return fact.dimension
    return None
