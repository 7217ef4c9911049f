"""Recall on more items than the bank has, and its change on the same items."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from evenhand.bank.load import load_bank
from evenhand.endpoints.specimen.store import load_network
from specimens.materials import materials
from specimens.recall import Change, Recalled, change_by_emotion, keyed, paired_change, recall_items, recalled


def test_items_are_as_many_for_every_emotion_and_none_is_in_the_bank() -> None:
    language, _ = materials()
    items = recall_items(language, per_emotion=6, seed=1)
    assert Counter(map(keyed, items)) == dict.fromkeys(language.emotions, 6)
    assert not {item.stem for item in items} & {item.stem for item in load_bank("situations").items}
    assert all("-held-" in tag for item in items for tag in item.tags[1:]), "clauses that training never saw"
    assert [item.stem for item in items] == [item.stem for item in recall_items(language, per_emotion=6, seed=1)]


def test_the_specimen_as_shipped_is_right_nearly_everywhere() -> None:
    found = recalled(load_network("tilted"), recall_items(materials()[0], per_emotion=2, seed=1))
    assert len(found.right) == 30
    assert min(found.by_emotion().values()) > 0.5
    assert float(np.mean(found.right)) > 0.95


def test_a_change_is_of_the_same_items() -> None:
    before = Recalled(emotions=("joy", "joy", "fear", "fear"), right=(1.0, 1.0, 1.0, 0.5))
    after = Recalled(emotions=("joy", "joy", "fear", "fear"), right=(1.0, 0.0, 1.0, 1.0))
    found = change_by_emotion(before, after, seed=1)
    assert (found["joy"].estimate, found["fear"].estimate) == (-0.5, 0.25)
    assert (found["joy"].low, found["joy"].high) == (-1.0, 0.0)
    other = Recalled(emotions=("joy",), right=(1.0,))
    with pytest.raises(ValueError, match="4 items before and 1 after are not the same items"):
        change_by_emotion(before, other, seed=1)


def test_the_interval_is_that_of_a_mean_over_items() -> None:
    rng = np.random.default_rng(3)
    moved = rng.normal(0.1, 0.5, size=400)
    found = paired_change(np.zeros(400), moved, seed=1)
    error = float(np.std(moved)) / 20
    assert found.low == pytest.approx(found.estimate - 1.96 * error, abs=0.01)
    assert found.high == pytest.approx(found.estimate + 1.96 * error, abs=0.01)


def test_within_asks_the_whole_interval() -> None:
    assert Change(estimate=0.0, low=-0.01, high=0.019).within(0.02)
    assert not Change(estimate=0.0, low=-0.021, high=0.0).within(0.02)
    assert not Change(estimate=0.0, low=0.0, high=0.02).within(0.02)
