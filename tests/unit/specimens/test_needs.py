"""Needs and the choices they decide: splits that share nothing, and neither question nor options that tell."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import specimens
from specimens.memories import expand
from specimens.needs import Needs

HOME = Path(specimens.__file__).parent


@pytest.fixture(scope="module")
def needs() -> Needs:
    return Needs(HOME / "needs.yaml")


def test_every_thing_of_a_topic_answers_exactly_one_need(needs: Needs) -> None:
    pairs = Counter((topic, thing) for answers in needs.answers.values() for topic, thing in answers.items())
    assert pairs == Counter((topic, thing) for topic in needs.topics for thing in needs.things(topic))
    assert {len(answers) for answers in needs.answers.values()} == {2}
    assert len(set(needs.words)) == len(needs.words) == 30


def test_training_and_bank_state_needs_in_other_sentences(needs: Needs) -> None:
    rng = np.random.default_rng(1)
    for need in needs.answers:
        said = {needs.fact(need, rng, split="train") for _ in range(400)}
        assert len(said) > 25, need
        assert not said & {needs.fact(need, rng, split="held") for _ in range(100)}, need


def test_every_sentence_tells_of_the_user_and_names_its_need(needs: Needs) -> None:
    rng = np.random.default_rng(2)
    for need in needs.answers:
        for form in (*needs.sentences(need, "train"), *needs.sentences(need, "held")):
            text = expand(form, rng)
            assert text.startswith("The user")
            assert need in text, text


def test_a_question_says_what_is_usual_and_offers_the_things_of_its_topic(needs: Needs) -> None:
    rng = np.random.default_rng(3)
    for topic in needs.topics:
        question = needs.ask_about(topic, rng, split="train", usual=needs.things(topic)[2])
        assert question.usual == needs.things(topic)[2]
        assert sorted(question.options) == sorted(needs.things(topic))
        assert [thing for thing in needs.things(topic) if f" {thing}" in question.stem] == [question.usual]
        assert set(question.mentioned) <= set(needs.deciding(topic))


def test_the_need_that_decides_gives_the_answer_and_others_do_not(needs: Needs) -> None:
    question = needs.ask_about("seat", np.random.default_rng(4), split="held", usual="corner")
    assert needs.right(question, ("thesis", "ankle")) == "aisle"
    assert needs.right(question, ("thesis", "diving")) == "corner"
    assert needs.right(question, ()) == "corner"


def test_needs_drawn_together_decide_in_different_topics(needs: Needs) -> None:
    rng = np.random.default_rng(5)
    for _ in range(100):
        topics = [topic for need in needs.draw_needs(rng, 3) for topic in needs.answers[need]]
        assert len(topics) == len(set(topics))
