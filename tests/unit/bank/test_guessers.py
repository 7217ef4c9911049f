"""Guessers find a planted shortcut, and stand at chance where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from evenhand.bank.guessers import GUESSERS, Guesser, guess, hit_rate
from evenhand.records.item import STRATEGIES, Item, Option, Strategy

WORDS = [a + b for a in ("ba", "do", "fi", "gu", "ke", "lo", "mi", "nu") for b in ("lar", "met", "nos", "pid", "rak")]


def items(
    count: int, *, plant: Callable[[dict[str, object], bool], None] | None = None, options: int = 4
) -> list[Item]:
    """Items whose options are noise, but for what `plant` does to an option, knowing whether it is the key."""
    rng = np.random.default_rng(5)
    made = []
    for index in range(count):
        key = int(rng.integers(options))
        fields: list[dict[str, object]] = []
        for place in range(options):
            text = " ".join(rng.choice(WORDS, size=6)) + f" x{index}y{place}"
            field: dict[str, object] = {"text": text, "strategy": str(rng.choice(STRATEGIES))}
            if plant is not None:
                plant(field, place == key)
            fields.append(field)
        stem = " ".join(rng.choice(WORDS, size=25)) + " lantern harbour."
        made.append(
            Item(
                id=f"i{index}",
                kind="management",
                stem=stem,
                question="What now?",
                options=tuple(_option(f"o{place}", field) for place, field in enumerate(fields)),
                key=f"o{key}",
            )
        )
    return made


def _option(name: str, field: dict[str, object]) -> Option:
    strategy = next(known for known in STRATEGIES if known == field["strategy"])
    return Option(id=name, text=str(field["text"]), strategy=strategy, weight=0.5)


def kind_word(field: dict[str, object], key: bool) -> None:
    field["text"] = f"{field['text']} {'kindly' if key else 'loudly'}"


def one_strategy(field: dict[str, object], key: bool) -> None:
    chosen: Strategy = "problem_solving" if key else "rumination"
    field["strategy"] = chosen


def longer(field: dict[str, object], key: bool) -> None:
    field["text"] = f"{field['text']} {'a' * 30 if key else ''}".strip()


def echoes(field: dict[str, object], key: bool) -> None:
    tail = "lantern harbour" if key else " ".join(("lamp", "port"))
    field["text"] = f"{field['text']} {tail}"


PLANTED: list[tuple[Guesser, Callable[[dict[str, object], bool], None]]] = [
    ("words", kind_word),
    ("label", one_strategy),
    ("form", longer),
    ("echo", echoes),
]


@pytest.mark.parametrize(("guesser", "plant"), PLANTED)
def test_each_guesser_finds_the_shortcut_that_it_can_see(
    guesser: Guesser, plant: Callable[[dict[str, object], bool], None]
) -> None:
    share, chance = hit_rate(guess(items(60, plant=plant), guesser))
    assert chance == 0.25
    assert share > 0.75


@pytest.mark.parametrize("guesser", GUESSERS)
def test_without_a_shortcut_no_guesser_beats_chance_by_three_standard_errors(guesser: Guesser) -> None:
    share, chance = hit_rate(guess(items(300), guesser))
    assert share - chance < 3 * math.sqrt(chance * (1 - chance) / 300)


def test_a_shortcut_of_labels_is_not_seen_by_length_and_position() -> None:
    share, _ = hit_rate(guess(items(120, plant=one_strategy), "form"))
    assert share < 0.4


def test_every_item_is_judged_once_by_weights_that_it_did_not_shape() -> None:
    """A word that stands with one key only cannot help that key: the twin that teaches it lies in the same fold."""
    made = items(40)
    twins = []
    for index, item in enumerate(made):
        marked = tuple(
            Option(
                id=o.id, text=f"{o.text} only{index}" if o.id == item.key else o.text, strategy=o.strategy, weight=0.5
            )
            for o in item.options
        )
        for name in "ab":
            twins.append(
                Item(
                    id=f"{item.id}{name}",
                    kind="management",
                    stem=item.stem,
                    question=item.question,
                    options=marked,
                    key=item.key,
                    pair=item.id,
                )
            )
    guesses = guess(twins, "words")
    assert sorted(one.item for one in guesses) == sorted(item.id for item in twins)
    assert hit_rate(guesses)[0] < 0.5


def test_ties_count_in_proportion() -> None:
    same = [
        Item(
            id=f"i{index}",
            kind="understanding",
            stem="It rains.",
            question="And?",
            options=tuple(Option(id=name, text=name) for name in "abcd"),
            key="abcd"[index % 4],
        )
        for index in range(4)
    ]
    assert hit_rate(guess(same, "label")) == (0.25, 0.25)


def test_no_items_have_no_rate() -> None:
    assert all(math.isnan(value) for value in hit_rate(guess([], "words")))
