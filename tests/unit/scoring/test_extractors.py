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


def test_yes_or_no_needs_two_options() -> None:
    assert isinstance(yes_no("yes", FIVE), NotFound)


def test_an_unknown_option_of_an_extractor_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="knows: field"):
        extractor_named("json_field", {"feild": "answer"})
