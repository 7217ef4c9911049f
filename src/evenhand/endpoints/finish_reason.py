"""Why an answer ended, read from the stems of whatever word a server has for it."""

from __future__ import annotations

import re
from typing import Literal

from evenhand.records.message import FinishReason

__all__ = ["Ended", "ended_by", "finish_of"]

Ended = Literal["done", "cut", "blocked", "fault", "unknown"]
"""How an answer ended: whole, out of tokens, blocked by the provider, by a failure, or nobody knows."""

_STEMS: tuple[tuple[Ended, tuple[str, ...]], ...] = (
    (
        "blocked",
        ("filter", "safety", "block", "refus", "moderat", "policy", "polici", "prohibit", "spii"),
    ),
    ("blocked", ("sensitive", "guardrail", "violat", "flag", "denied", "blacklist", "recitation")),
    ("cut", ("length", "max", "limit", "trunc", "incomplete", "context", "budget", "exceed", "cutoff")),
    (
        "fault",
        ("error", "fault", "fail", "malform", "abort", "cancel", "timeout", "timed", "interrupt"),
    ),
    ("fault", ("insufficient", "unexpected", "crash", "exception", "invalid", "overload", "unavailable")),
    ("done", ("stop", "eos", "eot", "end", "complete", "done", "finish", "success", "normal")),
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def ended_by(reason: object) -> Ended:
    """How a finish reason says that the answer ended: `MAX_TOKENS`, `maxOutputTokens` and `length` all mean cut.

    Args:
        reason: As the server has it. None, and what is no text, is read as `done` and `unknown`.
    """
    if reason is None:
        return "done"
    words = [word.lower() for word in _WORD.findall(reason[:200])] if isinstance(reason, str) else []
    for ended, stems in _STEMS:
        if any(word.startswith(stems) for word in words):
            return ended
    return "unknown"


def finish_of(reason: object) -> FinishReason | None:
    """The closed form of a finish reason; None where it says that the answer came about by a failure."""
    match ended_by(reason):
        case "done":
            return "stop"
        case "cut":
            return "length"
        case "blocked":
            return "content_filter"
        case "unknown":
            return "other"
        case "fault":
            return None
