"""What every extractor is given and gives back."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

__all__ = ["Extract", "Found", "NotFound", "Shown"]


class Shown(Struct, frozen=True):
    """The options as the assistant saw them."""

    letters: tuple[str, ...]
    """Letters in shown order."""
    texts: tuple[str, ...]
    """Texts in shown order."""


class Found(Struct, frozen=True):
    """An option was read from the answer."""

    position: int
    """0-based position shown."""


class NotFound(Struct, frozen=True):
    """No single option could be read from the answer."""

    reason: str


class Extract(Protocol):
    """An extractor: answer text and options shown -> the one option chosen, or why there is none."""

    def __call__(self, text: str, shown: Shown) -> Found | NotFound:
        """Read the chosen option; an answer that names several is not guessed at."""
        ...
