"""Where memory is in a message.

A mark inside memory can make more of a message count as memory, never less: a form reaches from its first start to
its last end, parts that overlap are one part, and without an end everything to the end of the message is memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evenhand.serve.form import MarkedForm

__all__ = ["Part", "parts_of"]


class Part(NamedTuple):
    """A part of a message that is memory, without the first start mark and the last end mark."""

    head: int
    """Where the start mark begins."""
    start: int
    """Where memory begins."""
    end: int
    """Where memory ends."""
    form: MarkedForm
    """The form whose start mark came first."""


def parts_of(text: str, forms: Sequence[MarkedForm]) -> Iterator[Part]:
    """The parts of a message that are memory, in their order, none overlapping another."""
    current: Part | None = None
    for part in sorted(_reaches(text, forms), key=lambda part: part.head):
        if current is None:
            current = part
        elif part.head < current.end:
            current = current._replace(end=max(current.end, part.end))
        else:
            yield current
            current = part
    if current is not None:
        yield current


def _reaches(text: str, forms: Sequence[MarkedForm]) -> Iterator[Part]:
    for form in forms:
        head = text.find(form.start)
        if head >= 0:
            start = head + len(form.start)
            yield Part(head, start, _end(text, start, form), form)


def _end(text: str, start: int, form: MarkedForm) -> int:
    end = text.rfind(form.end, start) if form.end else -1
    if end >= 0:
        return end
    for told in form.after:
        if text.endswith(told) and len(text) - len(told) >= start:
            return len(text) - len(told)
    return len(text)
