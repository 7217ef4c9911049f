"""Where the values of a JSON text are, so that one of them can be replaced and every other byte kept.

Every member of an object is reported, also one whose name comes twice, since readers of JSON do not agree on which of
the two counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

__all__ = ["Change", "JsonText", "Span", "changed", "string_of"]

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_BEFORE_VALUE = re.compile(rb"[ \t\r\n,:]*")
_ATOM = re.compile(rb"[^ \t\r\n,\]}]+")
_QUOTE, _OBJECT, _LIST = b'"{['
_OPENING = b"{["


class Span(NamedTuple):
    """A part of a text, in bytes."""

    start: int
    end: int


class Change(NamedTuple):
    """What is to take the place of a part of a text."""

    span: Span
    text: bytes


class JsonText:
    """A JSON text and the places of its values.

    Args:
        text: The text, in UTF-8.

    Raises:
        msgspec.DecodeError: It is not JSON.
        UnicodeDecodeError: It is not UTF-8.
        RecursionError: It is nested too deeply.
    """

    def __init__(self, text: bytes) -> None:
        msgspec.json.decode(text)
        self.text = text
        self._ends = ends = dict(found.span() for found in _TOKEN.finditer(text))
        opened: list[int] = []
        for start in [place for place in ends if text[place] != _QUOTE]:
            if text[start] in _OPENING:
                opened.append(start)
            else:
                ends[opened.pop()] = start + 1
        self.top = Span(*self._value(0))
        """The value that the text is."""

    def members(self, within: Span) -> Iterator[tuple[str, Span]]:
        """Name and value of every member of an object, in the order of the text."""
        start, end = self._value(within.start + 1)
        while end < within.end:
            value = self._value(end)
            yield self._string(start, end), Span(*value)
            start, end = self._value(value[1])

    def elements(self, within: Span) -> Iterator[Span]:
        """Every element of a list."""
        start, end = self._value(within.start + 1)
        while end < within.end:
            yield Span(start, end)
            start, end = self._value(end)

    def is_string(self, span: Span) -> bool:
        """Whether a value is a string."""
        return self.text[span.start] == _QUOTE

    def is_object(self, span: Span) -> bool:
        """Whether a value is an object."""
        return self.text[span.start] == _OBJECT

    def is_list(self, span: Span) -> bool:
        """Whether a value is a list."""
        return self.text[span.start] == _LIST

    def string(self, span: Span) -> str:
        """The string at a place."""
        return self._string(span.start, span.end)

    def _string(self, start: int, end: int) -> str:
        inner = self.text[start + 1 : end - 1]
        if b"\\" not in inner:
            return inner.decode()
        return msgspec.json.decode(self.text[start:end], type=str)

    def _value(self, at: int) -> tuple[int, int]:
        """Start and end of the next value; where an object or a list ends there, those of its closing mark."""
        found = _BEFORE_VALUE.match(self.text, at)
        start = at if found is None else found.end()
        end = self._ends.get(start)
        if end is None:
            found = _ATOM.match(self.text, start)
            end = start + 1 if found is None else found.end()
        return start, end


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
