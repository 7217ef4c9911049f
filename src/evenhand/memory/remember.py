"""From an arm to what the assistant is shown before the user's question, for every placement.

One system message always comes first and begins with the base prompt. Memory is added after it, then the reader
prompt. The no-memory arm has the base prompt and nothing else: a reader prompt speaks of what is known of the user,
so it would be a prompt about memory without memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import assert_never

import msgspec
from msgspec import Struct

from evenhand.errors import UsageError
from evenhand.memory.dates import saved_on
from evenhand.memory.stores.bm25 import Bm25Store
from evenhand.memory.templates import render
from evenhand.memory.voice import first_person
from evenhand.records.language import Language
from evenhand.records.message import Message
from evenhand.records.profile import Arm, Fact, PlacedFact, Placement, Reader

__all__ = ["TOOL_NAME", "MemorySources", "Remembered", "ShownFact", "remember"]

TOOL_NAME = "recall_memory"
_CALL_ID = "call_recall_1"
_ARGUMENTS = '{"about":"user"}'


class MemorySources(Struct, frozen=True, kw_only=True):
    """What the renderer needs besides the arm; all of it is part of the plan."""

    templates: Mapping[str, str]
    """Template name -> text, as frozen in the plan."""
    distractors: tuple[str, ...] = ()
    """Neutral facts that join the arm's in the memory store of the `retrieved` placement."""
    top_k: int = 5
    """How many notes a search of the memory store returns."""


class Remembered(Struct, frozen=True, kw_only=True):
    """What the assistant is shown before the user's question."""

    messages: tuple[Message, ...]
    """The system message first, then earlier turns or a tool call with its result."""
    retrieved: tuple[int, ...] | None
    """Indexes into the arm's facts that a search found, best first (empty: only distractors came up); None for
    placements that show every fact."""
    characters: int
    """Length of the memory as shown, without the base prompt and the reader prompt."""


class ShownFact(Struct, frozen=True, kw_only=True):
    """A fact as a template sees it."""

    text: str
    date: str


class _ShownMemory(Struct, frozen=True, kw_only=True):
    """A memory: text for the system message, turns after it, and what a search found."""

    system: str = ""
    turns: tuple[Message, ...] = ()
    retrieved: tuple[int, ...] | None = None


def remember(
    arm: Arm,
    *,
    placement: Placement,
    reader: Reader,
    query: str,
    sources: MemorySources,
    facts: tuple[Fact, ...] | None = None,
    language: Language = "en",
) -> Remembered:
    """Everything the assistant sees before the user's question.

    Args:
        arm: What is in memory.
        placement: Where memory sits.
        reader: What the assistant is told to do with it; left out where memory is empty.
        query: What the memory store is searched with (the item's stem); matters to `retrieved` only.
        sources: Templates and distractors, from the plan.
        facts: What a policy lets through of the arm's facts; None: all of them. Without any, memory is empty, and the
            assistant sees what it sees without memory; a store that is searched still holds its distractors.
        language: Of everything but the facts.

    Raises:
        PlanError: A template is missing or cannot be rendered.
        UsageError: An arm that should hold facts has none.
    """
    templates = sources.templates
    base = render(templates, "base", language)
    if arm.kind == "none":
        return Remembered(messages=(Message(role="system", content=base),), retrieved=None, characters=0)
    if not arm.facts:
        message = f"Arm {arm.id!r} has no facts to show; only the arm 'none' may be empty."
        raise UsageError(message)
    held = arm.facts if facts is None else facts
    if not held and (placement != "retrieved" or not sources.distractors):
        return Remembered(
            messages=(Message(role="system", content=base),),
            retrieved=() if placement == "retrieved" else None,
            characters=0,
        )
    shown = _show(held, placement=placement, query=query, sources=sources, language=language)
    told = "" if reader == "none" else render(templates, f"reader-{reader}", language)
    content = "\n\n".join(part for part in (base, shown.system, told) if part)
    characters = len(shown.system) + sum(len(turn.content) for turn in shown.turns)
    return Remembered(
        messages=(Message(role="system", content=content), *shown.turns),
        retrieved=shown.retrieved,
        characters=characters,
    )


def _show(
    facts: tuple[Fact, ...], *, placement: Placement, query: str, sources: MemorySources, language: Language
) -> _ShownMemory:
    match placement:
        case "system":
            return _ShownMemory(system=render(sources.templates, "system", language, facts=_dated(facts)))
        case "narrative":
            text = " ".join(fact.text for fact in facts)
            return _ShownMemory(system=render(sources.templates, "narrative", language, text=text))
        case "history":
            return _history(facts, templates=sources.templates, language=language)
        case "retrieved":
            return _retrieved(facts, query=query, sources=sources, language=language)
        case "tool":
            return _tool(facts, templates=sources.templates, language=language)
        case _:
            assert_never(placement)


def _dated(facts: Sequence[Fact]) -> list[ShownFact]:
    """The facts with their dates; one that a policy left has the date that it had before."""
    return [ShownFact(text=fact.text, date=saved_on(_number(fact, index))) for index, fact in enumerate(facts)]


def _number(fact: Fact, index: int) -> int:
    return fact.place if isinstance(fact, PlacedFact) and fact.place >= 0 else index


def _history(facts: tuple[Fact, ...], *, templates: Mapping[str, str], language: Language) -> _ShownMemory:
    acknowledgements = render(templates, "acknowledgements", language).splitlines()
    turns: list[Message] = []
    for index, fact in enumerate(facts):
        turns.append(Message(role="user", content=fact.said or first_person(fact.text)))
        turns.append(Message(role="assistant", content=acknowledgements[index % len(acknowledgements)]))
    return _ShownMemory(turns=tuple(turns))


@lru_cache(maxsize=512)
def _store(facts: tuple[str, ...], distractors: tuple[str, ...]) -> Bm25Store:
    return Bm25Store(facts, distractors=distractors)


def _retrieved(facts: tuple[Fact, ...], *, query: str, sources: MemorySources, language: Language) -> _ShownMemory:
    store = _store(tuple(fact.text for fact in facts), sources.distractors)
    found = store.search(query, k=sources.top_k)
    notes = [ShownFact(text=store.texts[index], date=saved_on(index)) for index in found]
    return _ShownMemory(
        system=render(sources.templates, "retrieved", language, facts=notes),
        retrieved=tuple(index for index in found if index < len(facts)),
    )


def _tool(facts: tuple[Fact, ...], *, templates: Mapping[str, str], language: Language) -> _ShownMemory:
    """A finished look-up as an earlier exchange: chat templates of many models want the roles to alternate."""
    result = {"memories": [{"saved": fact.date, "text": fact.text} for fact in _dated(facts)]}
    call = Message(role="assistant", content="", tool_name=TOOL_NAME, tool_call_id=_CALL_ID, tool_arguments=_ARGUMENTS)
    answer = Message(
        role="tool", content=msgspec.json.encode(result).decode(), tool_name=TOOL_NAME, tool_call_id=_CALL_ID
    )
    return _ShownMemory(
        turns=(
            Message(role="user", content=render(templates, "tool-request", language)),
            call,
            answer,
            Message(role="assistant", content=render(templates, "tool-reply", language)),
        )
    )
