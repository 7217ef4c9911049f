"""Words that somebody typed, as a search of SQLite's FTS5, and where a text holds them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.view.index_file import indexed

__all__ = ["MOST_CHARACTERS", "Piece", "WordSearch", "excerpt", "found_texts", "word_search"]

MOST_CHARACTERS = 200
"""Characters of a search at most."""
_PART = re.compile(r'"([^"]*)"?|(\S+)')
_WORD = re.compile(r"\w+")
_BEFORE = 60


class WordSearch(Struct, frozen=True):
    """What is looked for: all of these in one text."""

    phrases: tuple[tuple[str, ...], ...]
    """Words that follow each other, lower case."""
    begins: tuple[bool, ...]
    """Whether the last word of a phrase may go on (`joy*`)."""

    @property
    def query(self) -> str:
        """The search in the language of FTS5; everything that was typed is in quotes."""
        quoted = (f'"{" ".join(phrase)}"' for phrase in self.phrases)
        return " ".join(f"{one}*" if goes_on else one for one, goes_on in zip(quoted, self.begins, strict=True))


class Piece(Struct, frozen=True):
    """A part of a text."""

    text: str
    marked: bool


def word_search(typed: str) -> WordSearch | None:
    """What somebody typed: words, `"words in a row"`, `begin*`; None where there is no word in it."""
    phrases: list[tuple[str, ...]] = []
    begins: list[bool] = []
    for quoted, word in _PART.findall(typed[:MOST_CHARACTERS]):
        words = tuple(_WORD.findall((quoted or word).casefold()))
        if words:
            phrases.append(words)
            begins.append(word.endswith("*"))
    return WordSearch(tuple(phrases), tuple(begins)) if phrases else None


def found_texts(index: Path, search: WordSearch) -> NDArray[np.int64]:
    """Places of the texts that hold what is looked for.

    Raises:
        StoreError: The index cannot be read.
    """
    with indexed(index) as database:
        # One string is several times faster than a row for each of a million places.
        query = "SELECT group_concat(rowid) FROM words WHERE words MATCH ?"
        (places,) = database.execute(query, (search.query,)).fetchone()
    return np.fromstring(places or "", dtype=np.int64, sep=",")


def excerpt(text: str, search: WordSearch | None, *, most: int) -> tuple[Piece, ...]:
    """The part of a text around the first word that is looked for, with the words marked."""
    plain = " ".join(text.split())
    if search is None:
        return (Piece(plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…", marked=False),)
    words = "|".join(re.escape(word) for phrase in search.phrases for word in phrase)
    ends = r"\w*" if any(search.begins) else r"\b"
    pattern = re.compile(rf"\b(?:{words}){ends}", re.IGNORECASE)
    folded = _folded(plain)
    first = pattern.search(folded)
    start = max(0, (first.start() if first else 0) - _BEFORE)
    shown = plain[start : start + most]
    pieces = [Piece("…", marked=False)] if start else []
    at = 0
    for match in pattern.finditer(folded[start : start + most]):
        pieces += [
            Piece(shown[at : match.start()], marked=False),
            Piece(shown[match.start() : match.end()], marked=True),
        ]
        at = match.end()
    pieces.append(Piece(shown[at:], marked=False))
    if start + most < len(plain):
        pieces.append(Piece("…", marked=False))
    return tuple(piece for piece in pieces if piece.text)


def _folded(text: str) -> str:
    """The text without accents, letter for letter, as the index knows it."""
    return "".join(unicodedata.normalize("NFD", letter)[:1] or letter for letter in text)
