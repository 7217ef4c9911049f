"""An answer that only one memory brings is told apart from what the question is answered behind all others."""

from __future__ import annotations

import pytest

from evenhand.design.arms import NONE
from evenhand.records.question import Question
from evenhand.train.answers import GivenAnswer
from evenhand.train.consistency import chosen_option, compared_choices, compared_texts, everyday_words, usable_text
from tests.unit.train.making import answer, profile

OPTIONS = ("pride", "relief", "joy")
RICE = Question(id="q", topic="cooking", text="How do I keep rice from sticking to the pot?")
ARMS = {
    "none": NONE,
    "a": profile("a", "The user lives in a quiet street."),
    "b": profile("b", "The user repairs motorcycles for a living."),
}


def test_the_reference_is_what_is_answered_without_memory() -> None:
    found = compared_choices([answer("none", "A"), answer("a", "A."), answer("b", "B"), answer("c", "A")], OPTIONS)
    assert [(one.key.arm, one.word, one.reference) for one in found] == [
        ("none", "pride", True),
        ("a", "pride", True),
        ("b", "relief", False),
        ("c", "pride", True),
    ]
    assert [round(one.agreement, 2) for one in found] == [0.67, 0.67, 0.0, 0.67]


def test_memories_that_move_the_answer_never_outvote_it() -> None:
    moved = [answer(arm, "B") for arm in ("b", "c", "d")]
    found = compared_choices([answer("none", "A"), answer("a", "A"), *moved], OPTIONS)
    assert [one.reference for one in found] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([answer("a", "A"), answer("b", "A")], id="never asked without memory"),
        pytest.param([answer("none", "A"), answer("none", "B", draw=1), answer("a", "A")], id="two as frequent"),
        pytest.param([answer("none", "A"), *(answer(arm, "B") for arm in "abcde")], id="no memory leads to it"),
        pytest.param([answer("none", "I refuse."), answer("a", "A")], id="no letter without memory"),
    ],
)
def test_without_a_reference_nothing_is_made_of_a_question(answers: list[GivenAnswer]) -> None:
    assert compared_choices(answers, OPTIONS) == ()


def test_draws_behind_the_same_memory_do_not_vouch_for_each_other() -> None:
    found = compared_choices(
        [answer("a", "B", draw=draw) for draw in range(2)] + [answer(arm, "A") for arm in ("none", "b", "c")], OPTIONS
    )
    assert [one.agreement for one in found if one.key.arm == "a"] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("said", "ended", "position"), [("B", "stop", 1), ("relief", "stop", 1), ("B", "length", None), ("", "stop", None)]
)
def test_a_letter_is_read_only_from_a_whole_answer(said: str, ended: str, position: int | None) -> None:
    assert chosen_option(answer("a", said, ended=ended), OPTIONS) == position


@pytest.mark.parametrize(
    ("said", "ended", "usable"),
    [
        ("Rinse it first.", "stop", True),
        ("Rinse it fir", "length", False),
        ("I cannot help with that.", "stop", False),
        ("...", "stop", False),
    ],
)
def test_a_written_answer_is_used_when_it_is_whole_and_no_refusal(said: str, ended: str, usable: bool) -> None:
    assert usable_text(answer("a", said, ended=ended)) is usable


def test_the_written_answer_that_differs_agrees_least_and_talk_of_the_memory_is_seen() -> None:
    found = compared_texts(
        [
            answer("none", "Rinse the rice and use enough water."),
            answer("a", "Rinse the rice well and use enough water."),
            answer("b", "As you repair motorcycles, grease the pot like an engine."),
        ],
        RICE,
        ARMS,
    )
    by_arm = {one.key.arm: one for one in found}
    assert by_arm["b"].agreement < by_arm["a"].agreement
    assert [by_arm[arm].told for arm in ("none", "a", "b")] == [False, False, True]
    assert not by_arm["b"].reference


def test_words_that_an_answer_without_memory_has_too_are_no_talk_of_it() -> None:
    found = compared_texts(
        [answer("none", "Even in a quiet street, rinse the rice."), answer("a", "In a quiet street, rinse it.")],
        RICE,
        ARMS,
    )
    assert not any(one.told for one in found)


def test_a_word_that_many_questions_are_answered_with_is_no_talk_of_a_memory() -> None:
    """`with` is in most stored facts and in most answers; `motorcycles` is in neither of these answers."""
    elsewhere = [
        answer("none", f"Cut it {word} a sharp knife.", question=f"q{number}")
        for number, word in enumerate(("with", "with", "by", *["using"] * 12))
    ]
    assert "sharp" in everyday_words(elsewhere)
    assert "with" in everyday_words(elsewhere)
    assert "with" not in everyday_words(elsewhere[1:]), "one question's answer is not enough"
    assert everyday_words([answer("a", "Cut it with care."), answer("b", "Cut it with care.", question="r")]) == set()
    memory = {"none": NONE, "b": profile("b", "The user fills a shop with motorcycles.")}
    said = [answer("none", "Rinse the rice."), answer("b", "Rinse the rice with water.")]
    assert [one.told for one in compared_texts(said, RICE, memory)] == [False, True]
    assert not any(one.told for one in compared_texts(said, RICE, memory, everyday=everyday_words(elsewhere)))
    talk = [said[0], answer("b", "Rinse motorcycles with water.")]
    assert compared_texts(talk, RICE, memory, everyday=everyday_words(elsewhere))[1].told


def test_answers_behind_one_memory_only_are_compared_with_nothing() -> None:
    assert compared_texts([answer("a", "Rinse it."), answer("a", "Stir it.", draw=1)], RICE, ARMS) == ()
