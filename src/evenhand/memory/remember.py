"""From an arm to what the assistant is shown before the user's question, for every placement.

One system message always comes first and begins with the base prompt. Memory is added after it, then the reader
prompt. The no-memory arm has the base prompt and nothing else: a reader prompt speaks of what is known of the user,
so it would be a prompt about memory without memory. A product's own system prompt takes the place of the base prompt;
memory and reader prompt then go where its mark is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import assert_never

import msgspec
from msgspec import Struct

from evenhand.errors import UsageError
from evenhand.memory.dates import saved_on
from evenhand.memory.files import MEMORY_TOOL, ROOT, MemoryFiles
from evenhand.memory.own_prompts import SYSTEM_PROMPT, with_memory
from evenhand.memory.stores.bm25 import Bm25Store
from evenhand.memory.templates import render
from evenhand.memory.voice import first_person
from evenhand.records.message import Message
from evenhand.records.profile import Arm, Fact, PlacedFact, Placement, Reader

__all__ = ["TOOL_NAME", "MemorySources", "Remembered", "ShownFact", "notes_message", "remember", "told_turns"]

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

    Raises:
        PlanError: A template is missing or cannot be rendered.
        UsageError: An arm that should hold facts has none, or memory is the assistant's own.
    """
    templates = sources.templates
    if arm.kind == "none":
        return Remembered(messages=(_system(templates, ""),), retrieved=None, characters=0)
    if not arm.facts:
        message = f"Arm {arm.id!r} has no facts to show; only the arm 'none' may be empty."
        raise UsageError(message)
    held = arm.facts if facts is None else facts
    if not held and (placement != "retrieved" or not sources.distractors):
        return Remembered(
            messages=(_system(templates, ""),),
            retrieved=() if placement == "retrieved" else None,
            characters=0,
        )
    shown = _show(held, placement=placement, query=query, sources=sources)
    told = "" if reader == "none" else render(templates, f"reader-{reader}")
    memory = "\n\n".join(part for part in (shown.system, told) if part)
    characters = len(shown.system) + sum(len(turn.content) for turn in shown.turns)
    return Remembered(
        messages=(_system(templates, memory), *shown.turns),
        retrieved=shown.retrieved,
        characters=characters,
    )


def notes_message(templates: Mapping[str, str], notes: Sequence[str]) -> Message:
    """The system message with notes that a memory store found, best first; without any it is the base prompt alone.

    Raises:
        PlanError: A template is missing or cannot be rendered.
    """
    shown = [ShownFact(text=text, date=saved_on(index)) for index, text in enumerate(notes)]
    return _system(templates, _written(templates, "retrieved", shown) if shown else "")


def _system(templates: Mapping[str, str], memory: str) -> Message:
    """The system message: the product's own prompt with memory at its mark, or the base prompt and memory after it."""
    own = templates.get(SYSTEM_PROMPT)
    if own is not None:
        return Message(role="system", content=with_memory(own, memory))
    base = render(templates, "base")
    return Message(role="system", content="\n\n".join(part for part in (base, memory) if part))


def _show(facts: tuple[Fact, ...], *, placement: Placement, query: str, sources: MemorySources) -> _ShownMemory:
    match placement:
        case "system":
            return _ShownMemory(system=_written(sources.templates, "system", _dated(facts)))
        case "narrative":
            return _ShownMemory(system=_written(sources.templates, "narrative", _dated(facts)))
        case "history":
            return _ShownMemory(turns=told_turns(facts, templates=sources.templates))
        case "retrieved":
            return _retrieved(facts, query=query, sources=sources)
        case "tool":
            return _tool(facts, templates=sources.templates)
        case "files":
            return _files(facts, templates=sources.templates)
        case "stored" | "told":
            raise UsageError(
                f"the placement {placement!r} is the assistant's own memory, of which nothing is in the messages; "
                "choose another to see memory, or audit a product (python:FILE.py:NAME, http:FILE.toml)"
            )
        case _:
            assert_never(placement)


