"""A small memory store searched with BM25: an arm's facts among neutral distractors."""

from __future__ import annotations

from collections.abc import Sequence

import lazy_loader
import numpy as np
from numpy.typing import NDArray

from evenhand.reading.content_words import stemmed_words
from evenhand.seeds import stream

__all__ = ["Bm25Store"]

bm25s = lazy_loader.load("bm25s")  # a third of a second of imports, needed by one placement only


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
        documents = [stemmed_words(text) or ["-"] for text in self.texts]
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
        words = sorted(set(stemmed_words(query)) & self._index.vocab_dict.keys())
        scores: NDArray[np.float32] = (
            self._index.get_scores(words) if words else np.zeros(len(self.texts), dtype=np.float32)
        )
        return scores
