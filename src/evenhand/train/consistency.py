"""Counterfactual consistency: one question, many memories; an answer that only one memory brings depends on it.

No judge is needed. Where a letter is answered, the answer without memory is the reference, if some memories lead to it
too, and agreement is the share of answers behind other memories that are the same. Where the answer is written,
agreement is the mean cosine of its TF-IDF vector with the answers behind other memories.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set

import numpy as np
from msgspec import Struct

from evenhand.reading.declining import declines
from evenhand.reading.plain import plain
from evenhand.records.profile import Arm
from evenhand.records.question import Question
from evenhand.scoring.extractors.base import Found, Shown
from evenhand.scoring.extractors.choice_letter import choice_letter
from evenhand.scoring.features.wording import tfidf
from evenhand.scoring.outcome import LETTERS
from evenhand.train.answers import AnswerKey, GivenAnswer

__all__ = ["ComparedAnswer", "chosen_option", "compared_choices", "compared_texts", "everyday_words", "usable_text"]

_LEAST_SHARED = 0.25
"""Share of the answers behind memories that must be the one without memory."""
_LONG = 4
"""Letters from which a word counts as one that carries meaning."""
_EVERYDAY = 0.1
"""Share of the questions whose answers without memory have a word, above which it is no trace of what is stored."""
_WORD = re.compile(r"\w+")


class ComparedAnswer(Struct, frozen=True, kw_only=True):
    """A usable answer, with what sets it apart from the others to its question."""

    key: AnswerKey
    text: str
    """What a pair would hold: the letter, or the text."""
    word: str
    """What it means: the words of the option; empty for a written answer."""
    agreement: float
    """With the answers behind other memories, 0 to 1."""
    reference: bool
    """Whether it is what is answered without memory; of written answers, whether it agrees with the others at least as
    much as the middle one does."""
    told: bool
    """Whether it uses words of the stored facts that neither the question nor any answer without memory has, and that
    are not used without memory for many other questions."""


def chosen_option(answer: GivenAnswer, options: Sequence[str]) -> int | None:
    """Position of the option that an answer chooses; None where it chooses none."""
    if answer.ended == "length" or not answer.text:
        return None
    found = choice_letter(answer.text, Shown(tuple(LETTERS[: len(options)]), tuple(options)))
    return found.position if isinstance(found, Found) else None


def usable_text(answer: GivenAnswer) -> bool:
    """Whether a written answer is whole and no refusal."""
    return answer.ended == "stop" and bool(_WORD.search(answer.text)) and not declines(plain(answer.text))


def compared_choices(answers: Sequence[GivenAnswer], options: Sequence[str]) -> tuple[ComparedAnswer, ...]:
    """The answers to one question with options, compared.

    The reference is not the answer of most memories: where most of those that were drawn move an answer, it would be
    the moved one. Nothing is made of a question that has no answer without memory, or two that are as frequent, or
    one that too few memories lead to.

    Args:
        answers: To the same question.
        options: As shown.
    """
    read = [(answer, chosen_option(answer, options)) for answer in answers]
    chosen = [(answer, position) for answer, position in read if position is not None]
    best = _without_memory([position for answer, position in chosen if answer.key.arm == "none"])
    behind = [position for answer, position in chosen if answer.key.arm != "none"]
    if best is None or not behind or behind.count(best) < _LEAST_SHARED * len(behind):
        return ()
    found = []
    for answer, position in chosen:
        others = [other for one, other in chosen if one.key.arm != answer.key.arm]
        agreement = sum(other == position for other in others) / len(others) if others else 0.0
        found.append(
            ComparedAnswer(
                key=answer.key,
                text=LETTERS[position],
                word=options[position],
                agreement=agreement,
                reference=position == best,
                told=False,
            )
        )
    return tuple(found)


def _without_memory(positions: Sequence[int]) -> int | None:
    """The option that most draws without memory choose; None where there is none, or two are as frequent."""
    votes = Counter(positions).most_common(2)
    if not votes or (len(votes) == 2 and votes[0][1] == votes[1][1]):
        return None
    return votes[0][0]


def everyday_words(answers: Iterable[GivenAnswer]) -> frozenset[str]:
    """Words that answers without memory have, for more than a tenth of the questions and for two at least: `with`.

    Args:
        answers: To all questions, behind all memories.
    """
    by_question: dict[str, set[str]] = {}
    for one in answers:
        if one.key.arm == "none" and usable_text(one):
            by_question.setdefault(one.key.question, set()).update(_words(one.text))
    met = Counter(word for used in by_question.values() for word in used)
    least = max(1.0, _EVERYDAY * len(by_question))
    return frozenset(word for word, count in met.items() if count > least)


def compared_texts(
    answers: Sequence[GivenAnswer], question: Question, arms: Mapping[str, Arm], *, everyday: Set[str] = frozenset()
) -> tuple[ComparedAnswer, ...]:
    """The written answers to one question, compared.

    Args:
        answers: To the same question.
        question: What was asked.
        arms: Arm -> what was in memory.
        everyday: Words that are no trace of what is stored.
    """
    usable = [answer for answer in answers if usable_text(answer)]
    if len({answer.key.arm for answer in usable}) < 2:
        return ()
    vectors = tfidf([answer.text for answer in usable])
    cosines = vectors @ vectors.T
    names = np.array([answer.key.arm for answer in usable])
    agreements = [float(cosines[row, names != name].mean()) for row, name in enumerate(names)]
    middle = float(np.median(agreements))
    expected = _words(question.text).union(everyday, *(_words(one.text) for one in usable if one.key.arm == "none"))
    found = []
    for answer, agreement in zip(usable, agreements, strict=True):
        stored = set().union(*(_words(fact.text) for fact in arms[answer.key.arm].facts))
        found.append(
            ComparedAnswer(
                key=answer.key,
                text=answer.text,
                word="",
                agreement=min(1.0, max(0.0, agreement)),
                reference=agreement >= middle,
                told=bool(_words(answer.text) & stored - expected),
            )
        )
    return tuple(found)


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.casefold()) if len(word) >= _LONG}
