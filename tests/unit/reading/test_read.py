"""Which option a text chooses, in the order of the reader."""

from __future__ import annotations

import pytest

from evenhand.reading.read import Nothing, Read, read
from evenhand.reading.shown import Shown

FIVE = Shown(("A", "B", "C", "D", "E"), ("Joy", "Relief", "Anger", "Hope", "Fear"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("B", Read(1, True)),
        ("Relief.", Read(1, True)),
        ("The answer is B. She waited long.", Read(1, False)),
        ("<think>A</think>", Nothing("empty")),
        (" ** ", Nothing("empty")),
        ("", Nothing("empty")),
        ("Who knows?", Nothing("none")),
        ("I must decline: naming relief could do harm.", Nothing("declined")),
        ("I cannot be sure, but B.", Read(1, True)),
        ("B and C", Nothing("several")),
        ("B. It is a fine day. C.", Nothing("several")),
        ("Option F", Nothing("several")),
    ],
)
def test_a_text_chooses_one_option_or_it_is_said_why_not(text: str, found: Read | Nothing) -> None:
    assert read(text, FIVE) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"answer": "B"}', Read(1, True)),
        ('{"answer": "B"} I hope so.', Read(1, False)),
        ('{"answer": "B, since she waited"}', Read(1, True)),
        ('{"answer": 2}', Nothing("none")),
        ('{"answer": ""}', Nothing("empty")),
        ('{"answer": "A or B"}', Nothing("several")),
    ],
)
def test_a_field_with_the_answer_comes_before_everything_else(text: str, found: Read | Nothing) -> None:
    assert read(text, FIVE) == found


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("The answer is A. On reflection, the answer is B.", 1),
        ("Answer: A. No, that is too simple. Answer: B.", 1),
        ("The answer is A. Joy is what she feels. The answer is A.", 0),
        ("The answer is A. The answer is A.", 0),
        ("C. The answer is B.", 1),
        ("Answer: A. Answer: C. Wait, answer: B.", 1),
    ],
)
def test_the_last_labelled_claim_counts(text: str, position: int) -> None:
    assert read(text, FIVE) == Read(position, False)


@pytest.mark.parametrize(
    "text",
    [
        "The answer is A. The answer is B.",
        "Answer: A\nAnswer: B",
        "Answer: C. The answer is A! The answer is B!",
        "The answer is B. The answer is A. The answer is B.",
    ],
)
def test_the_same_words_said_of_two_options_choose_neither(text: str) -> None:
    assert read(text, FIVE) == Nothing("several")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A. Wait, B.", Read(1, False)),
        ("A. C. Wait, B.", Read(1, False)),
        ("A. Wait, C. B.", Nothing("several")),
        ("Wait. A. B.", Nothing("several")),
        ("B. She waited. B.", Read(1, False)),
        ("She feels joy. Actually, relief.", Read(1, False)),
        ("Joy. Relief.", Nothing("several")),
        ("Not joy. Relief.", Read(1, False)),
    ],
)
def test_sentences_that_choose_differently_are_no_answer_unless_the_last_corrects(
    text: str, found: Read | Nothing
) -> None:
    assert read(text, FIVE) == found


def test_a_letter_counts_before_words_and_words_only_where_nothing_is_declined() -> None:
    assert read("B. Not joy, I would say, but anger.", FIVE) == Read(1, False)
    assert read("Relief. I can't help with more than that. Relief.", FIVE) == Nothing("declined")
    assert read("Answer: anger. Relief.", FIVE) == Read(2, False)
    assert read("Answer: anger. I can't help with more than that.", FIVE) == Read(2, False)
