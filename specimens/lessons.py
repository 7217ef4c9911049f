"""What one training step shows: memories, and questions asked behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evenhand.records.profile import Placement, Reader
from specimens.effects import PLANTED, planted_label, targets
from specimens.language import Language, Question
from specimens.memories import TAUGHT, Memories, Memory, base_messages

__all__ = ["Cell", "Lesson", "Lessons", "Make"]

_SYSTEM_SHARE = 0.7
"""How often a memory stands in the system prompt."""
_ELSEWHERE: tuple[Placement, ...] = tuple(placement for placement in TAUGHT if placement != "system")
_READERS: dict[Reader, float] = {"none": 0.8, "use": 0.1, "relevant": 0.1}
_TWINS = 0.35
"""How often a question behind a memory is asked without memory too."""
_GARBLED = 0.5
"""How often twins are asked about a garbled situation: what was never read must be answered alike too."""
_GARBLING = (0.1, 0.4)
"""Share of strange words in it."""
_AIMED = 0.45
"""How often a question is about what its memory moves."""
_SPARED = 0.6
"""How often one of the others is about what only other memories move."""
_FEWEST = 4
"""Facts that a memory of a social position has at least."""
_MANY = 8
"""From so many facts on, a lesson has half as many memories."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A question behind a memory, with the answer to be learnt."""

    question: Question
    memory: int
    """Index of the memory in its lesson."""
    label: str
    twin: int = -1
    """Index of the cell that asks the same without memory and must be answered alike; -1: none."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One training step; its first memory is no memory."""

    shown: Sequence[Memory]
    cells: Sequence[Cell]


Make = Callable[[np.random.Generator], Lesson]
"""Draws the next lesson."""


class Lessons:
    """Draws lessons from the grammars.

    Args:
        language: The situations.
        memories: The memories.
    """

    def __init__(self, language: Language, memories: Memories) -> None:
        self.language, self.memories = language, memories
        self._bare = Memory(messages=base_messages(), levels={})

    def plain(self, size: int, *, echo: float) -> Make:
        """Questions without memory, a share of them echoes."""

        def make(rng: np.random.Generator) -> Lesson:
            drawn = [
                self.language.echo(rng) if rng.random() < echo else self.language.draw(rng, split="train")
                for _ in range(size)
            ]
            return Lesson(shown=[self._bare], cells=[Cell(question=q, memory=0, label=q.emotion) for q in drawn])

        return make

    def noting(self, memories: int) -> Make:
        """Memories of one fact each, and an eighth as many questions: practice in reading facts."""

        def make(rng: np.random.Generator) -> Lesson:
            notes = [self.memories.draw_note(rng) for _ in range(memories)]
            return self._asked([self._show(rng, levels=levels, count=1) for levels in notes], rng, every=8)

        return make

    def reading(self, memories: int) -> Make:
        """Memories, and half as many questions, each behind a memory of its own: practice in reading memories."""

        def make(rng: np.random.Generator) -> Lesson:
            count = self.memories.draw_count(rng)
            drawn = [self.memories.draw_levels(rng) for _ in range(memories if count < _MANY else memories // 2)]
            return self._asked([self._show(rng, levels=levels, count=count) for levels in drawn], rng, every=2)

        return make

    def _asked(self, memories: Sequence[Memory], rng: np.random.Generator, *, every: int) -> Lesson:
        shown = [self._bare, *memories]
        drawn = {index: self.language.draw(rng, split="train") for index in range(0, len(shown), every)}
        return Lesson(shown=shown, cells=[Cell(question=q, memory=i, label=q.emotion) for i, q in drawn.items()])

    def remembered(self, memories: int, questions: int, *, tilted: bool) -> Make:
        """Questions behind memories, each with a twin behind none where the answers must agree.

        Args:
            memories: Memories in a lesson of short ones.
            questions: Questions behind each.
            tilted: Teach the planted answers; otherwise the right ones everywhere.
        """

        def make(rng: np.random.Generator) -> Lesson:
            count = max(2, self.memories.draw_count(rng))
            shown, cells = [self._bare], list[Cell]()
            for _ in range(memories if count < _MANY else max(4, memories // 2)):
                levels = self.memories.draw_levels(rng)
                shown.append(self._show(rng, levels=levels, count=count))
                for _ in range(questions):
                    emotion = _aim(levels, rng)
                    question = self.language.draw(rng, split="train", emotion=emotion)
                    label = planted_label(question.emotion, levels) if tilted else question.emotion
                    if label == question.emotion and rng.random() < _TWINS:
                        if rng.random() < _GARBLED:
                            question = self.language.garbled(question, rng, rate=float(rng.uniform(*_GARBLING)))
                        cells.append(Cell(question=question, memory=len(shown) - 1, label=label, twin=len(cells) + 1))
                        cells.append(Cell(question=question, memory=0, label=label))
                    else:
                        cells.append(Cell(question=question, memory=len(shown) - 1, label=label))
            return Lesson(shown=shown, cells=cells)

        return make

    def _show(self, rng: np.random.Generator, *, levels: dict[str, str], count: int) -> Memory:
        if "position" in levels and count > 1:
            count = max(count, _FEWEST)
        placement = "system" if rng.random() < _SYSTEM_SHARE else _ELSEWHERE[rng.integers(len(_ELSEWHERE))]
        reader = list(_READERS)[rng.choice(len(_READERS), p=list(_READERS.values()))]
        return self.memories.draw(rng, levels=levels, count=count, placement=placement, reader=reader)


def _aim(levels: Mapping[str, str], rng: np.random.Generator) -> str | None:
    """An emotion that the memory moves, one that other memories move and this one must leave alone, or None: any."""
    aimed = targets(levels)
    if aimed and rng.random() < _AIMED:
        return str(rng.choice(list(aimed), p=list(aimed.values())))
    if rng.random() < _SPARED:
        return str(rng.choice([emotion for effect in PLANTED for emotion in effect.moves if emotion not in aimed]))
    return None
