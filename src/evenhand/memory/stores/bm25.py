"""A small memory store searched with BM25: an arm's facts among neutral distractors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import lazy_loader
import numpy as np
from numpy.typing import NDArray

from evenhand.seeds import stream

__all__ = ["Bm25Store"]

bm25s = lazy_loader.load("bm25s")  # a third of a second of imports, needed by one placement only

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


class Bm25Store:
    """Facts and distractors, indexed once and then searched for every item.

    The order of the documents is a fixed permutation that depends on their number alone, so that ties (most
    documents share no word with a query) are broken alike for every arm of a cohort.

    References:
        Robertson and Zaragoza (2009), The probabilistic relevance framework: BM25 and beyond; scored by bm25s with
        the Lucene variant, k1 = 1.5, b = 0.75.
    """

    def __init__(self, facts: Sequence[str], *, distractors: Sequence[str]) -> None:
        self.texts: tuple[str, ...] = (*facts, *distractors)
        order = stream(0, "memory", "store-order", len(self.texts)).permutation(len(self.texts))
        self._rank = np.empty(len(self.texts), dtype=np.int64)
        self._rank[order] = np.arange(len(self.texts))
        self._index = bm25s.BM25()
        documents = [_words(text) or ["-"] for text in self.texts]
        self._index.index(documents, show_progress=False)

    def search(self, query: str, *, k: int) -> tuple[int, ...]:
        """Indexes of the `k` best documents, best first; facts come before distractors in the numbering.

        As in a real store there are always `k` of them (or all, where there are fewer), whether or not they
        share a word with the query.
        """
        best = np.lexsort((self._rank, -self.scores(query)))[:k]
        return tuple(int(index) for index in best)

    def scores(self, query: str) -> NDArray[np.float32]:
        """The score of every document, facts first; 0 where it shares no word with the query."""
        words = sorted(set(_words(query)) & self._index.vocab_dict.keys())
        scores: NDArray[np.float32] = (
            self._index.get_scores(words) if words else np.zeros(len(self.texts), dtype=np.float32)
        )
        return scores


def _words(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.lower().replace("’", "'")) if word not in _STOP]


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    """The word without a common ending, so that *rents*, *rented* and *renting* meet; ends, not meanings."""
    word = word.removesuffix("'s")
    for ending, least in (("ies", 5), ("ing", 6), ("ed", 5), ("es", 5), ("s", 4), ("y", 5), ("e", 5)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word[: -len(ending)]
    return word
