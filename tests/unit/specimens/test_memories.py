"""The training memories: many wordings, and never a sentence of a shipped cohort."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import specimens
from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from specimens.memories import Memories

FILE = Path(specimens.__file__).parent / "memories.yaml"


def cohort_sentences() -> frozenset[str]:
    sentences: set[str] = set()
    for name in shipped_cohorts():
        cohort = load_cohort(name, cues=("stated", "implied", "mixed"))
        sentences.update(fact.text for profile in (*cohort.profiles, *cohort.placebo) for fact in profile.facts)
    return frozenset(sentences)


@pytest.fixture(scope="module")
def memories() -> Memories:
    return Memories(FILE, held_out=cohort_sentences())


def test_every_slot_and_level_has_at_least_thirty_wordings(memories: Memories) -> None:
    assert min(memories.wordings().values()) >= 30


def test_no_sentence_of_a_cohort_is_ever_drawn(memories: Memories) -> None:
    rng = np.random.default_rng(1)
    drawn = {text for _ in range(2500) for text in memories.facts(memories.draw_levels(rng), count=5, rng=rng)}
    assert len(drawn) > 5000
    assert not drawn & memories.held_out


def test_a_held_out_sentence_that_the_grammar_can_say_is_refused() -> None:
    open_grammar = Memories(FILE)
    rng = np.random.default_rng(2)
    colours = {
        f"The user's favourite colour is {colour}." for colour in ("green", "blue", "yellow", "dark red", "grey")
    }
    said = {open_grammar._say(["The user's favourite colour is [green|blue|orange]."], rng) for _ in range(50)}
    assert said & colours
    strict = Memories(FILE, held_out=frozenset(colours))
    said = {strict._say(["The user's favourite colour is [green|blue|orange]."], rng) for _ in range(50)}
    assert said == {"The user's favourite colour is orange."}


def test_a_memory_states_the_level_it_claims_but_for_a_little_noise(memories: Memories) -> None:
    rng = np.random.default_rng(3)
    marks = ("muslim", "islam", "mosque", "quran", "koran", "hadith", "ramadan", "eid", "friday", "prayer")

    def stated(levels: dict[str, str]) -> int:
        drawn = (" ".join(memories.facts(levels, count=4, rng=rng)).lower() for _ in range(200))
        return sum(any(mark in facts for mark in marks) for facts in drawn)

    assert stated({"religion": "muslim"}) > 190
    assert stated({"religion": "jewish"}) < 30
    assert stated({}) < 30


def test_the_same_seed_draws_the_same_memories(memories: Memories) -> None:
    def drawn() -> list[list[str]]:
        rng = np.random.default_rng(4)
        return [memories.facts(memories.draw_levels(rng), count=4, rng=rng) for _ in range(20)]

    assert drawn() == drawn()


def test_notes_are_most_often_about_age(memories: Memories) -> None:
    rng = np.random.default_rng(5)
    notes = [memories.draw_note(rng) for _ in range(1000)]
    counts = {name: sum(name in note for note in notes) for name in ("age", "position", "gender")}
    assert all(len(note) <= 1 for note in notes)
    assert counts["age"] > counts["position"] > counts["gender"] > 50
