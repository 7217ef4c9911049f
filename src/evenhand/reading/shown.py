"""The options as an assistant saw them."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Shown"]


class Shown(Struct, frozen=True):
    """The options as the assistant saw them."""

    letters: tuple[str, ...]
    """Letters in shown order, upper case; empty where options were shown without letters."""
    texts: tuple[str, ...]
    """Texts in shown order; empty where they are not known."""
    synonyms: tuple[tuple[str, int], ...] = ()
    """Further words with the position they stand for."""
