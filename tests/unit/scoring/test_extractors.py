from __future__ import annotations

import pytest

from evenhand.errors import UsageError
from evenhand.scoring.extractors.base import Extract, Found, NotFound, Shown
from evenhand.scoring.extractors.choice_letter import choice_letter
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.extractors.json_field import json_field
from evenhand.scoring.extractors.label_map import label_map
from evenhand.scoring.extractors.regex import regex
from evenhand.scoring.extractors.yes_no import yes_no

FIVE = Shown(("A", "B", "C", "D", "E"), ("Joy", "Relief", "Anger", "Great joy", "Fear"))
TWO = Shown(("A", "B"), ("Talk it over", "Wait"))


def position(extract: Extract, text: str, shown: Shown = FIVE) -> int | None:
    found = extract(text, shown)
    return found.position if isinstance(found, Found) else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", 1),
        (" b. ", 1),
        ("**C**", 2),
        ("(D)", 3),
        ("B.", 1),
        ("B. Relief", 1),
        ("E) Fear, because of the dog", 4),
        ("The answer is C.", 2),
        ("The best answer would be: (E)", 4),
        ("Answer: **B**", 1),
        ("I would choose option D because it fits.", 3),
        ("They feel relief, nothing else.", 1),
        ("great joy", 3),
        ("A", 0),
        ("A: Joy", 0),
        ("Let me think.\n\nC\n", 2),
    ],
)
def test_a_letter_is_read_wherever_people_and_models_put_it(text: str, expected: int) -> None:
    assert position(choice_letter, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I do not know.",
        "A person would feel many things.",
        "I can't answer a question like this.",
        "B or C",
        "The answer is B. The answer is C.",
        "Relief or fear",
        "Z",
        "F",
    ],
)
def test_no_option_or_several_are_never_guessed_at(text: str) -> None:
    assert isinstance(choice_letter(text, FIVE), NotFound)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"answer": "B"}', 1),
        ('Sure:\n```json\n{"answer": "Relief"}\n```', 1),
        ('{"thought": "{x}", "answer": "C"}', 2),
        ('{"answer": "A"} no, {"answer": "E"}', 4),
        ('{"choice": "B"}', None),
        ('{"answer": 2}', None),
        ("B", None),
        ('{"answer": "B"', None),
    ],
)
def test_a_json_field_is_found_in_prose_and_the_last_one_counts(text: str, expected: int | None) -> None:
    assert position(json_field("answer"), text) == expected


def test_a_pattern_reads_its_last_match() -> None:
    extract = regex(r"Answer:\s*(\w)")
    assert position(extract, "Answer: A\nOn reflection, Answer: D") == 3
    assert position(extract, "D") is None


def test_a_pattern_is_whole_where_it_and_its_group_are_all_that_is_said() -> None:
    extract = regex(r"Answer:\s*(\w+)")
    assert extract("Answer: D", FIVE) == Found(3, whole=True)
    assert extract(" Answer: D\n", FIVE) == Found(3, whole=True)
    assert extract("Answer: A Answer: D", FIVE) == Found(3, whole=False)
    assert extract("Answer: D, or so", FIVE) == Found(3, whole=False)
    assert extract("So. Answer: D", FIVE) == Found(3, whole=False)
    said = regex("Says (.*)$")
    assert said("Says the answer is D. Then again", FIVE) == Found(3, whole=False)


def test_a_pattern_that_finds_nothing_says_so_and_whether_the_answer_declines() -> None:
    extract = regex(r"Answer:\s*(\w)")
    assert extract("D", FIVE) == NotFound("the pattern does not match")
    assert extract("I can't help with that.", FIVE) == NotFound("the pattern does not match", declined=True)
    assert extract("Answer: Z", FIVE) == NotFound("names several options, or one that was not shown")
    assert regex("(x)?D")("D", FIVE) == NotFound("empty answer")


@pytest.mark.parametrize("pattern", ["(", "Answer: [A-E]"])
def test_a_pattern_without_a_group_or_that_does_not_compile_is_a_usage_error(pattern: str) -> None:
    with pytest.raises(UsageError, match="pattern"):
        regex(pattern)


def test_labels_stand_for_options() -> None:
    extract = label_map({"happiness": "Joy", "rage": "anger"})
    assert position(extract, "Happiness.") == 0
    assert position(extract, "RAGE") == 2
    assert position(extract, "Relief") == 1
    assert position(extract, "boredom") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes.", 0),
        ("no", 1),
        ("True", 0),
        ("No, yes would be wrong", 1),
        ("perhaps", None),
        ("maybe yes maybe no", None),
        ("", None),
        ("No. Wait, I mean yes.", 0),
    ],
)
def test_yes_is_the_first_option_and_no_the_second(text: str, expected: int | None) -> None:
    assert position(yes_no, text, TWO) == expected


@pytest.mark.parametrize(
    "word",
    ["n", "no", "not at all", "of course not", "absolutely not", "definitely not", "certainly not", "surely not",
     "probably not", "clearly not", "I think not", "nope", "nah", "nay", "false", "incorrect", "negative", "nein",
     "non", "não", "nao", "nee", "nie", "ne", "nej", "nei", "нет", "ні", "hayır", "لا", "לא", "नहीं",
     "không", "tidak", "ไม่",
     "不是", "不", "否", "不对", "いいえ", "아니요", "아니오", "아뇨"],
)  # fmt: skip
def test_no_is_read_in_the_common_languages(word: str) -> None:
    assert yes_no(f"{word.capitalize()}.", TWO) == Found(1, whole=True)


