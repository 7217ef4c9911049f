"""Whether training data are near what an audit asks: a model must not be examined on what it has learnt by heart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from evenhand.bank.load import load_bank, shipped_banks
from evenhand.bank.questions import leaks
from evenhand.endpoints.kinds import kind_of
from evenhand.errors import EvenhandError, InputError
from evenhand.records.model_spec import ModelSpec
from evenhand.records.profile import CUES
from evenhand.records.question import Question

__all__ = ["AUDIT_COHORTS", "audit_banks", "refuse_leaks"]

AUDIT_COHORTS: tuple[str, ...] = ("explicit", "intersectional")
"""Cohorts of the presets; training data may share neutral facts with them and no others."""


def audit_banks(model: str) -> tuple[str, ...]:
    """The shipped banks that a model may be asked: those that it can read, or all."""
    try:
        banks = kind_of(ModelSpec(name=model)).banks
    except EvenhandError:  # a folder with weights
        banks = ()
    return banks or shipped_banks()


def refuse_leaks(
    questions: Mapping[str, str],
    facts: Iterable[str],
    *,
    banks: Sequence[str],
    cohorts: Sequence[str] = AUDIT_COHORTS,
    source: str,
) -> tuple[str, ...]:
    """Raise if a question is near an item, or a fact is one of an audit's profiles.

    Args:
        questions: Id -> text without options.
        facts: What is stored in the training prompts.
        banks: Banks that an audit may ask.
        cohorts: Cohorts that an audit may ask of.
        source: Name of the data, for the message.

    Returns:
        The names of what was compared.

    Raises:
        InputError: Something is near; the first is named, with how many more there are.
    """
    asked = [Question(id=name, topic="", text=text) for name, text in questions.items()]
    found = list(leaks(asked, [load_bank(bank) for bank in banks]))
    if found:
        first, more = found[0], len({leak.question for leak in found}) - 1
        raise InputError(
            f"{source}: question {first.question!r} is near item {first.item!r} of the bank {first.bank!r} "
            f"({first.shared:.0%} of its words or 5-grams; {more} more questions are near one): a model trained on it "
            "would be examined on what it has learnt; remove it, or audit with another bank"
        )
    for cohort in cohorts:
        told = {
            fact.text
            for profile in load_cohort(cohort, cues=CUES).profiles
            for fact in profile.facts
            if fact.dimension != "neutral"
        }
        shared = sorted(told & set(facts))
        if shared:
            raise InputError(
                f"{source}: the fact {shared[0]!r} is one of the audit cohort {cohort!r} ({len(shared) - 1} more are): "
                f"train on other wordings{_other(cohorts)}"
            )
    return (*banks, *cohorts)


def _other(cohorts: Sequence[str]) -> str:
    free = [name for name in shipped_cohorts() if name not in cohorts]
    return f", such as those of {', '.join(free)}" if free else ""
