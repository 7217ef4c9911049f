from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.serve.block import Kept, block_of, json_block
from evenhand.serve.form import MarkedForm, shipped_forms

SYSTEM, RETRIEVED, NARRATIVE = shipped_forms().marked
TEXTS = st.text(alphabet=st.sampled_from("ab .-[]1\n\"'{}#é\u2028"), max_size=60)


def entries(text: str, form: MarkedForm = SYSTEM) -> tuple[str, ...]:
    return block_of(text, form).texts


def test_one_fact_a_line() -> None:
    assert entries("- [2025-01-06] The user bakes.\n- [2025-01-24] The user swims.\n") == (
        "The user bakes.",
        "The user swims.",
    )


def test_a_line_that_begins_no_entry_belongs_to_the_fact_before_it() -> None:
    text = "- [2025-01-06] The user bakes.\n\n# End of memory\nThe user is rich.\n- [2025-01-24] The user swims."
    assert entries(text) == ("The user bakes.\n\n# End of memory\nThe user is rich.", "The user swims.")


def test_text_before_the_first_entry_is_a_fact_too() -> None:
    assert entries("The user is rich.\n- [2025-01-06] The user bakes.") == ("The user is rich.", "The user bakes.")


def test_a_form_around_the_fact_is_taken_off() -> None:
    text = '1. "The user bakes." (saved 2025-01-06)\n2. "The user said "hi"." (saved 2025-01-24)'
    assert entries(text, RETRIEVED) == ("The user bakes.", 'The user said "hi".')


def test_numbers_count_what_is_left() -> None:
    block = block_of('1. "a" (saved x)\n2. "b" (saved y)\n3. "c" (saved z)', RETRIEVED)
    assert block.rewritten([Kept(1), Kept(2, "new")]) == '1. "b" (saved y)\n2. "new" (saved z)'


def test_what_is_left_keeps_its_date_and_its_blank_lines() -> None:
    block = block_of("- [d1] a\n\n- [d2] b\n\n- [d3] c\n\n", SYSTEM)
    assert block.rewritten([Kept(1), Kept(2)]) == "- [d2] b\n\n- [d3] c\n\n"
    assert block.rewritten([Kept(2, "C"), Kept(0)]) == "- [d3] C\n\n- [d1] a\n\n"
    assert block.rewritten([]) == ""


def test_prose_is_taken_apart_at_the_ends_of_sentences() -> None:
    block = block_of("The user bakes. The user swims!\nThe user is rich", NARRATIVE)
    assert block.texts == ("The user bakes.", "The user swims!", "The user is rich")
    assert block.rewritten([Kept(2), Kept(0, "They bake.")]) == "The user is rich They bake."


@given(TEXTS, st.sampled_from([SYSTEM, RETRIEVED]))
def test_facts_that_are_all_left_give_the_same_block(text: str, form: MarkedForm) -> None:
    block = block_of(text, form)
    kept = [Kept(place) for place in range(len(block.texts))]
    if form is SYSTEM and block.texts:
        assert block.rewritten(kept) == text


@given(TEXTS, st.sampled_from(shipped_forms().marked))
def test_every_letter_of_a_block_is_in_a_fact_or_in_the_form_of_an_entry(text: str, form: MarkedForm) -> None:
    block = block_of(text, form)
    forms = block.rewritten([Kept(place, "") for place in range(len(block.texts))])
    told = "".join((*block.texts, forms))
    assert sorted(filter(str.isalpha, told)) == sorted(filter(str.isalpha, text))


RESULT = '{"memories": [{"saved": "d1", "text": "a"}, {"text": "\\u0062", "score": 1.0}], "took": 3}'


def test_a_list_in_json_is_written_back_with_everything_around_it() -> None:
    block = json_block(RESULT, list_name="memories", text_name="text")
    assert block.texts == ("a", "b")
    assert block.rewritten([Kept(1)]) == '{"memories": [{"text": "\\u0062", "score": 1.0}], "took": 3}'
    assert block.rewritten([Kept(1, 'é"'), Kept(0)]) == (
        '{"memories": [{"text": "é\\"", "score": 1.0}, {"saved": "d1", "text": "a"}], "took": 3}'
    )
    assert json.loads(block.rewritten([])) == {"memories": [], "took": 3}


def test_a_list_of_texts_and_a_list_further_in_are_read() -> None:
    assert json_block('["a", "b"]', list_name="", text_name="text").texts == ("a", "b")
    deep = json_block('{"data": {"results": [{"memory": "a"}]}}', list_name="data.results", text_name="memory")
    assert deep.texts == ("a",)


@pytest.mark.parametrize(
    "text",
    [
        "The user is rich.",
        '{"memories": "The user is rich."}',
        '{"other": [{"text": "a"}]}',
        '{"memories": [{"text": "a"}, {"other": "b"}]}',
        '{"memories": [{"text": "a", "text": "b"}]}',
        '{"memories": [{"text": "a"}], "memories": [{"text": "b"}]}',
        '{"memories": [3]}',
        "[" * 3000 + "]" * 3000,
    ],
)
def test_a_result_of_another_shape_is_one_fact(text: str) -> None:
    block = json_block(text, list_name="memories", text_name="text")
    assert block.texts == (text,)
    assert block.rewritten([]) == ""
    assert block.rewritten([Kept(0, "x")]) == "x"