@pytest.mark.parametrize(
    "word",
    ["y", "yes", "yeah", "yep", "yup", "yea", "aye", "true", "correct", "affirmative", "indeed", "absolutely",
     "certainly", "definitely", "ja", "jawohl", "oui", "sí", "si", "sim", "tak", "ano", "da", "да", "так", "evet",
     "نعم", "כן", "haan", "हाँ", "vâng", "iya", "ใช่", "是的", "是", "对", "對", "正确", "はい", "예", "네", "맞습니다"],
)  # fmt: skip
def test_yes_is_read_in_the_common_languages(word: str) -> None:
    assert yes_no(f"{word.capitalize()}.", TWO) == Found(0, whole=True)


def test_yes_or_no_needs_two_options() -> None:
    assert yes_no("yes", FIVE) == NotFound("yes or no needs two options, the item has 5")


@pytest.mark.parametrize("word", ["doubt", "question", "hesitation", "problem", "objection", "real doubt"])
def test_a_no_that_affirms_is_no_no(word: str) -> None:
    assert position(yes_no, f"No {word} yes", TWO) == 0
    assert position(yes_no, f"Without a {word.split()[-1]} about it no", TWO) == 1
    assert position(yes_no, f"Kimono {word} yes", TWO) is None


@pytest.mark.parametrize("word", ["brainer", "man", "men"])
def test_a_yes_or_no_inside_a_word_says_nothing(word: str) -> None:
    assert position(yes_no, f"No-{word} yes", TWO) == 0
    assert position(yes_no, f"yes {word} no", TWO) == 1


@pytest.mark.parametrize("text", ["No longer true.", "No clear yes.", "No real yes.", "Nay-sayers, all of them."])
def test_a_negated_yes_is_no_yes(text: str) -> None:
    assert yes_no(text, TWO) == NotFound("neither yes nor no")


@pytest.mark.parametrize("word", ["so", "but", "because", "since", "as", "though", "although", "while"])
def test_a_reason_after_yes_or_no_is_another_part(word: str) -> None:
    assert yes_no(f"Yes {word} she waited", TWO) == Found(0)
    assert position(yes_no, f"Yes {word}x she waited", TWO) is None
    assert position(yes_no, "Yes or no? Yes.", TWO) == 0


@pytest.mark.parametrize(
    "words",
    ["wait", "sorry", "actually", "correction", "rather", "I mean", "on reflection", "on second thought",
     "scratch that", "instead"],
)  # fmt: skip
def test_a_correction_counts_and_a_contradiction_does_not(words: str) -> None:
    assert position(yes_no, f"Yes. {words.capitalize()}: no.", TWO) == 1
    assert position(yes_no, f"No. {words.capitalize()}, yes", TWO) == 0
    assert yes_no(f"Yes. An un{words}, no.", TWO) == NotFound("both yes and no")


def test_a_correction_may_stand_beside_the_last_word_and_corrects_only_what_came_just_before() -> None:
    assert position(yes_no, "Yes. Actually no.", TWO) == 1
    assert position(yes_no, "Yes. Sorry, no. Yes.", TWO) is None
    assert position(yes_no, "Yes. No. No. Sorry, yes", TWO) == 0


@pytest.mark.parametrize(
    "label",
    ["answer", "verdict", "conclusion", "decision", "response", "Antwort", "respuesta", "réponse", "resposta",
     "risposta"],
)  # fmt: skip
def test_the_last_word_counts_where_it_is_announced(label: str) -> None:
    assert position(yes_no, f"Yes at first, yes. My {label} today: no.", TWO) == 1
    assert position(yes_no, f"Yes. The {label} is no", TWO) == 1
    assert yes_no(f"Yes. A non{label}: no.", TWO) == NotFound("both yes and no")


def test_an_announcement_long_before_the_last_word_announces_something_else() -> None:
    assert position(yes_no, "Yes. Answer: hmm, hmm, no.", TWO) == 1
    assert position(yes_no, "Yes. Answer: " + "hmm, " * 12 + "no.", TWO) is None


def test_yes_is_whole_where_nothing_else_is_said() -> None:
    assert yes_no("Yes.", TWO) == Found(0, whole=True)
    assert yes_no("So, no", TWO) == Found(1, whole=False)
    assert yes_no("So no", TWO) == Found(1, whole=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty answer"),
        ('{"answer": 5}', "empty answer"),
        ("yes and no", "both yes and no"),
        ("yes/no", "both yes and no"),
        ("perhaps", "neither yes nor no"),
    ],
)
def test_where_nothing_is_said_the_reason_is_given(text: str, reason: str) -> None:
    assert yes_no(text, TWO) == NotFound(reason)


def test_yes_or_no_is_read_from_a_field_and_a_refusal_is_one() -> None:
    assert position(yes_no, '{"reason": "yes, because", "answer": "no"}', TWO) == 1
    assert yes_no("I can't help with that.", TWO) == NotFound("declines to answer", declined=True)


def test_an_unknown_option_of_an_extractor_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="knows: field"):
        extractor_named("json_field", {"feild": "answer"})
