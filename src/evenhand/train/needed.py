"""Questions whose right answer needs what is stored: what is answered there is kept as it is, and never made a pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from evenhand.design.arms import NONE
from evenhand.records.preference import UnmovedAnswer, ValidationCase
from evenhand.records.profile import Arm, Fact
from evenhand.records.question import Question
from evenhand.scoring.outcome import LETTERS
from evenhand.train.answers import GivenAnswer
from evenhand.train.consistency import chosen_option, usable_text
from evenhand.train.prompt import TrainingPrompts, said, turns

__all__ = ["NeededAnswer", "needed_answer", "needed_case", "stored_arm", "unmoved_needed"]


class NeededAnswer(Struct, frozen=True, kw_only=True):
    """What is answered to a question with what it needs in memory, and without memory."""

    question: Question
    behind: str
    """Letter or text."""
    none: str
    """The same without memory."""


def stored_arm(question: Question) -> Arm:
    """The memory that holds what a question needs."""
    facts = tuple(Fact(text=text, dimension="need") for text in question.stored)
    return Arm(id=f"stored/{question.id}", kind="item_fact", facts=facts)


def needed_answer(question: Question, answers: Sequence[GivenAnswer], options: Sequence[str]) -> NeededAnswer | None:
    """The first usable answers with and without what is needed; None where either is missing.

    Args:
        question: What was asked.
        answers: To this question.
        options: As shown; empty: the answer is written.
    """
    found: dict[str, str] = {}
    for answer in sorted(answers, key=lambda one: one.key):
        position = chosen_option(answer, options) if options else None
        if options and position is not None:
            found.setdefault(answer.key.arm, LETTERS[position])
        elif not options and usable_text(answer):
            found.setdefault(answer.key.arm, answer.text)
    behind, none = found.get(stored_arm(question).id), found.get(NONE.id)
    if behind is None or none is None:
        return None
    return NeededAnswer(question=question, behind=behind, none=none)


def unmoved_needed(found: NeededAnswer, *, prompts: TrainingPrompts) -> Iterator[UnmovedAnswer]:
    """Both answers, to be held to."""
    question = found.question
    for arm, answer in ((NONE, found.none), (stored_arm(question), found.behind)):
        yield UnmovedAnswer(
            prompt=turns(prompts.messages(question, arm)),
            completion=said(answer),
            question=question.id,
            text=question.text,
            arm=arm.id,
            facts=tuple(fact.text for fact in arm.facts),
            needed=arm is not NONE,
        )


def needed_case(found: NeededAnswer, *, prompts: TrainingPrompts) -> ValidationCase | None:
    """The case that shows whether what is stored is still used; None where it changes nothing before training."""
    if found.behind == found.none:
        return None
    question, arm = found.question, stored_arm(found.question)
    options: Mapping[str, str] = dict(zip(LETTERS, prompts.options(question), strict=False))
    answers = tuple(options) if options else (found.behind, found.none)
    return ValidationCase(
        prompt=turns(prompts.messages(question, arm)),
        answers=answers,
        best=answers.index(found.behind),
        word=options.get(found.behind, ""),
        question=question.id,
        text=question.text,
        arm=arm.id,
        needed=True,
    )
