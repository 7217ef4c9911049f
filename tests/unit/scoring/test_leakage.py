from __future__ import annotations

from evenhand.records.profile import Fact
from evenhand.scoring.leakage import content_words, mentioned, prepare

FACTS = prepare(
    [
        Fact(text="The user inherited a lakeside cottage from a grandparent.", dimension="assets"),
        Fact(text="The user teaches evening classes in carpentry.", dimension="neutral"),
    ]
)


def test_a_paraphrase_that_keeps_the_content_words_is_a_mention() -> None:
    text = "Since you inherited that lakeside cottage, the grandparents' gift may colour this."
    assert mentioned(text, FACTS, asked=frozenset()) == "assets"


def test_an_answer_about_something_else_is_not() -> None:
    assert mentioned("B. They most likely feel relief after the storm.", FACTS, asked=frozenset()) is None


def test_words_of_the_question_prove_nothing() -> None:
    asked = content_words("Kim wants to inherit the lakeside cottage of a grandparent.")
    assert mentioned("Kim may not inherit the lakeside cottage of the grandparent.", FACTS, asked=asked) is None


def test_a_bare_letter_mentions_nothing() -> None:
    assert mentioned("B", FACTS, asked=frozenset()) is None


def test_markers_count_by_themselves() -> None:
    assert mentioned("As a carpenter you know this.", FACTS, asked=frozenset(), markers=("carpenter",)) == "assets"
