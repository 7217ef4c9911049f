"""Read a letter: from a bare letter, from "answer: B", from a leading "B.", or from the option's own words."""

from __future__ import annotations

import re

from evenhand.scoring.extractors.base import Found, NotFound, Shown

__all__ = ["choice_letter"]

_DECORATION = " \t\r\n*_`\"'“”‘’()[]{}<>.:;,!#$\\"
_ANNOUNCED = re.compile(
    r"(?i:\b(?:answer|choice|option|choose|pick|select|go\s+with)\b(?:\s+(?:is|would\s+be|letter|option))*)\s*[:=]?\s*"
    r"[\*_`\"'(\[]*([A-Z])(?:[\*_`\"')\].,:;!?]|\s*$|\s+(?:because|since|as|is|would|for|[-–—(])|\s*\n)",
    re.MULTILINE,
)
_LEADING = re.compile(r"^[\*_`\"'(\[]*([A-Z])[\*_`\"')\]]*\s*(?:[.):,]|[-–—]|\n|$)")
_MARKED = re.compile(r"(?:\(([A-Z])\)|\*\*([A-Z])\*\*|\b([A-Z])\)|^\s*([A-Z])\s*$)", re.MULTILINE)


def choice_letter(text: str, shown: Shown) -> Found | NotFound:
    """The option whose letter the answer gives.

    The first reading that names exactly one option wins: the whole answer is a letter; the answer announces one
    ("the answer is (B)"); it begins with one ("B. ..."); it marks one ("**B**"); it repeats one option's words.
    An article is not a letter: a bare "A" inside a sentence counts only when it is announced or marked.
    """
    bare = text.strip(_DECORATION)
    if len(bare) == 1 and bare.upper() in shown.letters:
        return Found(shown.letters.index(bare.upper()))
    readings = (
        set(_ANNOUNCED.findall(text)),
        {match.group(1) for match in [_LEADING.match(text.strip())] if match},
        {next(group for group in match if group) for match in _MARKED.findall(text)},
    )
    for letters in readings:
        known = sorted(letter for letter in letters if letter in shown.letters)
        if len(known) == 1:
            return Found(shown.letters.index(known[0]))
        if len(known) > 1:
            return NotFound(f"names several options: {', '.join(known)}")
    return by_words(text, shown)


def by_words(text: str, shown: Shown) -> Found | NotFound:
    """The one option whose words stand in the answer; an option contained in a longer one found is not counted."""
    folded = " ".join(text.casefold().split())
    found = [
        position
        for position, option in enumerate(shown.texts)
        if re.search(rf"(?<!\w){re.escape(' '.join(option.casefold().split()).rstrip('.'))}(?!\w)", folded)
    ]
    outer = [
        position
        for position in found
        if not any(
            position != other and shown.texts[position].casefold() in shown.texts[other].casefold() for other in found
        )
    ]
    if len(outer) == 1:
        return Found(outer[0])
    return NotFound("names several options by their words" if outer else "names no option")
