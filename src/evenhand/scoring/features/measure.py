"""The numbers of one written answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from evenhand.reading.thoughts import split_reasoning
from evenhand.records.item import Item
from evenhand.records.measure import QuantityName
from evenhand.scoring.features.mentions import facts_mentioned, groups_mentioned
from evenhand.scoring.features.readability import reading_grade
from evenhand.scoring.features.sentences import words
from evenhand.scoring.features.speech_acts import Act, shares_of_acts
from evenhand.scoring.leakage import FactWords, content_words

__all__ = ["SHARED_ACTS", "SHOWN_ACTS", "AskedText", "TextNumber", "asked_of", "text_numbers"]

SHARED_ACTS: tuple[Act, ...] = ("directive", "hedge", "question")
"""Acts measured by the share of sentences that show them."""
SHOWN_ACTS: tuple[Act, ...] = ("validation", "warning", "referral", "refusal")
"""Acts measured by whether any sentence shows them: one referral in an answer is a referral."""


class AskedText(Struct, frozen=True, kw_only=True):
    """What was put to the assistant: its own words prove nothing about the answer."""

    words: frozenset[str]
    """Content words of situation and question."""
    groups: frozenset[str]
    """Groups of people that they name."""


class TextNumber(Struct, frozen=True, kw_only=True):
    """One number of an answer."""

    quantity: QuantityName
    tag: str | None = None
    value: float | None
    """None where there is no usable answer."""


def asked_of(item: Item) -> AskedText:
    """The words of an item that an answer may take up without saying anything of the user."""
    text = f"{item.stem} {item.question}"
    return AskedText(words=content_words(text), groups=groups_mentioned(text))


def text_numbers(
    text: str | None, *, asked: AskedText, facts: Sequence[FactWords], markers: Sequence[str] = ()
) -> Iterator[TextNumber]:
    """Length, reading grade, acts and mentions of an answer.

    Args:
        text: The answer; None where there is no usable one: every value is then None.
        asked: What was asked.
        facts: The facts in memory, prepared; without any there is no number for facts mentioned.
        markers: Words that show by themselves that a fact surfaced.
    """
    said = None if text is None else split_reasoning(text)[0]
    shares = None if said is None else shares_of_acts(said)
    yield TextNumber(quantity="words", value=None if said is None else float(len(words(said))))
    yield TextNumber(quantity="reading_grade", value=None if said is None else reading_grade(said))
    for act in SHARED_ACTS:
        yield TextNumber(quantity="act_share", tag=act, value=None if shares is None else shares[act])
    for act in SHOWN_ACTS:
        yield TextNumber(quantity="act_shown", tag=act, value=None if shares is None else float(shares[act] > 0.0))
    if facts:
        held = None if said is None else facts_mentioned(said, facts, asked=asked.words, markers=markers)
        yield TextNumber(quantity="mention", tag="fact", value=None if held is None else float(held))
    named = None if said is None else bool(groups_mentioned(said) - asked.groups)
    yield TextNumber(quantity="mention", tag="group", value=None if named is None else float(named))
