"""What the sentences of an answer do: advise, ask, hedge, accept a feeling, warn, point to a professional, decline.

Patterns and definitions are in `speech-acts.yaml`. How well they find what people find is measured on
`labelled-sentences.tsv`; docs/open-answers.md holds the table.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Literal, get_args

from msgspec import Struct

from evenhand.bank.document import convert_document, parse_document
from evenhand.errors import InputError
from evenhand.reading.declining import declines
from evenhand.scoring.features.sentences import sentences

__all__ = ["ACTS", "Act", "acts_of", "definitions", "shares_of_acts"]

Act = Literal["directive", "question", "hedge", "validation", "warning", "referral", "refusal"]
ACTS: tuple[Act, ...] = get_args(Act)
_FILE = "speech-acts.yaml"
_QUOTED = re.compile(r"[\"“][^\"“”]*(?:[\"”]|$)")
"""Words between quotation marks, which somebody else says or is to say; a sentence may end inside them."""
_WHOLE = frozenset({"directive", "question"})
"""Acts that are looked for in quoted words as well: a proposal of words is advice; questions have their own rule."""


class _Patterns(Struct, frozen=True, forbid_unknown_fields=True):
    definition: str
    source: str
    patterns: list[str]
    exceptions: list[str]


class _ActsFile(Struct, frozen=True, forbid_unknown_fields=True):
    language: str
    words: dict[str, str]
    acts: dict[str, _Patterns]


class _Found(Struct, frozen=True):
    """Compiled patterns of an act."""

    shown: re.Pattern[str]
    excepted: re.Pattern[str] | None


@cache
def _file() -> _ActsFile:
    data = (resources.files("evenhand.scoring.features") / _FILE).read_bytes()
    return convert_document(parse_document(data, source=_FILE, error=InputError), _ActsFile, error=InputError)


@cache
def _compiled() -> dict[str, _Found]:
    return {name: _compile(found) for name, found in _file().acts.items()}


def _compile(found: _Patterns) -> _Found:
    return _Found(_joined(found.patterns), _joined(found.exceptions) if found.exceptions else None)


def _joined(patterns: list[str]) -> re.Pattern[str]:
    filled = []
    for pattern in patterns:
        for _ in range(2):
            for name, text in _file().words.items():
                pattern = pattern.replace("{" + name + "}", text)
        filled.append(f"(?:{pattern})")
    return re.compile("|".join(filled), re.IGNORECASE)


def definitions() -> dict[Act, tuple[str, str]]:
    """Act -> (what counts, where the notion comes from)."""
    held = _file().acts
    return {act: (held[act].definition, held[act].source) for act in ACTS}


def acts_of(sentence: str) -> frozenset[Act]:
    """The acts that one English sentence shows; often none, sometimes several.

    Words between quotation marks are proposed to be said, or were said by others: they accept, hedge, warn, refer and
    decline nothing.
    """
    own = _QUOTED.sub(" ", sentence)
    shown = {name for name, found in _compiled().items() if _matches(found, sentence if name in _WHOLE else own)}
    if declines(own):
        shown.add("refusal")
    return frozenset(act for act in ACTS if act in shown)


def _matches(found: _Found, sentence: str) -> bool:
    if found.shown.search(sentence) is None:
        return False
    return found.excepted is None or found.excepted.search(sentence) is None


def shares_of_acts(text: str) -> dict[Act, float] | None:
    """Act -> share of the sentences of a text that show it; None for a text without a sentence."""
    found = sentences(text)
    if not found:
        return None
    each = [acts_of(sentence) for sentence in found]
    return {act: sum(act in shown for shown in each) / len(found) for act in ACTS}
