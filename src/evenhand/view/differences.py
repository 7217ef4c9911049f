"""Two texts side by side, with the words marked that only one of them has."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import pairwise

from evenhand.view.search import Piece

__all__ = ["marked_differences"]

_MOST_WORDS = 1_500
"""Words of a text that are compared one by one; longer texts are compared line by line."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


def marked_differences(first: str, second: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces; a piece is marked where the other text has something else in its place."""
    if first == second:
        whole = (Piece(first, marked=False),) if first else ()
        return whole, whole
    split = _WORDS if max(first.count(" "), second.count(" ")) < _MOST_WORDS else _LINES
    left, right = split.findall(first), split.findall(second)
    if max(len(left), len(right)) > 3 * _MOST_WORDS:
        return (Piece(first, marked=True),), (Piece(second, marked=True),)
    blocks = SequenceMatcher(a=left, b=right, autojunk=False).get_matching_blocks()
    return _pieces(left, [(one.a, one.size) for one in blocks]), _pieces(right, [(one.b, one.size) for one in blocks])


def _pieces(parts: list[str], kept: list[tuple[int, int]]) -> tuple[Piece, ...]:
    """The parts joined: those of the blocks as they are, those between them marked."""
    found: list[Piece] = []
    for (start, size), (after, _) in pairwise([(0, 0), *kept, (len(parts), 0)]):
        found.append(Piece("".join(parts[start : start + size]), marked=False))
        between = "".join(parts[start + size : after])
        found.append(Piece(between, marked=bool(between.strip())))
    joined: list[Piece] = []
    for piece in found:
        if not piece.text:
            continue
        if joined and joined[-1].marked == piece.marked:
            joined[-1] = Piece(joined[-1].text + piece.text, marked=piece.marked)
        else:
            joined.append(piece)
    return tuple(joined)
