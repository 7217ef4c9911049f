"""Read a letter: from a bare letter, from "answer: B", from a leading "B.", or from the option's own words."""

from __future__ import annotations

from evenhand.reading.read import read
from evenhand.scoring.extractors.base import Found, NotFound, Shown, found

__all__ = ["choice_letter"]


def choice_letter(text: str, shown: Shown) -> Found | NotFound:
    """The option whose letter or words the answer claims; see `evenhand.reading.read` for the order."""
    return found(read(text, shown))
