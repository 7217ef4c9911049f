"""How memory looks in a request: between which marks it is, and how one fact is set apart from the next."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, get_args

from msgspec import Struct

from evenhand.memory.remember import TOOL_NAME, ShownFact
from evenhand.memory.templates import load_templates, render
from evenhand.records.profile import READERS

__all__ = ["SHAPES", "MarkedForm", "MemoryForms", "Shape", "ToolForm", "entry_pattern", "shipped_forms"]

Shape = Literal["entries", "prose", "json"]
"""How the facts of a block are written: one line each, as sentences, or as a list in JSON."""
SHAPES: tuple[Shape, ...] = get_args(Shape)

_FIELD = re.compile(r"\{(\w+)\}")
_TEXT, _DATE = "\x02text\x03", "\x02date\x03"


class MarkedForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Memory inside a message, after a mark."""

    name: str
    """What the counters call it."""
    start: str
    """The text that comes before the first fact; the message's own, never part of a fact."""
    end: str = ""
    """The text that comes after the last fact; empty: memory reaches to the end of the message."""
    after: tuple[str, ...] = ()
    """Texts that may end the message after memory and are not memory."""
    shape: Shape = "entries"
    """How facts are written."""
    entry: str = "- {text}"
    """Shape `entries`: one line. `{text}` is the fact, `{number}` counts, any other name stands for anything."""
    list: str = "memories"
    """Shape `json`: the member that holds the list of facts; empty: the value itself is the list."""
    text: str = "text"
    """Shape `json`: the member of an element that holds the fact; elements that are strings are facts themselves."""
    roles: tuple[str, ...] = ("system", "developer")
    """Messages of these roles are looked at."""


class ToolForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Memory that a tool returns, as JSON."""

    name: str
    """What the counters call it."""
    tool: str
    """The name of the tool."""
    list: str = "memories"
    """The member that holds the list of facts; empty: the result itself is the list."""
    text: str = "text"
    """The member of an element that holds the fact; elements that are strings are facts themselves."""


class MemoryForms(Struct, frozen=True, kw_only=True):
    """Every form that is looked for."""

    marked: tuple[MarkedForm, ...] = ()
    """Memory between marks."""
    tools: tuple[ToolForm, ...] = ()
    """Memory in the results of tools."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the counters call them."""
        return (*(form.name for form in self.marked), *(form.name for form in self.tools))


@lru_cache(maxsize=256)
def entry_pattern(entry: str) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """What begins an entry, at the beginning of a line, and what ends it, at the very end; None where nothing does.

    A placeholder stands for at most 80 characters, so that no text takes long to look through.
    """
    before, _, behind = entry.partition("{text}")
    ends = re.compile(_pattern(behind) + r"\Z") if behind else None
    return re.compile("^" + _pattern(before), re.MULTILINE), ends


def _pattern(form: str) -> str:
    parts = _FIELD.split(form)
    return "".join(
        re.escape(part) if place % 2 == 0 else r"\d+" if part == "number" else r"[^\n]{0,80}?"
        for place, part in enumerate(parts)
    )


@lru_cache(maxsize=1)
def shipped_forms() -> MemoryForms:
    """The forms in which evenhand itself shows memory, read from its memory templates.

    Earlier turns (the placement `history`) have no form: nothing in a request says which turns are memory.
    """
    templates = load_templates()
    readers = tuple("\n\n" + render(templates, f"reader-{reader}") for reader in READERS if reader != "none")
    listed = (_listed(name, templates=templates, after=readers) for name in ("system", "retrieved"))
    return MemoryForms(
        marked=(*listed, _prose(templates, after=readers)), tools=(ToolForm(name="tool", tool=TOOL_NAME),)
    )


def _listed(name: str, *, templates: dict[str, str], after: tuple[str, ...]) -> MarkedForm:
    """The form of a template that lists facts: what comes before the first of them, and its line."""
    lines = render(templates, name, facts=[ShownFact(text=_TEXT, date=_DATE)]).split("\n")
    place = next(number for number, line in enumerate(lines) if _TEXT in line)
    entry = re.sub(r"\b1\b", "{number}", lines[place].replace(_DATE, "{date}")).replace(_TEXT, "{text}")
    return MarkedForm(name=name, start="\n".join(lines[:place]) + "\n", after=after, entry=entry)


def _prose(templates: dict[str, str], *, after: tuple[str, ...]) -> MarkedForm:
    start = render(templates, "narrative", text=_TEXT).partition(_TEXT)[0]
    return MarkedForm(name="narrative", start=start, after=after, shape="prose")
