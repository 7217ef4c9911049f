"""Chat requests with memory in them, as the tests of the gateway send them."""

from __future__ import annotations

import json
from typing import Any

from evenhand.serve.form import shipped_forms

__all__ = ["PROSE", "SAVED", "chat", "saved", "tool_turns"]

SAVED, _, PROSE = (form.start for form in shipped_forms().marked)
"""What evenhand's own prompts say before a list of facts, and before facts as prose."""


def saved(*facts: str, after: str = "") -> str:
    """A system message with facts in memory."""
    lines = [f"- [2025-01-{day:02}] {fact}" for day, fact in enumerate(facts, start=1)]
    return "You are a helpful assistant.\n\n" + SAVED + "\n".join(lines) + after


def chat(*turns: dict[str, Any], question: str = "What do I feel?", **fields: Any) -> bytes:
    """The body of a chat request; the user's question comes last."""
    messages = [*turns, {"role": "user", "content": question}]
    return json.dumps({"model": "m", "messages": messages} | fields).encode()


def tool_turns(*facts: str, tool: str = "recall_memory", call: str = "call_1") -> list[dict[str, Any]]:
    """A look-up of memory as earlier turns."""
    function = {"name": tool, "arguments": "{}"}
    result = {"memories": [{"saved": "2025-01-01", "text": fact} for fact in facts]}
    return [
        {"role": "user", "content": "Look it up."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": call, "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": call, "content": json.dumps(result)},
        {"role": "assistant", "content": "Done."},
    ]
