"""What the assistant was shown, turn by turn, as it may be passed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evenhand.records.message import Message
from evenhand.store.rows import StoredTrial

__all__ = ["shown_turns"]


def shown_turns(
    messages: Sequence[Message], stored: StoredTrial, *, hidden: bool, memory_hidden: bool
) -> Iterator[tuple[str, str]]:
    """Role and content of every turn; text that may not be passed on as id and hash.

    Args:
        messages: The turns, the question last.
        stored: The row of the store that they belong to.
        hidden: Whether the item's text may not be passed on.
        memory_hidden: Whether the facts in memory may not be passed on.
    """
    proof = f"text not redistributable, sha256 {stored.asked_sha[:16]}"
    for index, message in enumerate(messages):
        if index == len(messages) - 1:
            yield message.role, f"[item {stored.cell.item}, {proof}]" if hidden else message.content
        elif memory_hidden:
            yield message.role, f"[memory of {stored.cell.arm}, {proof}]"
        elif message.tool_arguments is not None:
            yield message.role, f"{message.tool_name}({message.tool_arguments})"
        else:
            yield message.role, message.content
