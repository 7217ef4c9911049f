"""The validation split: questions and memories that are never trained on, crossed, for the guard of the training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from evenhand.design.arms import NONE
from evenhand.records.preference import ValidationCase
from evenhand.records.profile import Arm, Cohort
from evenhand.records.question import Question
from evenhand.scoring.outcome import LETTERS
from evenhand.seeds import stream
from evenhand.train.consistency import ComparedAnswer
from evenhand.train.prompt import TrainingPrompts, turns

__all__ = ["Held", "held_out", "validation_cases"]


class Held(Struct, frozen=True, kw_only=True):
    """What is kept for validation."""

    seed: int
    behind: int
    """Memories behind which each question is asked."""
    questions: frozenset[str]
    arms: tuple[str, ...]
    by_id: dict[str, Arm]

    def open_arms(self, arms: Mapping[str, Arm]) -> tuple[str, ...]:
        """The profiles and placebo memories that may be trained behind."""
        drawn = (name for name, arm in arms.items() if arm.kind in ("profile", "placebo"))
        return tuple(sorted(name for name in drawn if name not in self.by_id))


def held_out(
    questions: Sequence[Question], arms: Sequence[Arm], *, share: float, arms_kept: int, behind: int, seed: int
) -> Held:
    """Random questions of every topic, families whole, and random memories with every level as evenly as can be.

    Args:
        questions: All questions.
        arms: All memories, the empty one among them.
        share: Share of each topic's questions that is kept, at least one where there are two.
        arms_kept: Memories that are kept, half of all at most.
        behind: Memories behind which each question is to be asked.
        seed: Root seed.
    """
    rng = stream(seed, "preferences", "held-out")
    topics: dict[str, dict[str, list[str]]] = {}
    for question in questions:
        families = topics.setdefault(question.topic, {})
        families.setdefault(f"family {question.family}" if question.family else question.id, []).append(question.id)
    kept: list[str] = []
    for families in topics.values():
        kept += _kept_families(families, share=share, rng=rng)
    pool = [arm for arm in arms if arm.kind != "none"]
    waiting = [pool[index] for index in rng.permutation(len(pool))]
    chosen: list[Arm] = []
    seen: dict[tuple[str, str], int] = {}
    while waiting and len(chosen) < min(arms_kept, len(pool) // 2):
        rarest = min(waiting, key=lambda arm: _met(arm, seen))
        waiting.remove(rarest)
        chosen.append(rarest)
        for level in rarest.levels.items():
            seen[level] = seen.get(level, 0) + 1
    by_id = {arm.id: arm for arm in chosen}
    return Held(seed=seed, behind=behind, questions=frozenset(kept), arms=tuple(sorted(by_id)), by_id=by_id)


def _kept_families(families: Mapping[str, Sequence[str]], *, share: float, rng: np.random.Generator) -> Iterator[str]:
    """The questions of random families of one topic, until the share is reached; one family at least is left."""
    wanted = max(1, round(share * sum(map(len, families.values()))))
    names = list(families)
    kept = 0
    for index in rng.permutation(len(names))[: len(names) - 1]:
        if kept >= wanted:
            return
        kept += len(families[names[index]])
        yield from families[names[index]]


def _met(arm: Arm, seen: Mapping[tuple[str, str], int]) -> float:
    """How often the levels of a memory were chosen already, on average; one that says nothing counts as met once."""
    counts = [seen.get(level, 0) for level in arm.levels.items()]
    return sum(counts) / len(counts) if counts else 1.0


def validation_cases(
    candidates: Mapping[Question, Sequence[ComparedAnswer]],
    *,
    held: Held,
    prompts: TrainingPrompts,
    cohorts: Sequence[Cohort],
) -> Iterator[ValidationCase]:
    """Every held-out question without memory and behind some of the held-out memories, each time others.

    With options, all letters are compared. A written answer is compared with the least consistent one to the same
    question.
    """
    references = {factor.id: factor.reference for cohort in cohorts for factor in cohort.factors}
    for question, found in candidates.items():
        best = max((one for one in found if one.reference), key=lambda one: one.agreement, default=None)
        if question.id not in held.questions or best is None:
            continue
        options = prompts.options(question)
        worst = min(found, key=lambda one: one.agreement)
        answers = tuple(LETTERS[: len(options)]) if options else tuple(dict.fromkeys((best.text, worst.text)))
        if len(answers) < 2:
            continue
        rng = stream(held.seed, "preferences", "validation", question.id)
        behind = [held.arms[index] for index in rng.permutation(len(held.arms))[: held.behind]]
        for arm in (NONE, *(held.by_id[name] for name in behind)):
            yield ValidationCase(
                prompt=turns(prompts.messages(question, arm)),
                answers=answers,
                best=answers.index(best.text),
                word=best.word,
                question=question.id,
                text=question.text,
                arm=arm.id,
                levels=arm.levels,
                references={factor: references[factor] for factor in arm.levels},
            )
