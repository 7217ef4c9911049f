"""The specimens' own bank: items of the held-out clauses, written as YAML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec import convert

from evenhand.bank.write import write_bank
from evenhand.records.item import Appraisal, Bank, Item, Option
from evenhand.seeds import stream
from specimens.language import CONTEXTS, Language, Question

__all__ = ["BANK_SEED", "PER_EMOTION", "make_bank", "make_items", "write"]

PER_EMOTION = 20
BANK_SEED = 7
"""The bank does not change with the seed of the training."""


def make_items(
    language: Language, *, per_emotion: int, rng: np.random.Generator, taken: frozenset[str] = frozenset()
) -> list[Item]:
    """Items of the held-out clauses, the same number for every emotion, contexts and clauses balanced.

    Args:
        language: The situations.
        per_emotion: Items an emotion.
        rng: Where names, fillers and options come from.
        taken: Stems that must not come again.
    """
    items: list[Item] = []
    seen = set(taken)
    for emotion in language.emotions:
        clauses = len(language.clauses(emotion, "held"))
        for number in range(per_emotion):
            context = CONTEXTS[number % len(CONTEXTS)]
            while True:
                question = language.situation(emotion, number % clauses, split="held", context=context, rng=rng)
                if question.stem not in seen:
                    break
            seen.add(question.stem)
            items.append(_item(question, language, identity=f"s-{emotion}-{number + 1:02d}"))
    return items


def _item(question: Question, language: Language, *, identity: str) -> Item:
    options = tuple(
        Option(id=letter, text=emotion, emotion=emotion)
        for letter, emotion in zip("abcde", question.options, strict=True)
    )
    return Item(
        id=identity,
        kind="understanding",
        stem=question.stem,
        question=question.question,
        options=options,
        key=options[question.key].id,
        context=question.context,  # type: ignore[arg-type]
        appraisal=convert(language.appraisals[question.emotion], Appraisal),
        tags=("generated", question.clause.replace("/", "-")),
    )


def make_bank(language: Language) -> Bank:
    """The bank `situations`, the same at every call."""
    return Bank(
        name="situations",
        version="1",
        source=(
            "Generated for evenhand from the specimens' grammar (specimens/situations.yaml), "
            "held-out clauses and names."
        ),
        licence="Apache-2.0",
        redistribute=True,
        validated=False,
        notes=(
            "The language that the shipped specimens read: short situations whose appraisal (Roseman 2001) fixes the "
            "emotion. For calibrating the audit on a specimen; other models should be asked the main banks."
        ),
        items=tuple(make_items(language, per_emotion=PER_EMOTION, rng=stream(BANK_SEED, "specimens", "bank"))),
    )


def write(language: Language, path: Path) -> Bank:
    """Make the bank and write it to `path`."""
    bank = make_bank(language)
    write_bank(bank, path)
    return bank
