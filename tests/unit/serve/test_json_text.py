from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.serve.json_text import Change, JsonText, Span, changed, string_of

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


def rebuilt(read: JsonText, span: Span) -> Any:
    """The value at a span, read by the places of its parts alone."""
    if read.is_object(span):
        return {name: rebuilt(read, value) for name, value in read.members(span)}
    if read.is_list(span):
        return [rebuilt(read, value) for value in read.elements(span)]
    if read.is_string(span):
        return read.string(span)
    return json.loads(read.text[span.start : span.end])


@given(JSON, st.sampled_from(LAYOUTS))
def test_every_value_stands_where_it_is_said_to_stand(value: Any, layout: dict[str, Any]) -> None:
    read = JsonText(f" \n{json.dumps(value, **layout)} ".encode())
    assert rebuilt(read, read.top) == value


def test_a_name_that_comes_twice_is_told_twice_and_escapes_are_read() -> None:
    read = JsonText(b'{"a": 1, "\\u0061": [2], "b\\"": {}}')
    found = [(name, read.text[span.start : span.end]) for name, span in read.members(read.top)]
    assert found == [("a", b"1"), ("a", b"[2]"), ('b"', b"{}")]


def test_a_change_leaves_every_other_byte() -> None:
    read = JsonText(b'{ "x" : "old" , "y":1.50e0}')
    spans = dict(read.members(read.top))
    assert changed(read.text, [Change(spans["x"], string_of('n"é'))]) == b'{ "x" : "n\\"\xc3\xa9" , "y":1.50e0}'
    assert changed(read.text, []) == read.text


def test_what_is_put_in_at_one_place_keeps_its_order() -> None:
    here = Span(1, 1)
    assert changed(b"[]", [Change(here, b"2,"), Change(here, b"1")]) == b"[2,1]"


@pytest.mark.parametrize("text", [b'{"a": [1', b'"a', b"", b"{]", b"NaN", b'"\xff"', b"[" * 5000 + b"]" * 5000])
def test_a_text_that_is_no_json_is_an_error(text: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)):
        JsonText(text)
