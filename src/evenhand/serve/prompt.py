"""The conversation of a request as a prompt policy sees it, and the request with the conversation that it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from evenhand.records.message import Message, Role
from evenhand.serve.conversation import ChatTurn, Conversation
from evenhand.serve.json_text import Change, Span, changed, string_of

__all__ = ["LiveMessage", "Unplaceable", "messages_of", "with_messages"]

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class LiveMessage(Message, frozen=True, kw_only=True):
    """A turn of a live request. A policy that changes it with `msgspec.structs.replace` keeps its place."""

    place: int = -1
    """Which turn of the request it is; -1: a policy made it from nothing."""


class Unplaceable(Exception):
    """A policy left a conversation that cannot be put back into the request; the message says why."""


def messages_of(conversation: Conversation) -> tuple[LiveMessage, ...]:
    """The turns of a request. A role that evenhand does not know counts as the user's."""
    return tuple(
        LiveMessage(
            role=_ROLES.get(turn.role, "user"),
            content=conversation.text(turn),
            tool_name=turn.name if turn.calls or turn.role in {"tool", "function"} else None,
            tool_call_id=turn.call_id,
            tool_arguments=turn.arguments,
            place=place,
        )
        for place, turn in enumerate(conversation.turns)
    )


def with_messages(conversation: Conversation, left: Sequence[Message]) -> bytes:
    """The request with the conversation that a policy left; turns that it did not change stay byte for byte.

    Raises:
        Unplaceable: A turn cannot be written back.
    """
    if len(conversation.lists) > 1:
        raise Unplaceable("The body names 'messages' twice.")
    places = [message.place if isinstance(message, LiveMessage) else -1 for message in left]
    if places == list(range(len(conversation.turns))):
        edits = [
            edit
            for message, turn in zip(left, conversation.turns, strict=True)
            for edit in _edits(conversation, turn, message.content)
        ]
        return changed(conversation.body, edits)
    parts = [_written(conversation, message, place) for message, place in zip(left, places, strict=True)]
    return changed(conversation.body, [Change(conversation.lists[0], b"[" + b",".join(parts) + b"]")])


def _written(conversation: Conversation, message: Message, place: int) -> bytes:
    if not 0 <= place < len(conversation.turns):
        return msgspec.json.encode({"role": message.role, "content": message.content})
    turn = conversation.turns[place]
    start = turn.whole.start
    edits = [
        Change(Span(edit.span.start - start, edit.span.end - start), edit.text)
        for edit in _edits(conversation, turn, message.content)
    ]
    return changed(conversation.body[start : turn.whole.end], edits)


def _edits(conversation: Conversation, turn: ChatTurn, content: str) -> Iterator[Change]:
    """What to change in a turn so that it says something else."""
    json, before = conversation.json, conversation.text(turn)
    if content == before:
        return
    if len(turn.texts) == 1:
        yield Change(turn.texts[0], string_of(content))
    elif len(turn.texts) > 1 and content.startswith(before):
        last = turn.texts[-1]
        yield Change(last, string_of(json.string(last) + content[len(before) :]))
    elif len(turn.texts) > 1 and content.endswith(before):
        first = turn.texts[0]
        yield Change(first, string_of(content[: -len(before)] + json.string(first)))
    elif len(turn.content) == 1 and not turn.texts and not json.is_list(turn.content[0]):
        yield Change(turn.content[0], string_of(content))
    else:
        raise Unplaceable("The policy rewrites a message that has several parts; send it as one text.")
