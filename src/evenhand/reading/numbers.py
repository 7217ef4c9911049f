"""Reads which number a text states for each option: percentages and ratings, in lines, tables or JSON.

A number belongs to the option that is named right before it, with nothing but punctuation and small words between. An
option may be named by its letter, by its words, or by both. Where a text goes through all options more than once (a
first pass and a revision) the last round counts; an option that is given two different numbers otherwise is not guessed
at.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from evenhand.reading.declining import declines
from evenhand.reading.plain import CUT, plain
from evenhand.reading.shown import Shown

__all__ = ["NoNumbers", "NoNumbersWhy", "Stated", "StatedNumber", "Unit", "stated_numbers"]

Unit = Literal["none", "percent", "ten", "other"]
"""What follows a number: nothing, a percent sign, "of 10", or another whole it is a part of."""
NoNumbersWhy = Literal["empty", "declined", "none", "missing", "several", "unclear"]


class StatedNumber(Struct, frozen=True):
    """One number as it was stated."""

    value: float
    unit: Unit


class Stated(Struct, frozen=True):
    """A number for every option."""

    numbers: tuple[StatedNumber, ...]
    """In shown order."""


class NoNumbers(Struct, frozen=True):
    """A text that does not state one number for every option."""

    why: NoNumbersWhy
    """`empty`: nothing is left without thoughts and wrappers; `declined`: it refuses; `none`: it states no number;
    `missing`: it leaves options out; `several`: it gives an option different numbers; `unclear`: it states a range, or
    a part of it was cut out."""


_FILL = (
    r"(?:[\s:=.,;)\]\(\[|\"'→>~≈*]|\s-\s|-(?=\s)"
    r"|\b(?:is|are|at|about|around|approximately|approx|roughly|nearly|almost|gets?|rating|score|intensity|level"
    r"|probability|likelihood|value|percentage|of|a|an|ist|etwa|ungefähr|circa|ca|bei|mit|wert|punktzahl|es|est|de|à"
    r"|environ|aproximadamente|liegt|beträgt|une?|una|con|avec)\b"
    r"|为|是|约|大约|大概|的|评分|得分|分数|强度|程度|可能性|概率)"
)
_NUMBER = r"(?P<number>[-+]?\d+(?:[.,]\d+)?)"
_UNIT = (
    r"[ ]?(?P<unit>%|percent\b|per[ ]cent\b|prozent\b|pour[ ]cent\b|por[ ]ciento\b"
    r"|(?:/|out[ ]of|von|of|sur|de)[ ]?(?P<whole>\d+)\b)?"
)
_RANGE = r"(?P<range>[ ]?(?:-|–|to|bis|or|/|a|à|y|到|至)[ ]?\d)?"
_DENSE = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts that put no spaces between words."""
_BEGINS = rf"(?-i:(?<![^\W_{_DENSE}])(?<![不无無非没未]))"
"""Where a name begins: not in the middle of a word of a script with spaces, nor after a Chinese "not". Cases are not
looked for, as these scripts have none: for 40,000 characters that would take most of the time to compile."""
_ENDS = rf"(?-i:(?<=[{_DENSE}])|(?![^\W_{_DENSE}]))"
"""Where a name ends: behind a script without spaces anywhere, else at the end of a word."""
_SPACE = re.compile(r"\s+")


def stated_numbers(text: str, shown: Shown) -> Stated | NoNumbers:
    """The number that `text` states for each of the options, or why there is not one for each.

    Args:
        text: The answer.
        shown: The options; their letters may be left out, their texts may not.
    """
    bare = plain(text)
    if not bare:
        return NoNumbers("empty")
    rounds: list[list[StatedNumber]] = [[] for _ in shown.texts]
    for match in _pattern(shown.letters, shown.texts).finditer(bare):
        if match["range"] or (match["unit"] is None and match.end() == len(bare) and bare.endswith(("-", "/"))):
            return NoNumbers("unclear")
        position = next(index for index in range(len(rounds)) if match[f"o{index}"] is not None)
        rounds[position].append(_number(match))
    if not any(rounds):
        return NoNumbers("declined" if declines(bare) else "none")
    if not all(rounds):
        return NoNumbers("unclear" if CUT in bare else "missing")
    if len({len(found) for found in rounds}) > 1 and any(len(set(found)) > 1 for found in rounds):
        return NoNumbers("several")
    return Stated(tuple(found[-1] for found in rounds))


def _number(match: re.Match[str]) -> StatedNumber:
    value = float(match["number"].replace(",", "."))
    if match["unit"] is None:
        return StatedNumber(value, "none")
    if match["whole"] is None:
        return StatedNumber(value, "percent")
    units: dict[int, Unit] = {10: "ten", 100: "percent"}
    return StatedNumber(value, units.get(int(match["whole"]), "other"))


@lru_cache(maxsize=4096)
def _pattern(letters: tuple[str, ...], texts: tuple[str, ...]) -> re.Pattern[str]:
    """An option's name, fill, a number and its unit; group `oN` holds the name of the option at position N."""
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    names = "|".join(f"(?P<o{index}>{_name(letters[index : index + 1], texts[index])})" for index in order)
    return re.compile(
        rf"{_BEGINS}(?:{names}){_ENDS}{_FILL}{{0,12}}(?<![\d.,]){_NUMBER}(?![\d.,]*\d){_UNIT}{_RANGE}", re.IGNORECASE
    )


def _name(letter: tuple[str, ...], text: str) -> str:
    """The option's words, or its letter: upper case, or in any case where quotes or brackets mark it as a letter."""
    words = _SPACE.sub(r"\\s+", re.escape(plain(text).rstrip(".")).replace("\\ ", " "))
    named = [words] if words else []
    for one in letter:
        upper, lower = re.escape(one.upper()), re.escape(one.lower())
        named.append(rf"(?-i:{upper})(?:\W{{1,4}}{words})?")
        named.append(rf"(?-i:{lower})(?=[\"')\].:])")
    return "|".join(named)
