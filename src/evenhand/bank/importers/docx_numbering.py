"""Labels that Word makes itself for the paragraphs of its lists: `1.`, `(a)`, counted as Word counts them."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

__all__ = ["ListLabels"]

_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NUMBERING = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering"


class _Level(Struct, frozen=True, kw_only=True):
    """One level of a list."""

    start: int
    form: str
    """Word's name of the number format, such as `decimal` or `lowerLetter`."""
    text: str
    """The label, with `%1` where the number of the first level goes, and so on."""


class _List(Struct, frozen=True, kw_only=True):
    """A use of a list definition; several uses of one definition count on, unless they start anew."""

    definition: str
    starts: dict[int, int]
    """Level to the number at which this use starts anew."""


class ListLabels:
    """Counts through a document; ask for its paragraphs in order."""

    def __init__(self, document: Any) -> None:
        """Read the list definitions of a document; one without lists has no labels."""
        self._levels: dict[tuple[str, int], _Level] = {}
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        for relation in document.part.rels.values():
            if relation.reltype == _NUMBERING:
                self._read(relation.target_part.element)

    def _read(self, element: Any) -> None:
        for definition in element.findall(f"{_W}abstractNum"):
            for level in definition.findall(f"{_W}lvl"):
                place = (definition.get(f"{_W}abstractNumId"), int(level.get(f"{_W}ilvl")))
                self._levels[place] = _Level(
                    start=int(_value(level, "start", "1")),
                    form=_value(level, "numFmt", "decimal"),
                    text=_value(level, "lvlText", ""),
                )
        for use in element.findall(f"{_W}num"):
            starts = {
                int(override.get(f"{_W}ilvl")): int(_value(override, "startOverride", "1"))
                for override in use.findall(f"{_W}lvlOverride")
                if override.find(f"{_W}startOverride") is not None
            }
            name = use.get(f"{_W}numId")
            self._lists[name] = _List(definition=_value(use, "abstractNumId", ""), starts=starts)

    def label(self, paragraph: Any) -> str:
        """The label of a paragraph, such as `(b)`; empty where it is in no list, or has a bullet."""
        name, depth = _list_of(paragraph)
        used = self._lists.get(name)
        level = self._levels.get((used.definition, depth)) if used else None
        if used is None or level is None:
            return ""
        counts = self._counts.setdefault(used.definition, {})
        if name not in self._begun:
            self._begun.add(name)
            for place, start in used.starts.items():
                counts[place] = start - 1
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [place for place in counts if place > depth]:
            del counts[deeper]
        if level.form in ("bullet", "none"):
            return ""
        return re.sub(r"%(\d)", lambda found: self._number(used, int(found.group(1)) - 1), level.text)

    def _number(self, used: _List, depth: int) -> str:
        level = self._levels.get((used.definition, depth))
        start, form = (level.start, level.form) if level else (1, "decimal")
        return _formatted(self._counts[used.definition].get(depth, start), form)


def _value(element: Any, name: str, default: str) -> str:
    child = element.find(f"{_W}{name}")
    found = child.get(f"{_W}val") if child is not None else None
    return default if found is None else str(found)


def _list_of(paragraph: Any) -> tuple[str, int]:
    """Id and level of the list a paragraph belongs to, by itself or through its style; an empty id for none."""
    depth: int | None = None
    holders = [paragraph._p]
    style = paragraph.style
    while style is not None:
        holders.append(style.element)
        style = style.base_style
    for holder in holders:
        properties = holder.find(f"{_W}pPr/{_W}numPr")
        if properties is None:
            continue
        if depth is None and properties.find(f"{_W}ilvl") is not None:
            depth = int(_value(properties, "ilvl", "0"))
        if properties.find(f"{_W}numId") is not None:
            return _value(properties, "numId", ""), depth or 0
    return "", 0


def _formatted(number: int, form: str) -> str:
    match form:
        case "lowerLetter" | "upperLetter":
            letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
            return letters.upper() if form == "upperLetter" else letters
        case "lowerRoman" | "upperRoman":
            roman, rest = "", number
            for value, sign in _ROMAN:
                roman += sign * (rest // value)
                rest %= value
            return roman.upper() if form == "upperRoman" else roman
        case _:
            return str(number)
