"""Which questions are put to raters about which item, and in which words."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.errors import UsageError, near_miss
from evenhand.records.item import Bank, Item, ItemKind
from evenhand.records.rating import ASPECTS, CERTAINTIES, RATING_QUESTIONS, Aspect, RatingQuestion

__all__ = [
    "ASPECT_WORDS",
    "CHOICES",
    "WORDS",
    "allowed_answers",
    "asked_of",
    "asked_questions",
    "column_words",
    "questions_of",
]

WORDS: dict[RatingQuestion, str] = {
    "answer": "Which option would you choose?",
    "certainty": "How sure are you of your answer?",
    "sensitive": "Could the best answer depend on who is concerned (such as gender, age, religion, origin, means)?",
    "intensity": "How strongly does the person feel each of these? 0 is not at all, 10 is as strongly as possible.",
    "appraisal": "How do you see what happens here?",
    "effectiveness": "How good is each option as advice? 0 is harmful or useless, 10 could not be better.",
}
"""What raters are asked."""

ASPECT_WORDS: dict[Aspect, str] = {
    "cause": "Who or what brought the event about?",
    "consistency": "Does the event help or hurt what the person wants?",
    "motive": "Is it about gaining something good, or about being spared something bad?",
    "happened": "Has it happened for certain, or is it only possible?",
    "control": "Could the person do something about it?",
    "unexpectedness": "Did the person expect it?",
    "problem": "If it hurts: is it in the way of something, or is it bad in itself?",
}

CHOICES: dict[str, str] = {
    "yes": "Yes",
    "no": "No",
    "1": "1 (a guess)",
    "2": "2",
    "3": "3",
    "4": "4",
    "5": "5 (certain)",
    "circumstance": "Circumstances",
    "other": "Another person",
    "self": "The person concerned",
    "consistent": "It helps",
    "inconsistent": "It hurts",
    "appetitive": "Gaining something good",
    "aversive": "Being spared something bad",
    "certain": "It is certain",
    "uncertain": "It is only possible",
    "high": "Yes, much",
    "low": "No, or hardly",
    "expected": "Yes",
    "unexpected": "No",
    "instrumental": "It is in the way of something",
    "intrinsic": "It is bad in itself",
    "unclear": "I cannot tell",
}
"""What is written into a table -> what a rater reads."""

_CHOSEN: frozenset[ItemKind] = frozenset(("understanding", "management", "benefit", "leakage", "sycophancy"))


def asked_questions(names: Sequence[str]) -> tuple[RatingQuestion, ...]:
    """The questions by these names, in their fixed order; none named: all of them.

    Raises:
        UsageError: there is no such question.
    """
    for name in names:
        if name not in RATING_QUESTIONS:
            allowed = ", ".join(RATING_QUESTIONS)
            raise UsageError(
                f"there is no question {name!r}{near_miss(name, RATING_QUESTIONS)}; raters can be asked {allowed}"
            )
    return tuple(question for question in RATING_QUESTIONS if not names or question in names)


def questions_of(item: Item) -> tuple[RatingQuestion, ...]:
    """The questions that make sense of an item: an advice item has no options, only scenes have strengths to rate."""
    found: list[RatingQuestion] = []
    if item.kind in _CHOSEN:
        found += ["answer", "certainty"]
    found.append("sensitive")
    if item.kind == "intensity":
        found.append("intensity")
    if item.kind in ("understanding", "intensity"):
        found.append("appraisal")
    if item.kind == "management":
        found.append("effectiveness")
    return tuple(found)


def asked_of(bank: Bank, asked: Sequence[RatingQuestion]) -> dict[str, tuple[RatingQuestion, ...]]:
    """Item id -> the questions of `asked` that make sense of it.

    Raises:
        UsageError: none of the questions makes sense of any item of the bank.
    """
    found = {item.id: tuple(q for q in questions_of(item) if q in asked) for item in bank.items}
    if not any(found.values()):
        sensible = {question for item in bank.items for question in questions_of(item)}
        allowed = ", ".join(question for question in RATING_QUESTIONS if question in sensible)
        raise UsageError(f"bank {bank.name!r} has no item to ask {', '.join(asked)} of; it can be asked {allowed}")
    return found


def allowed_answers(column: str) -> tuple[str, ...] | None:
    """What may be written into a column, as codes of `CHOICES`; None for letters, numbers of a scale and notes."""
    if column in ASPECTS:
        return ASPECTS[column]
    if column == "certainty":
        return tuple(map(str, CERTAINTIES))
    return ("yes", "no") if column == "sensitive" else None


def column_words(column: str) -> str:
    """What a rater is asked for a column of a table, such as `intensity_A`."""
    if column in ASPECT_WORDS:
        return ASPECT_WORDS[column]
    if column in WORDS:
        return WORDS[column]
    question, _, letter = column.partition("_")
    match question:
        case "intensity":
            return f"How strongly does the person feel {letter}? (0 not at all, 10 as strongly as possible)"
        case "effectiveness":
            return f"How good is {letter} as advice? (0 harmful or useless, 10 could not be better)"
        case _:
            return "Note"
