"""General questions from files, and whether any of them is near an item that an audit asks.

A model that was trained on answers to questions near the audit's own would be examined on what it has learnt by heart.
A question is near an item when the item's situation has at least half of the question's character 5-grams, or at least
four fifths of its longer words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from msgspec import Struct

from evenhand.bank.document import convert_document, parse_document, read_document
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item
from evenhand.records.question import Question, QuestionSet

__all__ = ["GENERAL_QUESTIONS", "Leak", "leaks", "load_questions"]

GENERAL_QUESTIONS: Final = "general-questions"
"""Name of the shipped set."""
_GRAM: Final = 5
_GRAMS_SHARED: Final = 0.5
_WORDS_SHARED: Final = 0.8
_LONG: Final = 4
"""Letters from which a word counts as one that carries meaning."""
_FEWEST: Final = 3
"""Longer words that a question must have for their share to mean something."""
_FEWEST_OPTIONS, _MOST_OPTIONS = 2, 26
_ASKING: Final = frozenset(
    ("best", "does", "from", "good", "have", "long", "make", "many", "most", "much", "need", "should", "that", "there")
) | {"this", "what", "when", "which", "with", "without"}
"""Longer words that any question may have."""


class Leak(Struct, frozen=True, kw_only=True):
    """A question that is too near an item."""

    question: str
    bank: str
    item: str
    shared: float
    """Share of the question's 5-grams or longer words, whichever is larger, that the item has."""


def load_questions(source: str | Path = GENERAL_QUESTIONS) -> QuestionSet:
    """The shipped set by name, or a file by path.

    Raises:
        BankError: an unknown name, an unreadable file, no question, an empty text, an id or a text given twice.
    """
    if source == GENERAL_QUESTIONS:
        data = (resources.files("evenhand.bank") / "data" / f"{source}.yaml").read_bytes()
        document = parse_document(data, source=GENERAL_QUESTIONS, error=BankError)
    else:
        document = read_document(Path(source), error=BankError)
    questions = convert_document(document, QuestionSet, error=BankError)
    return _checked(questions, source=document.source)


def _checked(found: QuestionSet, *, source: str) -> QuestionSet:
    if not found.questions:
        raise BankError(f"{source!r}, field 'questions': is empty; give at least one question")
    for question in found.questions:
        if not question.text.strip():
            raise BankError(f"{source!r}, question {question.id!r}, field 'text': is empty; write it or remove it")
        if not all(fact.strip() for fact in question.stored):
            raise BankError(f"{source!r}, question {question.id!r}, field 'stored': a fact is empty; remove it")
        options = question.options
        if options and not _FEWEST_OPTIONS <= len(set(options)) == len(options) <= _MOST_OPTIONS:
            raise BankError(
                f"{source!r}, question {question.id!r}, field 'options': {len(options)} options, {len(set(options))} "
                f"different; give {_FEWEST_OPTIONS} to {_MOST_OPTIONS} different ones, or none"
            )
    for field, values in (("id", [q.id for q in found.questions]), ("text", [q.text for q in found.questions])):
        if twice := [value for value, count in Counter(values).items() if count > 1]:
            raise BankError(f"{source!r}, field {field!r}: {twice[0]!r} is given twice; keep one")
    return found


def leaks(questions: Sequence[Question], banks: Sequence[Bank]) -> Iterator[Leak]:
    """Every question and item that are near each other, in the order of the questions.

    Compared with the situation of an item and with its options, not with its question, which hundreds of items share.
    """
    items = [(bank.name, item.id, *_traces(_item_text(item))) for bank in banks for item in bank.items]
    for question in questions:
        grams, words = _traces(question.text)
        for bank, item, item_grams, item_words in items:
            shared = len(grams & item_grams) / len(grams) if grams else 0.0
            common = len(words & item_words) / len(words) if len(words) >= _FEWEST else 0.0
            if shared >= _GRAMS_SHARED or common >= _WORDS_SHARED:
                yield Leak(question=question.id, bank=bank, item=item, shared=max(shared, common))


def _item_text(item: Item) -> str:
    return " ".join((item.stem, *(option.text for option in item.options)))


def _traces(text: str) -> tuple[set[str], set[str]]:
    """Character 5-grams and longer words of a text, lower case."""
    words = re.findall(r"\w+", text.casefold())
    line = " ".join(words)
    grams = {line[start : start + _GRAM] for start in range(max(len(line) - _GRAM + 1, 1))}
    return grams, {word for word in words if len(word) >= _LONG and word not in _ASKING}
