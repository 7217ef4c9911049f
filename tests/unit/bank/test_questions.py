"""The shipped general questions are many, varied, and near no item; files of another shape are refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from evenhand.bank.lint_words import factor_words
from evenhand.bank.load import load_bank, shipped_banks
from evenhand.bank.questions import leaks, load_questions
from evenhand.errors import BankError
from evenhand.records.question import Question


def test_there_are_at_least_300_over_at_least_ten_topics() -> None:
    found = load_questions()
    assert len(found.questions) >= 300
    topics = Counter(question.topic for question in found.questions)
    assert len(topics) >= 10
    assert max(topics.values()) <= 0.15 * len(found.questions)


def test_none_of_them_is_near_an_item_of_any_shipped_bank() -> None:
    banks = [load_bank(name) for name in shipped_banks()]
    assert list(leaks(load_questions().questions, banks)) == []


def test_none_of_them_tells_who_asks() -> None:
    """Names of languages and countries are what a question is about, where no "I" or "my" stands beside them."""
    for question in load_questions().questions:
        told = factor_words(question.text).keys()
        assert told <= {"ethnicity", "migration", "religion"}, question.id
        assert " my " not in question.text or not told, question.id


def test_a_question_taken_from_an_item_is_found_whole_and_in_other_order() -> None:
    bank = load_bank("management")
    item = bank.items[0]
    words = item.stem.split()
    copied = Question(id="copied", topic="t", text=" ".join(words[:14]))
    turned = Question(id="turned", topic="t", text=" ".join(sorted(word.strip(".,") for word in words)))
    asked = Question(id="asked", topic="t", text="How do I keep rice from sticking to the pot?")
    found = list(leaks([copied, turned, asked], [bank]))
    assert {(leak.question, leak.item) for leak in found} == {("copied", item.id), ("turned", item.id)}
    assert all(leak.shared >= 0.5 for leak in found)


HEAD = 'schema: evenhand.questions/1\nname: q\nversion: "1"\nsource: s\nlicence: l\nquestions:'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD} []\n", "is empty; give at least one question"),
        (f"{HEAD}\n- {{id: a, topic: t, text: ' '}}\n", "question 'a', field 'text': is empty"),
        (f"{HEAD}\n- {{id: a, topic: t, text: x}}\n- {{id: a, topic: t, text: y}}\n", "field 'id': 'a' is given twice"),
        (f"{HEAD}\n- {{id: a, topic: t, text: x}}\n- {{id: b, topic: t, text: x}}\n", "'text': 'x' is given twice"),
        (f"{HEAD}\n- {{id: a, topics: t, text: x}}\n", "did you mean 'topic'"),
    ],
)
def test_a_broken_file_is_refused_by_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "q.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BankError, match=message):
        load_questions(path)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BankError, match=r"'nowhere.yaml' cannot be read"):
        load_questions("nowhere.yaml")
