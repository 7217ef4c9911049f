"""The memory of a request: its facts as a policy sees them, and the request with the facts that a policy leaves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from evenhand.records.profile import Fact, PlacedFact
from evenhand.serve.block import Block, Kept, block_of, json_block
from evenhand.serve.conversation import ChatTurn, Conversation
from evenhand.serve.finder import Part, parts_of
from evenhand.serve.form import MemoryForms, ToolForm
from evenhand.serve.json_text import Change, Span, changed, string_of
from evenhand.serve.prompt import Unplaceable

__all__ = ["Memory", "find_memory", "plainly_written"]

_TOOL_ROLES = ("tool", "function")
_HIDDEN = re.compile("[\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Marks that are put over letters and have no letter of their own, and selectors of glyphs."""


class Stored(NamedTuple):
    """A block of memory, and where in the request it is."""

    form: str
    """The name of its form."""
    text: Span
    """The string in the body that it is a part of."""
    part: Part | None
    """The part of that string; None: the whole string."""
    block: Block


class Memory(Struct, frozen=True, kw_only=True):
    """Every block of memory of a request."""

    conversation: Conversation
    """The request."""
    stored: tuple[Stored, ...]
    """The blocks, in the order of the request."""
    facts: tuple[PlacedFact, ...]
    """The facts of all blocks, in the order of the request."""

    def placed(self, left: Sequence[Fact]) -> list[Kept]:
        """What a policy left, each fact with the place in the request that it came from.

        A fact without a place that a policy made anew takes the next place that no other fact has.

        Raises:
            Unplaceable: No place is left for it.
        """
        places = [_place(fact, self.facts) for fact in left]
        free = iter(sorted({fact.place for fact in self.facts} - set(places)))
        kept = []
        for fact, known in zip(left, places, strict=True):
            place = next(free, -1) if known < 0 else known
            if place < 0:
                raise Unplaceable("The policy made more facts than it was given, and not from those.")
            kept.append(Kept(place, None if self.facts[place].text == fact.text else fact.text))
        return kept

    def rewritten(self, kept: Sequence[Kept]) -> bytes:
        """The request with these facts; places count over all blocks.

        A string of the body that holds a changed block is written anew; every other byte stays.
        """
        texts: dict[Span, list[tuple[Part | None, str]]] = {}
        first = 0
        for stored in self.stored:
            size = len(stored.block.texts)
            own = [Kept(fact.place - first, fact.text) for fact in kept if first <= fact.place < first + size]
            first += size
            if [(fact.place, fact.text) for fact in own] != [(place, None) for place in range(size)]:
                texts.setdefault(stored.text, []).append((stored.part, stored.block.rewritten(own)))
        body = self.conversation.body
        return changed(
            body,
            (
                Change(span, string_of(_spliced(self.conversation.json.string(span), parts)))
                for span, parts in texts.items()
            ),
        )


def find_memory(conversation: Conversation, forms: MemoryForms) -> Memory:
    """The memory of a request, in every form that is looked for."""
    stored = tuple(_stored(conversation, forms))
    texts = [text for one in stored for text in one.block.texts]
    facts = tuple(
        PlacedFact(text=plainly_written(text), dimension="neutral", place=place) for place, text in enumerate(texts)
    )
    return Memory(conversation=conversation, stored=stored, facts=facts)


def _stored(conversation: Conversation, forms: MemoryForms) -> Iterator[Stored]:
    calls = {call for turn in conversation.turns for call in turn.calls}
    for turn in conversation.turns:
        tool = _tool(turn, calls, forms)
        marked = [form for form in forms.marked if turn.role in form.roles]
        for span in turn.texts:
            if tool is not None:
                block = json_block(conversation.json.string(span), list_name=tool.list, text_name=tool.text)
                yield Stored(tool.name, span, None, block)
            elif marked:
                text = conversation.json.string(span)
                for part in parts_of(text, marked):
                    yield Stored(part.form.name, span, part, block_of(text[part.start : part.end], part.form))


def _tool(turn: ChatTurn, calls: set[tuple[str, str]], forms: MemoryForms) -> ToolForm | None:
    """The form of the memory that a turn returns; None where it is no result of a tool that has one.

    Ids of calls may come again later for another tool: any tool that was called by this id counts.
    """
    if turn.role not in _TOOL_ROLES:
        return None
    return next((form for form in forms.tools if form.tool == turn.name or (turn.call_id, form.tool) in calls), None)


def plainly_written(text: str) -> str:
    """A fact as a policy reads it: without characters that are not seen, and with one form for each letter.

    So a word list is not escaped by a zero-width space, a full-width letter or a stroke over a letter. Letters of other
    scripts that look alike stay what they are.
    """
    if text.isascii():
        return text
    plain = _HIDDEN.sub("", unicodedata.normalize("NFKC", text))
    return "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")


def _place(fact: Fact, facts: Sequence[PlacedFact]) -> int:
    """The place of a fact that a policy left; -1: it tells none, and no fact of the request has its text."""
    if isinstance(fact, PlacedFact) and 0 <= fact.place < len(facts):
        return fact.place
    return next((one.place for one in facts if one.text == fact.text), -1)


def _spliced(text: str, parts: Sequence[tuple[Part | None, str]]) -> str:
    """A text of the request with its blocks written anew; an empty block goes with its marks."""
    pieces: list[str] = []
    at = 0
    for part, block in parts:
        if part is None:
            return block
        head, end = (part.start, part.end) if block else _outline(text, part)
        pieces += (text[at:head], block)
        at = end
    return "".join((*pieces, text[at:]))


def _outline(text: str, part: Part) -> tuple[int, int]:
    """An empty block with its marks, what follows it as a text about memory, and the blank line before it."""
    end = part.end
    told = text[end:]
    if told and told in part.form.after:
        end = len(text)
    elif part.form.end and told.startswith(part.form.end):
        end += len(part.form.end)
    head = part.head
    if text[end:].strip() == "":
        head = len(text[:head].rstrip("\n"))
    return head, end
