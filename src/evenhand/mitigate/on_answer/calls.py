"""Several calls to one assistant as one reply: what they used is added up, none is hidden."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from evenhand.records.message import Message, Reply, Request, SecondCall

__all__ = ["characters_of", "with_calls"]


def characters_of(messages: Sequence[Message]) -> int:
    """Characters of everything a conversation sends."""
    return sum(len(message.content) + len(message.tool_arguments or "") for message in messages)


def with_calls(reply: Reply, sent: Request, others: Sequence[tuple[Request, Reply]]) -> Reply:
    """A reply that says which further calls it took; its latency is that of all of them, one after the other.

    Args:
        reply: The reply as it counts, with the usage of its own call.
        sent: What it was given to.
        others: The further calls: what was sent and what came back.
    """
    extra = tuple(
        SecondCall(
            model=came.model or "",
            usage=came.usage,
            input_characters=characters_of(asked.messages),
            output_characters=len(came.text) + len(came.reasoning or ""),
            attempts=came.attempts,
        )
        for asked, came in others
    )
    latency = reply.latency_s + sum(came.latency_s for _, came in others)
    return replace(reply, extra=(*reply.extra, *extra), latency_s=latency, sent=sent.messages)
