"""Where the values of a JSON text stand, so that one of them can be replaced and every other byte kept.

The text must be valid JSON: decode it first. Every member of an object is reported, also one whose name comes twice,
since readers of JSON do not agree on which of the two counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

__all__ = ["Change", "Span", "changed", "elements", "is_string", "members", "string_at", "string_of", "value_at"]

_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*"', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")
_ATOM = re.compile(rb"[^ \t\r\n,\]}]+")
_NESTING = re.compile(rb'"(?:[^"\\]+|\\.)*"|[\[\]{}]', re.DOTALL)
_OPENING = b"[{"
_QUOTE, _COMMA = ord('"'), ord(",")


class Span(NamedTuple):
    """A part of a text, in bytes."""

    start: int
    end: int


class Change(NamedTuple):
    """What is to stand in place of a part of a text."""

    span: Span
    text: bytes


def value_at(text: bytes, at: int = 0) -> Span:
    """The value that begins at `at`, without the white space before it."""
    start = _after_space(text, at)
    first = text[start]
    if first == _QUOTE:
        return Span(start, _end(_STRING, text, start))
    if first not in _OPENING:
        return Span(start, _end(_ATOM, text, start))
    depth = 0
    for found in _NESTING.finditer(text, start):
        mark = text[found.start()]
        if mark == _QUOTE:
            continue
        depth += 1 if mark in _OPENING else -1
        if depth == 0:
            return Span(start, found.end())
    raise ValueError("The value is not complete; decode the text before asking where its values are.")


def members(text: bytes, within: Span) -> Iterator[tuple[str, Span]]:
    """Name and value of every member of the object at `within`, in the order of the text."""
    at = _after_space(text, within.start + 1)
    while text[at] == _QUOTE:
        name = Span(at, _end(_STRING, text, at))
        value = value_at(text, _after_space(text, name.end) + 1)
        yield string_at(text, name), value
        at = _after_space(text, value.end)
        if text[at] != _COMMA:
            return
        at = _after_space(text, at + 1)


def elements(text: bytes, within: Span) -> Iterator[Span]:
    """Every element of the list at `within`."""
    at = _after_space(text, within.start + 1)
    if at == within.end - 1:
        return
    while True:
        value = value_at(text, at)
        yield value
        at = _after_space(text, value.end)
        if text[at] != _COMMA:
            return
        at += 1


def is_string(text: bytes, span: Span) -> bool:
    """Whether the value is a string."""
    return text[span.start] == _QUOTE


def string_at(text: bytes, span: Span) -> str:
    """The string that stands at `span`."""
    inner = text[span.start + 1 : span.end - 1]
    if b"\\" not in inner:
        return inner.decode()
    return msgspec.json.decode(text[span.start : span.end], type=str)


def string_of(value: str) -> bytes:
    """A string as JSON."""
    return msgspec.json.encode(value)


def changed(text: bytes, changes: Iterable[Change]) -> bytes:
    """The text with the changes; parts that are not named stay byte for byte.

    Args:
        text: The text.
        changes: What to replace; the parts do not overlap, and an empty part inserts.
    """
    parts: list[bytes] = []
    at = 0
    for change in sorted(changes, key=lambda change: change.span):
        parts += (text[at : change.span.start], change.text)
        at = change.span.end
    return b"".join((*parts, text[at:]))


def _after_space(text: bytes, at: int) -> int:
    return _end(_SPACE, text, at)


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    found = pattern.match(text, at)
    if found is None:
        raise ValueError("The text is not JSON; decode it before asking where its values are.")
    return found.end()
