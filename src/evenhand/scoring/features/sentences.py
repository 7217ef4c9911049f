"""An answer taken apart into sentences and words."""

from __future__ import annotations

import re

from evenhand.reading.plain import plain

__all__ = ["sentences", "words"]

_BULLET = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,2}[.)]|#{1,6})\s+")
_ENDS = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9ÀÖÄÜÉ])")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|Dr|Mr|Mrs|Ms|Prof|St|No)\.$")
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, in order: a line ends a sentence, list marks are left out, and emphasis is taken off."""
    found: list[str] = []
    for line in text.splitlines():
        bare = _BULLET.sub("", line).strip()
        if not _WORD.search(bare):
            continue
        start = 0
        for gap in _ENDS.finditer(bare):
            part = bare[start : gap.start()]
            if _ABBREVIATION.search(part):
                continue
            found.append(bare[start : gap.end()].strip())
            start = gap.end()
        if bare[start:].strip():
            found.append(bare[start:].strip())
    return tuple(plain(one).strip() for one in found)


def words(text: str) -> tuple[str, ...]:
    """The words of a text as written; what is joined by a hyphen or an apostrophe is one word."""
    return tuple(_WORD.findall(text))
