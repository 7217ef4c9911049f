"""Length and reading level of items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from evenhand.bank.lint_record import Lint
from evenhand.records.item import Bank, Item

__all__ = ["lint_text", "reading_grade", "syllables", "word_count"]

_SHORT, _LONG = 8, 150
_HARD_GRADE: Final = 10.0
_FEW_WORDS: Final = 20
_LONGER: Final = 1.5
_MARGIN: Final = 20

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+")
_SENTENCE_END = re.compile(r"[.!?…]+(?=[\s\"'”’)]|$)")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?:[^laeiouy]e|[^tdaeiouy]ed|[^aeiouyscxz]es)$")


def word_count(text: str) -> int:
    """Number of words; a number counts as one."""
    return len(_WORD.findall(text))


@lru_cache(maxsize=50_000)
def syllables(word: str) -> int:
    """Syllables of an English word, by groups of vowels with silent endings taken off; at least 1.

    A heuristic: it is right for most words and off by one for some, which evens out over a text.
    """
    plain = word.casefold().replace("’", "'").split("'")[0]
    count = len(_VOWELS.findall(plain))
    if count > 1 and _SILENT_END.search(plain):
        count -= 1
    return max(count, 1)


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade: years of schooling in the United States that the text asks for.

    0.39 words/sentences + 11.8 syllables/words - 15.59 (Kincaid, Fishburne, Rogers and Chissom 1975). NaN for a text
    without words.
    """
    words = _WORD.findall(text)
    if not words:
        return float("nan")
    sentences = max(len(_SENTENCE_END.findall(text)), 1)
    spoken = sum(syllables(part) for word in words for part in word.split("-") if part)
    return 0.39 * len(words) / sentences + 11.8 * spoken / len(words) - 15.59


def lint_text(bank: Bank) -> Iterator[Lint]:
    """Rules `length`, `option_length` and, for English, `readability`."""
    english = bank.language.split("-")[0] == "en"
    for item in bank.items:
        yield from _length(item)
        yield from _options(item)
        if english:
            yield from _grade(item)


def _length(item: Item) -> Iterator[Lint]:
    words = word_count(item.stem)
    if words > _LONG:
        message = f"has {words} words; above {_LONG} reading weighs more than understanding"
        yield Lint(severity="note", rule="length", item=item.id, field="stem", message=message)
    elif words < _SHORT and item.kind in ("understanding", "management") and item.stem.isascii():
        message = f"has {words} words; below {_SHORT} a situation seldom fixes what is asked"
        yield Lint(severity="note", rule="length", item=item.id, field="stem", message=message)


def _options(item: Item) -> Iterator[Lint]:
    lengths = {option.id: len(option.text) for option in item.options}
    others = [length for name, length in lengths.items() if name != item.key]
    if not others or item.key not in lengths:
        return
    key, longest = lengths[item.key], max(others)
    if key > _LONGER * longest and key - longest > _MARGIN:
        message = f"the key has {key} characters, the next longest option {longest}; bring them closer"
        yield Lint(severity="warning", rule="option_length", item=item.id, field="options", message=message)


def _grade(item: Item) -> Iterator[Lint]:
    text = f"{item.stem} {item.question}"
    grade = reading_grade(text)
    if word_count(text) >= _FEW_WORDS and grade > _HARD_GRADE:
        message = f"reads at grade {grade:.1f}; above {_HARD_GRADE:.0f} use shorter sentences and words"
        yield Lint(severity="note", rule="readability", item=item.id, field="stem", message=message)
