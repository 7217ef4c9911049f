"""Words that give something away: a cohort factor in the situation, or the emotion that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources

from msgspec import Struct

from evenhand.bank.document import convert_document, parse_document
from evenhand.bank.lint_record import Lint, Severity
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item

__all__ = ["factor_words", "lint_words", "named_emotions", "word_groups"]


_FACTORS = "factor-lexicon.yaml"
_EMOTIONS = "emotion-words.yaml"
_WORD = re.compile(r"\w+(?:['-]\w+)*")


class _WordList(Struct, frozen=True, forbid_unknown_fields=True):
    """Group -> terms: words, word beginnings (a final `*`) and phrases."""

    language: str
    groups: dict[str, list[str]]


class _Matcher:
    """Finds a word list's terms in a text; each distinct word is looked up once."""

    def __init__(self, words: _WordList) -> None:
        self.language = words.language
        terms = [(term.casefold(), group) for group, listed in words.groups.items() for term in listed]
        self._exact = {term: group for term, group in terms if " " not in term and not term.endswith("*")}
        self._beginnings = {term[:-1]: group for term, group in terms if " " not in term and term.endswith("*")}
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})
        self._phrases: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        for term, group in terms:
            if " " in term:
                self._phrases.setdefault(term.split()[0], []).append((_phrase(term), group))
        self._group_of = lru_cache(maxsize=100_000)(self._look_up)

    def _look_up(self, word: str) -> str | None:
        """The word itself, or what follows a hyphen in it ("year-old" in "29-year-old")."""
        start = 0
        while start >= 0:
            part = word[start:]
            if found := self._exact.get(part):
                return found
            if found := next((g for n in self._lengths if (g := self._beginnings.get(part[:n])) is not None), None):
                return found
            start = word.find("-", start) + 1 or -1
        return None

    def find(self, text: str) -> dict[str, tuple[str, ...]]:
        """Group -> the words of the text that belong to it, phrases last."""
        words = _WORD.findall(text.replace("’", "'").casefold())
        found: dict[str, list[str]] = {}
        for word in words:
            if group := self._group_of(word):
                found.setdefault(group, []).append(word)
        line = " ".join(words)
        for start in sorted(self._phrases.keys() & set(words)):
            for pattern, group in self._phrases[start]:
                found.setdefault(group, []).extend(pattern.findall(line))
        return {group: tuple(hits) for group, hits in found.items() if hits}


def _phrase(term: str) -> re.Pattern[str]:
    ending = r"\w*" if term.endswith("*") else r"(?!\w)"
    return re.compile(r"(?<!\w)" + re.escape(term.rstrip("*")) + ending)


@cache
def _matcher(name: str) -> _Matcher:
    data = (resources.files("evenhand.bank") / "data" / name).read_bytes()
    document = parse_document(data, source=name, error=BankError)
    return _Matcher(convert_document(document, _WordList, error=BankError))


def word_groups(text: str, name: str) -> dict[str, tuple[str, ...]]:
    """Group -> the words of an English text that belong to it, by the shipped word list of that file name."""
    return _matcher(name).find(text)


def factor_words(text: str) -> dict[str, tuple[str, ...]]:
    """Factor -> the words of an English text that tell of it, lower case."""
    return _matcher(_FACTORS).find(text)


def named_emotions(text: str) -> dict[str, str]:
    """Emotion -> the first word of an English text that names it, lower case."""
    return {emotion: words[0] for emotion, words in _matcher(_EMOTIONS).find(text).items()}


def lint_words(bank: Bank) -> Iterator[Lint]:
    """Rules `lexicon` (situation, question and options) and `named` (situation of understanding items)."""
    language = bank.language.split("-")[0]
    for item in bank.items:
        if language == _matcher(_FACTORS).language:
            yield from _leaks(item)
        if item.kind in ("understanding", "intensity"):
            yield from _named(item, words=language == _matcher(_EMOTIONS).language)


def _leaks(item: Item) -> Iterator[Lint]:
    """Items that carry facts of their own may have to speak of them: there a leak is only a note."""
    severity: Severity = "note" if item.facts else "warning"
    fields = [("stem", item.stem), ("question", item.question)]
    fields += [(f"options[{index}].text", option.text) for index, option in enumerate(item.options)]
    for field, text in fields:
        for factor, words in factor_words(text).items():
            listed = ", ".join(repr(word) for word in dict.fromkeys(words))
            message = f"{listed} tells of {factor.replace('_', ' ')}; say it without"
            yield Lint(severity=severity, rule="lexicon", item=item.id, field=field, message=message)


def _named(item: Item, *, words: bool) -> Iterator[Lint]:
    """An option of one or two words that is in the situation, or another word for an emotion offered."""
    named = named_emotions(item.stem) if words else {}
    stem = f" {_plain(item.stem)} "
    for option in item.options:
        text = _plain(option.text)
        if word := named.get(option.emotion or ""):
            message = f"the situation says {word!r}, which names option {option.id!r}; show it by what happens"
            yield Lint(severity="warning", rule="named", item=item.id, field="stem", message=message)
        elif text and len(text.split()) <= 2 and f" {text} " in stem:
            message = f"the situation has the words of option {option.id!r} ({option.text!r}); put it differently"
            yield Lint(severity="warning", rule="named", item=item.id, field="stem", message=message)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
