from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.serve.json_text import Change, Span, changed, elements, is_string, members, string_at, string_of, value_at

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)
LAYOUTS: tuple[dict[str, Any], ...] = (
    {},
    {"indent": 2},
    {"ensure_ascii": False},
    {"separators": (",", ":")},
    {"separators": (" ,\t", " :\r\n")},
)


def rebuilt(text: bytes, span: Span) -> Any:
    """The value at a span, read by the places of its parts alone."""
    match text[span.start : span.start + 1]:
        case b"{":
            return {name: rebuilt(text, value) for name, value in members(text, span)}
        case b"[":
            return [rebuilt(text, value) for value in elements(text, span)]
        case b'"':
            assert is_string(text, span)
            return string_at(text, span)
        case _:
            return json.loads(text[span.start : span.end])


@given(JSON, st.sampled_from(LAYOUTS))
def test_every_value_stands_where_it_is_said_to_stand(value: Any, layout: dict[str, Any]) -> None:
    text = f" \n{json.dumps(value, **layout)} ".encode()
    assert rebuilt(text, value_at(text)) == value


def test_a_name_that_comes_twice_is_told_twice_and_escapes_are_read() -> None:
    text = b'{"a": 1, "\\u0061": [2], "b\\"": {}}'
    found = [(name, text[span.start : span.end]) for name, span in members(text, value_at(text))]
    assert found == [("a", b"1"), ("a", b"[2]"), ('b"', b"{}")]


def test_a_change_leaves_every_other_byte() -> None:
    text = b'{ "x" : "old" , "y":1.50e0}'
    spans = dict(members(text, value_at(text)))
    assert changed(text, [Change(spans["x"], string_of('n"é'))]) == b'{ "x" : "n\\"\xc3\xa9" , "y":1.50e0}'
    assert changed(text, []) == text


def test_what_is_put_in_at_one_place_keeps_its_order() -> None:
    here = Span(1, 1)
    assert changed(b"[]", [Change(here, b"2,"), Change(here, b"1")]) == b"[2,1]"


@pytest.mark.parametrize("text", [b'{"a": [1', b'"a', b""])
def test_a_text_that_is_no_json_is_an_error(text: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        list(members(text, value_at(text)))