def _written(templates: Mapping[str, str], name: str, facts: Sequence[ShownFact]) -> str:
    """Facts in the words of a template: one by one with their dates, or as one paragraph."""
    return render(templates, name, facts=facts, text=" ".join(fact.text for fact in facts))


def _dated(facts: Sequence[Fact]) -> list[ShownFact]:
    """The facts with their dates; one that a policy left has the date that it had before."""
    return [ShownFact(text=fact.text, date=saved_on(_number(fact, index))) for index, fact in enumerate(facts)]


def _number(fact: Fact, index: int) -> int:
    return fact.place if isinstance(fact, PlacedFact) and fact.place >= 0 else index


def told_turns(facts: tuple[Fact, ...], *, templates: Mapping[str, str]) -> tuple[Message, ...]:
    """The conversation in which the user says the facts, one a turn, and the assistant acknowledges each."""
    acknowledgements = render(templates, "acknowledgements").splitlines()
    turns: list[Message] = []
    for index, fact in enumerate(facts):
        turns.append(Message(role="user", content=fact.said or first_person(fact.text)))
        turns.append(Message(role="assistant", content=acknowledgements[index % len(acknowledgements)]))
    return tuple(turns)


@lru_cache(maxsize=512)
def _store(facts: tuple[str, ...], distractors: tuple[str, ...]) -> Bm25Store:
    return Bm25Store(facts, distractors=distractors)


def _retrieved(facts: tuple[Fact, ...], *, query: str, sources: MemorySources) -> _ShownMemory:
    store = _store(tuple(fact.text for fact in facts), sources.distractors)
    found = store.search(query, k=sources.top_k)
    notes = [ShownFact(text=store.texts[index], date=saved_on(index)) for index in found]
    return _ShownMemory(
        system=_written(sources.templates, "retrieved", notes),
        retrieved=tuple(index for index in found if index < len(facts)),
    )


def _tool(facts: tuple[Fact, ...], *, templates: Mapping[str, str]) -> _ShownMemory:
    """A finished look-up as an earlier exchange: chat templates of many models want the roles to alternate."""
    result = {"memories": [{"saved": fact.date, "text": fact.text} for fact in _dated(facts)]}
    call = Message(role="assistant", content="", tool_name=TOOL_NAME, tool_call_id=_CALL_ID, tool_arguments=_ARGUMENTS)
    answer = Message(
        role="tool", content=msgspec.json.encode(result).decode(), tool_name=TOOL_NAME, tool_call_id=_CALL_ID
    )
    return _ShownMemory(
        turns=(
            Message(role="user", content=render(templates, "tool-request")),
            call,
            answer,
            Message(role="assistant", content=render(templates, "tool-reply")),
        )
    )


def _files(facts: tuple[Fact, ...], *, templates: Mapping[str, str]) -> _ShownMemory:
    """A finished look into the files of the memory tool: the folder is viewed, then the one file in it."""
    files = MemoryFiles()
    path = f"{ROOT}/user.md"
    text = "\n".join(f"- [{fact.date}] {fact.text}" for fact in _dated(facts))
    files.run({"command": "create", "path": path, "file_text": text})
    turns = [Message(role="user", content=render(templates, "tool-request"))]
    for number, viewed in enumerate((ROOT, path), 1):
        arguments, call = {"command": "view", "path": viewed}, f"call_memory_{number}"
        turns.append(
            Message(
                role="assistant",
                content="",
                tool_name=MEMORY_TOOL,
                tool_call_id=call,
                tool_arguments=msgspec.json.encode(arguments).decode(),
            )
        )
        turns.append(Message(role="tool", content=files.run(arguments), tool_name=MEMORY_TOOL, tool_call_id=call))
    turns.append(Message(role="assistant", content=render(templates, "tool-reply")))
    return _ShownMemory(turns=tuple(turns))
