"""What every extractor is given and gives back."""

from __future__ import annotations

from typing import Protocol, assert_never

from msgspec import Struct

from evenhand.reading.read import Nothing, Read
from evenhand.reading.shown import Shown

__all__ = ["Extract", "Found", "NotFound", "Shown", "found"]


class Found(Struct, frozen=True):
    """An option was read from the answer."""

    position: int
    """0-based position shown."""
    whole: bool = False
    """Whether the answer says nothing else."""


class NotFound(Struct, frozen=True):
    """No single option could be read from the answer."""

    reason: str
    declined: bool = False
    """Whether the answer refuses."""


class Extract(Protocol):
    """An extractor: answer text and options shown -> the one option chosen, or why there is none."""

    def __call__(self, text: str, shown: Shown) -> Found | NotFound:
        """Read the chosen option; an answer that names several is not guessed at."""
        ...


def found(reading: Read | Nothing) -> Found | NotFound:
    """A reading as what an extractor gives back."""
    if isinstance(reading, Read):
        return Found(reading.position, reading.whole)
    match reading.why:
        case "declined":
            return NotFound("declines to answer", declined=True)
        case "several":
            return NotFound("names several options, or one that was not shown")
        case "none":
            return NotFound("names no option")
        case "empty":
            return NotFound("empty answer")
    assert_never(reading.why)
