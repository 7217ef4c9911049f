"""The words of a text that carry its content, without their common endings."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["stemmed_words"]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_STOP_WORDS = """
a about after all also an and any are as at be because been before being but by can could did do does each for
from had has have he her hers him his how i if in into is it its just may me more most my no not of off on once
one only or other our out over own she should so some such than that the their them then there these they this
those through to too under until up user user's very was we were what when where which while who whom why will
with would you your
"""
_STOP = frozenset(_STOP_WORDS.split())
"""Function words, and the word *user*, which every fact has."""


def stemmed_words(text: str) -> list[str]:
    """The content words of a text in their order, lower case, without common endings."""
    return [_stem(word) for word in _WORD.findall(text.lower().replace("’", "'")) if word not in _STOP]


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    """The word without a common ending, so that *rents*, *rented* and *renting* meet; ends, not meanings."""
    word = word.removesuffix("'s")
    for ending, least in (("ies", 5), ("ing", 6), ("ed", 5), ("es", 5), ("s", 4), ("y", 5), ("e", 5)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word[: -len(ending)]
    return word
