"""Conversations as token ids, by the chat template of a checkpoint, and where their shared beginning ends.

The beginning that a conversation shares with others is found in the tokens of the whole, never by rendering a part of
it: the same conversation is rendered with another last turn, and what both have in common is the beginning. So a
template that puts something of the question before the memory, and a tokenizer that joins the end of the memory with
the question, shorten the beginning, and a wrong one cannot be found.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec
from jinja2 import TemplateError
from msgspec import Struct
from msgspec.structs import replace

from evenhand.endpoints.base import AskError
from evenhand.errors import EndpointError
from evenhand.records.message import Message

__all__ = ["ChatTemplate", "RenderedPrompt", "folded"]

_MARK = "Heard: 4127."
_OTHER = Message(role="user", content="?")
_KEPT = 256
"""Beginnings whose other rendering is kept."""


class RenderedPrompt(Struct, frozen=True):
    """A conversation as the model reads it."""

    ids: tuple[int, ...]
    """All its tokens."""
    shared: int
    """How many of them, from the first, it has in common with the same conversation that asks something else."""


class ChatTemplate:
    """The chat template and the tokenizer of a checkpoint.

    Where the template has no system role, or takes a system turn and does not show it, what the system says is put
    at the beginning of the user's next turn.

    Args:
        tokenizer: A tokenizer of transformers that has a chat template.
        name: The model's name, for messages.

    Raises:
        EndpointError: The template cannot render a question.
    """

    def __init__(self, tokenizer: Any, *, name: str) -> None:
        self._tokenizer = tokenizer
        self._others: OrderedDict[tuple[Message, ...], tuple[int, ...]] = OrderedDict()
        question = Message(role="user", content="Hello")
        try:
            self._rendered((question,))
        except TemplateError as error:
            raise EndpointError(f"The chat template of {name!r} renders no question ({error}).") from error
        self.hears_system = self._hears((Message(role="system", content=_MARK), question))

    def prompt(self, messages: Sequence[Message]) -> RenderedPrompt:
        """The tokens of a conversation.

        Raises:
            AskError: The template cannot render it.
        """
        ids = self._ids(messages)
        return RenderedPrompt(ids, min(_common(ids, self._other(tuple(messages[:-1]))), len(ids) - 1))

    def _other(self, before: tuple[Message, ...]) -> tuple[int, ...]:
        """The tokens of the conversation with another last turn."""
        found = self._others.get(before)
        if found is None:
            found = self._others[before] = self._ids((*before, _OTHER))
            if len(self._others) > _KEPT:
                self._others.popitem(last=False)
        self._others.move_to_end(before)
        return found

    def _ids(self, messages: Sequence[Message]) -> tuple[int, ...]:
        try:
            text = self._rendered(messages if self.hears_system else folded(messages))
        except TemplateError as error:
            raise AskError(f"The chat template cannot render this conversation ({error}).", kind="request") from error
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _rendered(self, messages: Sequence[Message]) -> str:
        turns = [_turn(message) for message in messages]
        text: str = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return text

    def _hears(self, messages: Sequence[Message]) -> bool:
        """Whether the template shows what the system says."""
        try:
            return _MARK in self._rendered(messages)
        except TemplateError:
            return False


def folded(messages: Sequence[Message]) -> tuple[Message, ...]:
    r"""The conversation without system turns: what they say begins the user's next turn.

    Example:
        >>> from evenhand.endpoints.hf.template import folded
        >>> from evenhand.records.message import Message
        >>> turns = (Message(role="system", content="Be brief."), Message(role="user", content="Why?"))
        >>> folded(turns)[0].content
        'Be brief.\n\nWhy?'
    """
    turns: list[Message] = []
    held: list[str] = []
    for message in messages:
        if message.role == "system":
            held.append(message.content)
            continue
        before, held = "\n\n".join(held), []
        if before and message.role == "user":
            turns.append(replace(message, content=f"{before}\n\n{message.content}"))
            continue
        if before:
            turns.append(Message(role="user", content=before))
        turns.append(message)
    return (*turns, *(Message(role="user", content=text) for text in ("\n\n".join(held),) if text))


def _turn(message: Message) -> dict[str, object]:
    """A turn as chat templates take it."""
    turn: dict[str, object] = {"role": message.role, "content": message.content}
    if message.role == "assistant" and message.tool_name is not None:
        arguments = msgspec.json.decode(message.tool_arguments or "{}")
        call = {"type": "function", "function": {"name": message.tool_name, "arguments": arguments}}
        return turn | {"tool_calls": [call]}
    return turn | {"name": message.tool_name} if message.role == "tool" else turn


def _common(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two sequences have in common from the first on."""
    for at, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return at
    return min(len(first), len(second))
