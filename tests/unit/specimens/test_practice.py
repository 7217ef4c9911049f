"""Practice in the specimens' language: near no audit item, in sentences that no cohort has."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from evenhand.bank.cohort_rules import cohort_problems
from evenhand.bank.load import load_bank
from evenhand.bank.questions import leaks
from evenhand.records.question import QuestionSet
from evenhand.seeds import stream
from specimens.language import Language
from specimens.materials import materials
from specimens.memories import Memories
from specimens.practice import practice_profiles, practice_questions


@pytest.fixture(scope="module")
def grammars() -> tuple[Language, Memories]:
    return materials()


@pytest.fixture(scope="module")
def questions(grammars: tuple[Language, Memories]) -> QuestionSet:
    return practice_questions(grammars[0], per_emotion=6, rng=stream(1, "test"))


def test_every_emotion_is_asked_equally_often_and_stands_among_the_options(
    questions: QuestionSet, grammars: tuple[Language, Memories]
) -> None:
    assert Counter(question.topic for question in questions.questions) == dict.fromkeys(grammars[0].emotions, 6)
    for question in questions.questions:
        assert len(set(question.options)) == 5
        assert question.topic in question.options


def test_no_question_is_near_an_item_or_has_a_name_of_one(
    questions: QuestionSet, grammars: tuple[Language, Memories]
) -> None:
    assert list(leaks(questions.questions, [load_bank("situations")])) == []
    held = set(grammars[0].names("held"))
    for question in questions.questions:
        assert not held & set(re.findall(r"\w+", question.text)), question.id


def test_profiles_keep_the_rules_and_share_no_sentence_with_a_cohort(grammars: tuple[Language, Memories]) -> None:
    cohort = practice_profiles(grammars[1], positions=20, crossed=40, neutral=6, seed=2)
    assert list(cohort_problems(cohort)) == []
    told = {fact.text for profile in (*cohort.profiles, *cohort.placebo) for fact in profile.facts}
    assert not told & grammars[1].held_out
    levels = Counter(level for profile in cohort.profiles for level in profile.levels.items())
    assert min(levels.values()) >= 5
    assert len(levels) == 14
    assert practice_profiles(grammars[1], positions=20, crossed=40, neutral=6, seed=2) == cohort
