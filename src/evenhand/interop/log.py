"""The log of another tool, in one shape whoever wrote it: what was asked, what came back, and what was noted of it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from evenhand.records.as_read import LogTool
from evenhand.records.message import Reply

__all__ = ["FIXED", "LoggedAnswer", "ToolLog", "Turn", "flat", "written"]

Turn = tuple[str, str]
"""(role, text) of a message."""
FIXED = ("sample", "repeat", "model", "answer", "target")
"""Columns that every log has, whatever fields its writer added."""
_DEEPEST = 6
"""Objects within objects of a field; what lies deeper is not looked at."""


class LoggedAnswer(Struct, frozen=True, kw_only=True):
    """One answer of a log."""

    sample: str
    """Name of the sample, test or document."""
    repeat: int | None = None
    """Which repeat of it this is, as the tool counts."""
    model: str | None = None
    """Who answered."""
    answer: str | None = None
    """What was answered; None where the log does not hold it."""
    target: str | None = None
    """The right answer, where the log holds one."""
    scores: Mapping[str, str | None] = {}
    """Scorer or metric -> what it gave: a number, true or false; None where it gave nothing."""
    fields: Mapping[str, str | None] = {}
    """Full name of a field, as in `metadata.user.gender` -> its value as text."""
    error: str | None = None
    """Why there is no answer."""
    asked: tuple[Turn, ...] | None = None
    """What was asked, turn by turn; None where the log does not hold it as turns."""
    reply: Reply | None = None
    """The answer with all that the log holds of it; None where it holds no answer."""


class ToolLog(Struct, frozen=True, kw_only=True):
    """A whole log."""

    tool: LogTool
    """Who wrote it."""
    name: str
    """Name of the file or folder."""
    version: str | None = None
    """Version of the tool."""
    answers: tuple[LoggedAnswer, ...]
    """Every answer, in the order of the log."""
    nested: tuple[str, ...] = ()
    """Fields of lists, which are not looked at."""
    main_score: str | None = None
    """The score that says whether an answer is right, where the tool has one for that."""
    single: tuple[str, ...] = ()
    """Fields that make different rows of one answer: only one value of each may be analysed at a time."""
    notes: tuple[str, ...] = ()
    """What a reader must know of this log."""
    plan: bytes | None = None
    """The plan that the questions were made from, as JSON, where the log holds it."""


def flat(prefix: str, value: object, *, into: dict[str, str | None], nested: set[str], depth: int = 0) -> None:
    """Fields of an object under their full names, as text; lists are named and left out.

    Args:
        prefix: Name of the value.
        value: What JSON can hold.
        into: Where fields go.
        nested: Where names of lists go.
        depth: How deep the value lies.
    """
    if isinstance(value, Mapping):
        if depth == _DEEPEST:
            nested.add(prefix)
            return
        for name, part in value.items():
            flat(f"{prefix}.{name}" if prefix else str(name), part, into=into, nested=nested, depth=depth + 1)
    elif isinstance(value, list | tuple):
        nested.add(prefix)
    else:
        into[prefix] = written(value)


def written(value: object) -> str | None:
    """A single JSON value as text; NaN is absent."""
    if value is None or value != value:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
