"""A field of an object that is somewhere in a text, tolerant of what models make of JSON."""

from __future__ import annotations

import pytest

from evenhand.reading.fields import ANSWER_FIELDS, Field, field_of

NAMES = frozenset({"answer", "final answer"})


def value(text: str) -> str | None:
    found = field_of(text, NAMES)
    return found.value if found is not None else None


@pytest.mark.parametrize(
    "name",
    ["answer", "final_answer", "finalAnswer", "Final Answer", "CHOICE", "option", "letter", "selected", "selection",
     "selected_option", "pick", "prediction", "correct_answer", "best_option", "best_answer", "result", "Antwort",
     "respuesta", "réponse", "reponse", "risposta", "resposta", "答案", "correct_option", "chosen_option",
     "answer_letter", "best", "response", "output", "label", "final"],
)  # fmt: skip
def test_answers_are_given_under_many_names(name: str) -> None:
    assert field_of(f'{{"{name}": "B"}}', ANSWER_FIELDS) == Field("B", True)
    assert field_of(f"{{'{name}': 'B'}}", ANSWER_FIELDS) == Field("B", True)
    assert field_of(f'{{"{name}x": "B"}}', ANSWER_FIELDS) is None


@pytest.mark.parametrize("text", ["", "B", "answer: B", "{", "}{", '"answer": "B"}', "{}", '{"answer": "B"'])
def test_where_no_object_holds_the_field_there_is_none(text: str) -> None:
    assert field_of(text, NAMES) is None


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ('{"answer": "B"}', True),
        ('```json\n{"answer": "B"}\n```', True),
        ('\n[{"answer": "B"}]\n', True),
        ('<think>A</think>{"answer": "B"}', True),
        ('Sure: {"answer": "B"}', False),
        ('{"answer": "B"} Good luck.', False),
        ('{"answer": "A"} or {"answer": "B"}', True),
        ('{"note": "x"} {"answer": "B"}', False),
        ("Sure: {'answer': 'B'}", False),
        ("{'answer': 'B'} Good luck.", False),
        ("{'answer': 'B', }", True),
        ("{'answer': 'B'}.", False),
        ('X {"answer": "B"}', False),
        ('{"answer": "B"} X', False),
        ('```json\r\n{"answer": "B"}\r\n```', True),
    ],
)
def test_the_last_field_counts_and_whether_the_object_is_all(text: str, whole: bool) -> None:
    assert field_of(text, NAMES) == Field("B", whole)


@pytest.mark.parametrize(
    "text",
    [
        "{“answer”: “B”}",
        "{‘answer’: ‘B’}",
        "{&quot;answer&quot;: &quot;B&quot;}",
        "{answer: B}",
        "{answer = 'B'}",
        "{'answer' : 'B', // the best\n}",
        '{"reason": "he said "no"", "answer": "B"}',
        "{'answer': {'letter': 'B'}}",
        "{answer: {letter: B }",
        "{'Final Answer': 'A', 'ANSWER': 'B'}",
        "{'my answer': 'A', 'answer': 'B', 'nonanswer': 'C'}",
        "{'answer': 'B', 'note': 'answer C'}",
        "{answer: Because, answer: B\n}",
        "{{'answer': 'B'}}",
        "{'answer': 'B'}} }",
    ],
)
def test_an_object_that_is_no_strict_json_is_searched(text: str) -> None:
    assert value(text) == "B"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"answer": {"letter": "B", "text": "relief"}}', "B"),
        ('{"answer": {"text": "relief"}}', "relief"),
        ('{"answer": {"text": "relief", "why": "because"}}', None),
        ('{"answer": {"letter": "A", "other": "B"}}', None),
        ('{"answer": {"confidence": 0.9, "letter": " B "}}', " B "),
        ('{"answer": ["B"]}', "B"),
        ('{"answer": ["A", "B"]}', None),
        ('{"answer": ["B", 1]}', None),
        ('{"answer": []}', None),
        ('{"answer": 2}', None),
        ('{"answer": null}', None),
        ('{"answer": ""}', ""),
        ("{'answer': ''}", ""),
        ("{'answer': 'X'}", "X"),
        ('{"answer": "one ```B"}', "one ```B"),
        ('{"answer": "B``` or so"}', "B``` or so"),
    ],
)
def test_the_one_text_in_a_field_is_its_value(text: str, expected: str | None) -> None:
    assert field_of(text, NAMES) == Field(expected, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"result": {"answer": "B"}}', "B"),
        ('{"answer": "B", "steps": [{"answer": "A"}]}', "B"),
        ('{"steps": [{"answer": "A"}, {"answer": "B"}]}', "B"),
        ('{"answer": {"answer": "B", "final answer": "C"}}', "B"),
        ('{"answer": "A", "final answer": "B"}', "A"),
        ('{" Answer ": "B"}', "B"),
    ],
)
def test_the_outermost_field_counts_at_any_depth(text: str, expected: str | None) -> None:
    assert value(text) == expected


def test_of_many_objects_and_long_texts_the_end_is_read() -> None:
    assert value('{"answer": "A"} ' * 31 + '{"answer": "B"}') == "B"
    assert value('{"answer": "B"} ' + "{" * 40) == "B"
    assert value('{"answer": "A"} ' + "x" * 20_000 + ' {"answer": "B"}') == "B"
    assert value('{"answer": "A"} ' + "x" * 20_000) is None
    just = '{"answer": "B"}'
    assert field_of(just + "x" * (20_000 - len(just)), NAMES) == Field("B", False)
    assert field_of(just + "x" * (20_001 - len(just)), NAMES) is None


CODED, RAW = '{"answer": "\\u0042"}', "\\u0042"
"""Strict JSON says B; a search through the text finds the code."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":' * 7 + CODED + "}" * 7, "B"),
        ('{"a":' * 8 + CODED + "}" * 8, RAW),
        ('{"a":' + "[" * 6 + CODED + "]" * 6 + "}", "B"),
        ('{"a":' + "[" * 7 + CODED + "]" * 7 + "}", RAW),
        ("{x} " + CODED, "B"),
        ("{" * 31 + CODED, "B"),
        ("{" * 32 + CODED, RAW),
        ("{} " * 40 + CODED, "B"),
    ],
)
def test_objects_are_decoded_up_to_a_depth_and_a_number_of_false_starts(text: str, expected: str) -> None:
    assert value(text) == expected


def test_a_text_nested_without_end_is_no_answer() -> None:
    assert value('{"a":' * 100_000) is None
