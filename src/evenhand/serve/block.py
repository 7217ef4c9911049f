"""A block of memory taken apart into facts, and put together again from the facts that a policy leaves.

Everything between the marks belongs to some fact, whatever it looks like: a line that is no entry, a mark that a fact
contains, text after a false end. So nothing that is stored can get past a policy by its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, assert_never

import msgspec

from evenhand.serve.form import MarkedForm, entry_pattern
from evenhand.serve.json_text import Change, JsonText, Span, changed, string_of

__all__ = ["Block", "Kept", "block_of", "json_block"]

_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+|\n+")
_NUMBER = re.compile(r"\d+")


class Kept(NamedTuple):
    """A fact that a policy leaves: its place in the block, and its text now (None: as it was)."""

    place: int
    text: str | None = None


class Block(Protocol):
    """A block of memory."""

    texts: tuple[str, ...]
    """The facts, in the order of the block."""

    def rewritten(self, kept: Sequence[Kept]) -> str:
        """The block with these facts only, in this order."""
        ...


def block_of(text: str, form: MarkedForm) -> Block:
    """What is between the marks, taken apart as its form says."""
    match form.shape:
        case "entries":
            return _Listed(text, form.entry)
        case "prose":
            return _Prose(text)
        case "json":
            return json_block(text, list_name=form.list, text_name=form.text)
        case _:
            assert_never(form.shape)


class _Listed:
    """One fact per line; lines that begin no entry belong to the fact before them."""

    def __init__(self, text: str, entry: str) -> None:
        body = text.lstrip("\n")
        self._text, self._lead = body, text[: len(text) - len(body)]
        self._numbered = "{number}" in entry.partition("{text}")[0]
        self._places = tuple(_entries(body, entry))
        self.texts = tuple(body[place.said : place.told] for place in self._places)

    def rewritten(self, kept: Sequence[Kept]) -> str:
        if not kept:
            return ""
        parts = [self._lead]
        for number, fact in enumerate(kept, start=1):
            place = self._places[fact.place]
            before = self._text[place.start : place.said]
            if self._numbered:
                before = _NUMBER.sub(str(number), before, count=1)
            said = self.texts[fact.place] if fact.text is None else fact.text
            parts += (before, said, self._text[place.told : place.end], self._glue(fact.place) or "\n")
        return "".join(parts[:-1]) + self._glue(-1)

    def _glue(self, number: int) -> str:
        """The line breaks after an entry."""
        place = self._places[number]
        return self._text[place.end : place.stop]


class _EntryPlace(NamedTuple):
    """Where the parts of an entry are."""

    start: int
    """Where it begins."""
    said: int
    """Where the fact begins."""
    told: int
    """Where the fact ends."""
    end: int
    """Where the line ends."""
    stop: int
    """Where the next entry begins."""


def _entries(text: str, entry: str) -> Iterator[_EntryPlace]:
    if not text:
        return
    begins, ends = entry_pattern(entry)
    places = [found.span() for found in begins.finditer(text)]
    if not places or places[0][0] > 0:
        places.insert(0, (0, 0))
    stops = [start for start, _ in places[1:]]
    for (start, said), stop in zip(places, [*stops, len(text)], strict=True):
        end = stop
        while end > said and text[end - 1] == "\n":
            end -= 1
        last = ends.search(text, said, end) if ends is not None and said > start else None
        yield _EntryPlace(start, said, end if last is None else last.start(), end, stop)


class _Prose:
    """One fact a sentence; a line break ends a sentence, too."""

    def __init__(self, text: str) -> None:
        body = text.rstrip()
        self._tail = text[len(body) :]
        self.texts = tuple(part for part in _SENTENCE.split(body) if part.strip())

    def rewritten(self, kept: Sequence[Kept]) -> str:
        said = (self.texts[fact.place] if fact.text is None else fact.text for fact in kept)
        return " ".join(said) + (self._tail if kept else "")


class _Whole:
    """Text that should be JSON and is not, or has another shape: one fact, so that it cannot get past a policy."""

    def __init__(self, text: str) -> None:
        self.texts: tuple[str, ...] = (text,) if text.strip() else ()

    def rewritten(self, kept: Sequence[Kept]) -> str:
        return "\n".join(self.texts[fact.place] if fact.text is None else fact.text for fact in kept)


class _Element(NamedTuple):
    """An element of a list, and the string in it that is the fact."""

    whole: Span
    said: Span


class _Json:
    """A list in JSON; what is around it, and the other members of its elements, stay as they are."""

    def __init__(self, json: JsonText, listed: Span, found: Sequence[_Element]) -> None:
        self._text, self._list, self._found = json.text, listed, found
        self.texts = tuple(json.string(said) for _, said in found)

    def rewritten(self, kept: Sequence[Kept]) -> str:
        if not kept:
            return changed(self._text, [Change(self._list, b"[]")]).decode()
        first, last = self._found[0].whole, self._found[-1].whole
        between = self._text[first.end : self._found[1].whole.start] if len(self._found) > 1 else b","
        within = between.join(self._element(fact) for fact in kept)
        return changed(self._text, [Change(Span(first.start, last.end), within)]).decode()

    def _element(self, fact: Kept) -> bytes:
        whole, said = self._found[fact.place]
        changes = () if fact.text is None else (Change(said, string_of(fact.text)),)
        return changed(self._text[: whole.end], changes)[whole.start :]


def json_block(text: str, *, list_name: str, text_name: str) -> Block:
    """A text in JSON, whose list holds one fact an element; any other text is one fact.

    Args:
        text: The text.
        list_name: The member that holds the list, with dots for members of members; empty: the text is the list.
        text_name: The member of an element that holds its fact.
    """
    try:
        json = JsonText(text.encode())
    except (msgspec.DecodeError, RecursionError):
        return _Whole(text)
    listed = _member(json, json.top, list_name.split(".") if list_name else [])
    if listed is None or not json.is_list(listed):
        return _Whole(text)
    found = [_said(json, element, text_name) for element in json.elements(listed)]
    known = [element for element in found if element is not None]
    return _Json(json, listed, known) if len(known) == len(found) else _Whole(text)


def _member(json: JsonText, value: Span, path: Sequence[str]) -> Span | None:
    """The value at the end of a path; None where a name is missing, or comes twice."""
    for name in path:
        if not json.is_object(value):
            return None
        found = [span for key, span in json.members(value) if key == name]
        if len(found) != 1:
            return None
        value = found[0]
    return value


def _said(json: JsonText, element: Span, text_name: str) -> _Element | None:
    said = element if json.is_string(element) else _member(json, element, [text_name])
    return _Element(element, said) if said is not None and json.is_string(said) else None
