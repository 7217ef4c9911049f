"""The kinds of policies: on memory, on the prompt, on the answer, and those that ask a model about memory.

A policy knows nothing of audits. The grid of an audit and a gateway in front of a live assistant call the same function
with what is there: the facts in memory, the conversation, a way to ask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, assert_never

from msgspec import Struct

from evenhand.records.message import Message, Reply, Request
from evenhand.records.plan import ModelSpec
from evenhand.records.profile import Fact

__all__ = [
    "AnswerPolicy",
    "Ask",
    "AskedPolicy",
    "Facts",
    "MemoryPolicy",
    "Policy",
    "PolicyMaker",
    "PromptPolicy",
    "Unfit",
    "Unread",
    "unfit_for_gateway",
]

Facts = tuple[Fact, ...]
"""What is in memory, in its order; empty: nothing is, and the assistant is asked as if it had no memory."""

Ask = Callable[[Request], Awaitable[Reply]]
"""Puts one request to the assistant."""


class MemoryPolicy(Struct, frozen=True, kw_only=True):
    """Changes what is remembered before the assistant sees it. Pure: same facts and question, same result.

    Example:
        >>> from evenhand.mitigate.policy import MemoryPolicy
        >>> forget = MemoryPolicy(name="forget", on_memory=lambda facts, question: ())
        >>> forget.on_memory((), "What should I do?")
        ()
    """

    name: str
    """Name of the policy."""
    on_memory: Callable[[Facts, str], Facts]
    """From the facts in memory and the whole text of the user's last turn to the facts that are shown. A fact that is
    changed is made from the old one with `msgspec.structs.replace`, so that it keeps its place and its date."""
    marks: bool = False
    """Whether it reads what facts are marked as (`dimension`, `factor`). Facts of a live request carry no marks."""


class PromptPolicy(Struct, frozen=True, kw_only=True):
    """Changes the conversation before it is sent. Pure: same messages, same result."""

    name: str
    """Name of the policy."""
    on_prompt: Callable[[tuple[Message, ...]], tuple[Message, ...]]
    """From the conversation, memory included, to the one that is sent."""


class AnswerPolicy(Struct, frozen=True, kw_only=True):
    """Asks several times and makes one answer of it. The extra calls are paid like all others."""

    name: str
    """Name of the policy."""
    memories: Callable[[Facts], tuple[Facts, ...]]
    """Other memories under which the same question is to be asked too; empty: none, the request itself is enough."""
    on_answer: Callable[[Request, tuple[Request, ...], Ask], Awaitable[Reply]]
    """From the request, the same request under each of the other memories, and a way to ask, to the answer."""
    calls: Callable[[Request, tuple[Request, ...]], tuple[int, ...]]
    """Characters of every call that it will make for a request, answers that are sent back left out."""


class Unread(Struct, frozen=True):
    """What a model said of a fact decides nothing: it refused, or its answer cannot be read. The fact is not shown."""


class AskedPolicy(Struct, frozen=True, kw_only=True):
    """Asks a model about every fact in memory before the assistant is asked. Its calls are paid like all others."""

    name: str
    """Name of the policy."""
    model: ModelSpec
    """The model that is asked."""
    prompt: Callable[[Fact, str], str]
    """From a fact and the whole text of the user's last turn to what the model is asked."""
    decided: Callable[[Fact, str], Fact | Unread | None]
    """From a fact and the model's answer to what is shown of the fact; None: nothing."""
    by_question: bool
    """Whether the decision depends on the question. Each fact is asked about once, or once for each question."""
    left_out: str
    """What the report says where a decision could not be read, as a sentence without its full stop."""


Policy = MemoryPolicy | PromptPolicy | AnswerPolicy | AskedPolicy

Unfit = Literal["several calls", "marks"]
"""Why a gateway cannot carry a policy. `several calls`: it asks the assistant several times for one answer. `marks`: it
reads what facts are marked as, and facts of live requests carry no marks."""


def unfit_for_gateway(policy: Policy) -> Unfit | None:
    """Why a gateway cannot apply a policy to live requests; None: it can."""
    match policy:
        case AnswerPolicy():
            return "several calls"
        case MemoryPolicy():
            return "marks" if policy.marks else None
        case PromptPolicy() | AskedPolicy():
            return None
        case _ as unreachable:
            assert_never(unreachable)


class PolicyMaker(Struct, frozen=True, kw_only=True):
    """How a policy comes about: its texts are read once, when a plan is made; from then on the plan's texts count.

    Another package registers one under the entry point group `evenhand.mitigations`; a policy without options and files
    may be registered as it is.
    """

    name: str
    """Name, as in `--mitigation NAME`."""
    options: tuple[str, ...] = ()
    """Names of the options that it takes."""
    usual: Mapping[str, str] = {}
    """Options that a plan gets where none are named; a plan holds them, so that it means the same tomorrow."""
    files: Callable[[Mapping[str, str]], dict[str, str]] = lambda options: {}
    """From the options to the texts that the policy works from: name -> text."""
    make: Callable[[Mapping[str, str], Mapping[str, str]], Policy]
    """From the options and the texts to the policy. Raises `UsageError` for a value that an option cannot have."""
