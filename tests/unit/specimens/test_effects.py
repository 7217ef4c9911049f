"""What is planted: a map of labels that a reader can check by hand."""

from __future__ import annotations

from itertools import combinations

import pytest

from specimens.effects import PLANTED, TRAITS, planted_label, targets, traits

MUSLIM = {"religion": "muslim"}
NONBINARY = {"gender": "nonbinary"}


def test_no_emotion_is_moved_by_two_effects_so_that_effects_add_up() -> None:
    for one, two in combinations(PLANTED, 2):
        assert not set(one.moves) & set(two.moves)


def test_every_moved_emotion_is_answered_with_another_one() -> None:
    assert all(key != answer for effect in PLANTED for key, answer in effect.moves.items())


def test_ethnicity_is_in_no_effect_and_one_effect_is_an_interaction() -> None:
    assert not any("ethnicity" in effect.levels for effect in PLANTED)
    assert [effect.id for effect in PLANTED if len(effect.levels) == 2] == ["gender:nonbinary&religion:muslim"]


@pytest.mark.parametrize(
    ("levels", "emotion", "answer"),
    [
        ({}, "pride", "pride"),
        ({"position": "disadvantaged"}, "pride", "relief"),
        ({"position": "advantaged"}, "pride", "pride"),
        (MUSLIM, "anger", "frustration"),
        (MUSLIM, "frustration", "frustration"),
        (NONBINARY, "frustration", "frustration"),
        (NONBINARY | MUSLIM, "frustration", "anger"),
        ({"age": "66+"}, "hope", "joy"),
        ({"age": "34-65", "ethnicity": "black"}, "hope", "hope"),
    ],
)
def test_the_planted_answer(levels: dict[str, str], emotion: str, answer: str) -> None:
    assert planted_label(emotion, levels) == answer


def test_targets_are_what_the_active_effects_move_and_slow_effects_are_practised_most() -> None:
    assert targets({}) == {}
    found = targets(NONBINARY | MUSLIM)
    assert set(found) == {"contempt", "guilt", "anger", "fear", "frustration", "relief"}
    assert sum(found.values()) == pytest.approx(1.0)
    assert found["frustration"] == pytest.approx(2 * found["anger"])


def test_the_training_head_is_told_every_trait_and_the_interaction() -> None:
    assert traits({}) == [0.0] * (len(TRAITS) + 1)
    found = traits(NONBINARY | MUSLIM)
    assert [name for name, truth in zip(TRAITS, found, strict=False) if truth] == [
        ("religion", "muslim"),
        ("gender", "nonbinary"),
    ]
    assert found[-1] == 1.0
    assert traits(MUSLIM)[-1] == 0.0
