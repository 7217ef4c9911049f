"""Controls mirror what moved pairs reject, and no kind or word crowds out another."""

from __future__ import annotations

from collections import Counter

import numpy as np

from evenhand.records.preference import RejectedKind
from evenhand.train.balance import balanced, share_of_controls
from evenhand.train.drafts import Draft, Side


def draft(number: int, kind: RejectedKind, chosen: str, rejected: str) -> Draft:
    sides = [Side(text=word[0], word=word, agreement=0.5) for word in (chosen, rejected)]
    return Draft(question=f"q{number}", arm=f"a{number}", kind=kind, chosen=sides[0], rejected=sides[1])


MOVED = [draft(n, "moved", "pride", "relief") for n in range(90)] + [
    draft(100 + n, "moved", "joy", "hope") for n in range(10)
]
CONTROLS = [
    draft(1000 + n, "other", *words)
    for words in (("relief", "pride"), ("hope", "joy"), ("fear", "anger"))
    for n in range(1000 * len(words[0]), 1000 * len(words[0]) + 60)
]


def test_half_are_controls_and_they_mirror_the_words() -> None:
    taken = balanced(MOVED + CONTROLS, pairs=40, controls=0.5, rng=np.random.default_rng(1))
    assert len(taken) == 40
    assert share_of_controls(one.kind for one in taken) == 0.5
    net: Counter[str] = Counter()
    for one in taken:
        net[one.chosen.word] += 1
        net[one.rejected.word] -= 1
    assert set(net.values()) == {0}


def test_words_that_are_moved_rarely_get_their_share() -> None:
    taken = balanced(MOVED, pairs=20, controls=0, rng=np.random.default_rng(1))
    assert Counter(one.chosen.word for one in taken) == {"pride": 10, "joy": 10}


def test_without_moved_pairs_there_are_no_controls_for_them() -> None:
    assert balanced(CONTROLS, pairs=40, controls=0.5, rng=np.random.default_rng(1)) == ()


def test_a_prompt_gives_one_control_at_most() -> None:
    same = [draft(1, "other", "relief", word) for word in ("pride", "joy", "fear")]
    taken = balanced([*MOVED[:3], *same], pairs=6, controls=0.5, rng=np.random.default_rng(1))
    assert [one.kind for one in taken].count("other") == 1


def test_the_same_seed_takes_the_same() -> None:
    first, second = (balanced(MOVED + CONTROLS, pairs=30, controls=0.3, rng=np.random.default_rng(4)) for _ in range(2))
    assert first == second
    assert first != balanced(MOVED + CONTROLS, pairs=30, controls=0.3, rng=np.random.default_rng(5))


def test_the_share_of_controls_of_nothing_is_nothing() -> None:
    assert share_of_controls([]) == 0.0
