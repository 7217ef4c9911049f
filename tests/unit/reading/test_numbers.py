from __future__ import annotations

import pytest

from evenhand.reading.numbers import NoNumbers, Stated, stated_numbers
from evenhand.reading.shown import Shown

LETTERED = Shown(("A", "B", "C"), ("Joy", "Quiet anger", "Wait 2 weeks, then ask"))
EMOTIONS = Shown((), ("Anger", "Sadness", "Joy", "Fear"))


def values(text: str, shown: Shown) -> tuple[float, ...] | str:
    read = stated_numbers(text, shown)
    return tuple(number.value for number in read.numbers) if isinstance(read, Stated) else read.why


@pytest.mark.parametrize(
    "text",
    [
        "A: 60%\nB: 30%\nC: 10%",
        "A - 60%\nB - 30%\nC - 10%",
        "A) 60 percent, B) 30 percent, C) 10 percent",
        "**A**: 60%\n**B**: 30%\n**C**: 10%",
        "A. Joy: 60%\nB. Quiet anger: 30%\nC. Wait 2 weeks, then ask: 10%",
        "- Joy (A): 60%\n- Quiet anger (B): 30%\n- Wait 2 weeks, then ask (C): 10%",
        '{"A": 60, "B": 30, "C": 10}',
        '```json\n{"a": 60, "b": 30, "c": 10}\n```',
        "C: 10%\nA: about 60%\nB: 30%",
        "| A | 60% |\n| B | 30% |\n| C | 10% |",
        "<think>A: 10%\nB: 10%\nC: 80%</think>\nA: 60%\nB: 30%\nC: 10%",
        "I first thought A: 50%, B: 40%, C: 10%. On reflection:\nA: 60%\nB: 30%\nC: 10%",
        "Ａ：６０％\nＢ：３０％\nＣ：１０％",
    ],
)
def test_percentages_are_read_however_they_are_laid_out(text: str) -> None:
    assert values(text, LETTERED) == (60.0, 30.0, 10.0)


@pytest.mark.parametrize(
    "text",
    [
        "Anger: 8\nSadness: 3.5\nJoy: 0\nFear: 2",
        "anger = 8/10\nsadness = 3,5/10\njoy = 0/10\nfear = 2/10",
        "Anger: 8 out of 10; Sadness: 3.5 out of 10; Joy: 0 out of 10; Fear: 2 out of 10.",
        '{"ratings": {"Anger": 8, "Sadness": 3.5, "Joy": 0, "Fear": 2}}',
        "First pass scores:\nAnger: 5\nSadness: 5\nJoy: 5\nFear: 5\n\nCritique: the anger is stronger.\n\n"
        "Revised scores:\nAnger: 8\nSadness: 3.5\nJoy: 0\nFear: 2",
        "Anger is at 8, sadness 3.5, joy 0 and fear 2.",
    ],
)
def test_ratings_are_read_and_the_last_round_counts(text: str) -> None:
    assert values(text, EMOTIONS) == (8.0, 3.5, 0.0, 2.0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("I'm sorry, but I can't help with that.", "declined"),
        ("She is angry above all.", "none"),
        ("Anger: 8\nSadness: 3\nJoy: 0", "missing"),
        ("Anger: 8\nAnger: 2\nSadness: 3\nJoy: 0\nFear: 1", "several"),
        ("Anger: 7-8\nSadness: 3\nJoy: 0\nFear: 1", "unclear"),
        ("Anger: high\nSadness: 3\nJoy: 0\nFear: 1", "missing"),
    ],
)
def test_what_is_no_number_for_every_option_is_told_apart(text: str, why: str) -> None:
    assert stated_numbers(text, EMOTIONS) == NoNumbers(why)  # type: ignore[arg-type]


def test_a_number_within_the_words_of_an_option_is_not_its_number() -> None:
    assert values("A: 5%\nB: 5%\nC. Wait 2 weeks, then ask: 90%", LETTERED) == (5.0, 5.0, 90.0)
    assert values("Wait 2 weeks, then ask.", LETTERED) == "none"


def test_options_that_are_whole_sentences_are_found_with_and_without_their_full_stop() -> None:
    shown = Shown(("A", "B"), ("Say (calmly) what you need.", "Wait a day [or two]."))
    assert values("A. Say (calmly) what you need.: 70%\nB. Wait a day [or two]: 30%", shown) == (70.0, 30.0)
    assert values("A: 70%\nB: 30%", shown) == (70.0, 30.0)


def test_a_minus_sign_stays_with_its_number() -> None:
    assert values("Anger: -3\nSadness: 3\nJoy: 0\nFear: 1", EMOTIONS) == (-3.0, 3.0, 0.0, 1.0)


def test_an_emotion_within_another_word_is_not_that_emotion() -> None:
    shown = Shown((), ("Fear", "Joy"))
    assert values("Fearlessness: 9\nFear: 2\nJoy: 1", shown) == (2.0, 1.0)


def test_a_long_answer_that_was_cut_is_not_read_as_whole() -> None:
    text = "Anger: 8\nSadness: 3\n" + "word " * 4000 + "\nJoy: 1"
    assert stated_numbers(text, EMOTIONS) == NoNumbers("unclear")
