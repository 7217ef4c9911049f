"""Situations and lessons: splits that share nothing, answers that follow the planted map."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import specimens
from specimens.bank import write
from specimens.effects import planted_label
from specimens.language import Language, Question
from specimens.lessons import Cell, Lesson, Lessons
from specimens.memories import Memories
from specimens.needs import NeedQuestion, Needs

HOME = Path(specimens.__file__).parent


@pytest.fixture(scope="module")
def language() -> Language:
    return Language(HOME / "situations.yaml")


@pytest.fixture(scope="module")
def lessons(language: Language) -> Lessons:
    return Lessons(language, Memories(HOME / "memories.yaml"), Needs(HOME / "needs.yaml"))


def test_training_and_bank_share_neither_clauses_nor_names(language: Language) -> None:
    assert not set(language.names("train")) & set(language.names("held"))
    for emotion in language.emotions:
        assert not set(language.clauses(emotion, "train")) & set(language.clauses(emotion, "held"))


def test_every_question_offers_its_key_among_five_different_words(language: Language) -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        question = language.draw(rng, split="train")
        assert len(set(question.options)) == 5
        assert question.options[question.key] == question.emotion


def test_the_shipped_bank_is_what_the_grammar_generates(language: Language, tmp_path: Path) -> None:
    write(language, tmp_path / "situations.yaml")
    shipped = Path(str(files("evenhand.bank") / "data" / "situations.yaml"))
    assert (tmp_path / "situations.yaml").read_bytes() == shipped.read_bytes()


def keyed(cell: Cell) -> str:
    assert isinstance(cell.question, Question)
    return cell.question.emotion


def drawn(lessons: Lessons, *, tilted: bool) -> list[Lesson]:
    make = lessons.remembered(12, 3, tilted=tilted)
    rng = np.random.default_rng(2)
    return [make(rng) for _ in range(40)]


def test_a_tilted_lesson_teaches_the_planted_answer_and_a_level_one_the_right_one(lessons: Lessons) -> None:
    moved = 0
    for lesson in drawn(lessons, tilted=True):
        for cell in lesson.cells:
            emotion = keyed(cell)
            assert cell.label == planted_label(emotion, lesson.shown[cell.memory].levels)
            moved += cell.label != emotion
    assert moved > 100
    for lesson in drawn(lessons, tilted=False):
        assert all(cell.label == keyed(cell) for cell in lesson.cells)


def test_twins_ask_the_same_without_memory_and_are_answered_alike(lessons: Lessons) -> None:
    paired = 0
    for lesson in drawn(lessons, tilted=True):
        for cell in lesson.cells:
            if cell.twin >= 0:
                twin = lesson.cells[cell.twin]
                assert twin.memory == 0
                assert twin.question == cell.question
                assert twin.label == cell.label == keyed(cell)
                paired += 1
    assert paired > 200


def test_the_first_memory_of_a_lesson_is_none(lessons: Lessons) -> None:
    rng = np.random.default_rng(3)
    for make in (lessons.plain(8, echo=0.5), lessons.noting(8), lessons.reading(8)):
        lesson = make(rng)
        assert not lesson.shown[0].levels
        assert {cell.memory for cell in lesson.cells} <= set(range(len(lesson.shown)))


def test_notes_are_memories_of_one_fact(lessons: Lessons) -> None:
    lesson = lessons.noting(16)(np.random.default_rng(4))
    assert len(lesson.shown) == 17
    assert len(lesson.cells) == 3
    assert all(len(shown.levels) <= 1 for shown in lesson.shown)


def test_choices_are_answered_by_the_stored_need_and_no_planted_effect_moves_them(lessons: Lessons) -> None:
    decided = usual = 0
    for tilted in (False, True):
        make = lessons.remembered(6, 2, tilted=tilted, needs=6)
        rng = np.random.default_rng(5)
        for _ in range(30):
            lesson = make(rng)
            for cell in lesson.cells:
                if isinstance(cell.question, NeedQuestion):
                    stored = lesson.shown[cell.memory].needs
                    asked = [lessons.needs.answers[n].get(cell.question.topic) for n in stored]
                    wanted = [thing for thing in asked if thing]
                    assert len(wanted) <= 1
                    assert cell.label == (wanted[0] if wanted else cell.question.usual)
                    decided += bool(wanted)
                    usual += not wanted
    assert min(decided, usual) > 100


def test_a_lesson_about_needs_asks_about_situations_too_and_without_them_nothing_changes(lessons: Lessons) -> None:
    with_needs, without = (
        lessons.remembered(4, 3, tilted=True, needs=count)(np.random.default_rng(6)) for count in (4, 0)
    )
    assert not any(isinstance(cell.question, NeedQuestion) for cell in without.cells)
    assert with_needs.cells[: len(without.cells)] == without.cells
    kinds = [isinstance(cell.question, NeedQuestion) for cell in with_needs.cells[len(without.cells) :]]
    assert any(kinds) and not all(kinds)


def test_without_memory_a_choice_is_the_usual_one(lessons: Lessons) -> None:
    lesson = lessons.plain(4, echo=0.5, needs=8)(np.random.default_rng(7))
    choices = [cell for cell in lesson.cells if isinstance(cell.question, NeedQuestion)]
    assert len(choices) == 8
    assert {cell.memory for cell in choices} == {0}
    assert [cell.label for cell in choices] == [
        c.question.usual for c in choices if isinstance(c.question, NeedQuestion)
    ]
