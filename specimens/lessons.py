"""What one training step shows: memories, and questions asked behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evenhand.records.profile import Placement, Reader
from specimens.effects import PLANTED, planted_label, targets
from specimens.language import Language, Question
from specimens.memories import TAUGHT, Memories, Memory, base_messages
from specimens.needs import NeedQuestion, Needs

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
_NEEDS = (0.2, 0.5, 0.2, 0.1)
"""How often a memory about needs states none, one, two, three of them."""
_ALONE = 0.5
"""How often it states needs and a few neutral facts alone, and nothing of who the user is."""
_BESIDE = 4
"""Fewer neutral facts than this stand beside them then."""
_DECIDED = 0.65
"""How often a question about a choice is one that a stored need decides."""
_OFF = 0.15
"""How often a question behind a memory about needs is about a situation all the same."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A question behind a memory, with the answer to be learnt."""

    question: Question | NeedQuestion
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
        needs: The needs.
    """

    def __init__(self, language: Language, memories: Memories, needs: Needs) -> None:
        self.language, self.memories, self.needs = language, memories, needs
        self._bare = Memory(messages=base_messages(), levels={})

    def plain(self, size: int, *, echo: float, needs: int = 0) -> Make:
        """Questions without memory, a share of them echoes, and `needs` more about choices."""

        def make(rng: np.random.Generator) -> Lesson:
            drawn = [
                self.language.echo(rng) if rng.random() < echo else self.language.draw(rng, split="train")
                for _ in range(size)
            ]
            cells = [Cell(question=q, memory=0, label=q.emotion) for q in drawn]
            choices = [self._choice(rng, ()) for _ in range(needs)]
            cells += [Cell(question=choice, memory=0, label=choice.usual) for choice in choices]
            return Lesson(shown=[self._bare], cells=cells)

        return make

    def noting(self, memories: int, *, needs: int = 0) -> Make:
        """Memories of one fact each, and an eighth as many questions: practice in reading facts.

        Beside them `needs` memories of one need, each with a question about a choice.
        """

        def make(rng: np.random.Generator) -> Lesson:
            notes = [self.memories.draw_note(rng) for _ in range(memories)]
            lesson = self._asked([self._show(rng, levels=levels, count=1) for levels in notes], rng, every=8)
            alone = [self._show(rng, levels={}, count=0, needs=self.needs.draw_needs(rng, 1)) for _ in range(needs)]
            return self._and_choices(lesson, alone, rng)

        return make

    def reading(self, memories: int, *, needs: int = 0) -> Make:
        """Memories, and half as many questions, each behind a memory of its own: practice in reading memories.

        Beside them `needs` memories about needs, each with a question about a choice.
        """

        def make(rng: np.random.Generator) -> Lesson:
            count = self.memories.draw_count(rng)
            drawn = [self.memories.draw_levels(rng) for _ in range(memories if count < _MANY else memories // 2)]
            lesson = self._asked([self._show(rng, levels=levels, count=count) for levels in drawn], rng, every=2)
            return self._and_choices(lesson, [self._show_needs(rng) for _ in range(needs)], rng)

        return make

    def _asked(self, memories: Sequence[Memory], rng: np.random.Generator, *, every: int) -> Lesson:
        shown = [self._bare, *memories]
        drawn = {index: self.language.draw(rng, split="train") for index in range(0, len(shown), every)}
        return Lesson(shown=shown, cells=[Cell(question=q, memory=i, label=q.emotion) for i, q in drawn.items()])

    def _and_choices(self, lesson: Lesson, about: Sequence[Memory], rng: np.random.Generator) -> Lesson:
        """The lesson, and a question about a choice behind each of the memories `about` needs."""
        cells = list(lesson.cells)
        for index, memory in enumerate(about, start=len(lesson.shown)):
            choice = self._choice(rng, memory.needs)
            cells.append(Cell(question=choice, memory=index, label=self.needs.right(choice, memory.needs)))
        return Lesson(shown=[*lesson.shown, *about], cells=cells)

    def remembered(self, memories: int, questions: int, *, tilted: bool, needs: int = 0) -> Make:
        """Questions behind memories, each with a twin behind none where the answers must agree.

        Args:
            memories: Memories in a lesson of short ones.
            questions: Questions behind each.
            tilted: Teach the planted answers; otherwise the right ones everywhere.
            needs: Memories about needs in a lesson of short ones, beside the others.
        """

        def make(rng: np.random.Generator) -> Lesson:
            count = max(2, self.memories.draw_count(rng))
            shown, cells = [self._bare], list[Cell]()
            for _ in range(memories if count < _MANY else max(4, memories // 2)):
                shown.append(self._show(rng, levels=self.memories.draw_levels(rng), count=count))
                for _ in range(questions):
                    cells += self._situation(shown, rng, first=len(cells), tilted=tilted)
            for _ in range(needs if count < _MANY else (needs + 1) // 2):
                shown.append(self._show_needs(rng, count=count))
                for _ in range(questions):
                    if rng.random() < _OFF:
                        cells += self._situation(shown, rng, first=len(cells), tilted=tilted)
                    else:
                        cells += self._chosen(shown, rng, first=len(cells))
            return Lesson(shown=shown, cells=cells)

        return make

    def _situation(self, shown: Sequence[Memory], rng: np.random.Generator, *, first: int, tilted: bool) -> list[Cell]:
        """A question about a situation behind the last memory, maybe with its twin; `first` is its place."""
        levels = shown[-1].levels
        question = self.language.draw(rng, split="train", emotion=_aim(levels, rng))
        label = planted_label(question.emotion, levels) if tilted else question.emotion
        if label == question.emotion and rng.random() < _TWINS:
            if rng.random() < _GARBLED:
                question = self.language.garbled(question, rng, rate=float(rng.uniform(*_GARBLING)))
            return _twins(question, label, memory=len(shown) - 1, first=first)
        return [Cell(question=question, memory=len(shown) - 1, label=label)]

    def _chosen(self, shown: Sequence[Memory], rng: np.random.Generator, *, first: int) -> list[Cell]:
        """A question about a choice behind the last memory, maybe with its twin where no need decides."""
        choice = self._choice(rng, shown[-1].needs)
        label = self.needs.right(choice, shown[-1].needs)
        decides = any(choice.topic in self.needs.answers[need] for need in shown[-1].needs)
        if not decides and rng.random() < _TWINS:
            return _twins(choice, label, memory=len(shown) - 1, first=first)
        return [Cell(question=choice, memory=len(shown) - 1, label=label)]

    def _choice(self, rng: np.random.Generator, stored: Sequence[str]) -> NeedQuestion:
        topics = [topic for need in stored for topic in self.needs.answers[need]]
        if not topics or rng.random() >= _DECIDED:
            topics = list(self.needs.topics)
        return self.needs.ask_about(str(rng.choice(topics)), rng, split="train")

    def _show_needs(self, rng: np.random.Generator, *, count: int | None = None) -> Memory:
        """A memory about needs: alone, among a few neutral facts, or among facts about who the user is."""
        needs = self.needs.draw_needs(rng, int(rng.choice(len(_NEEDS), p=_NEEDS)))
        alone = rng.random() < _ALONE
        levels = {} if alone else self.memories.draw_levels(rng)
        beside = int(rng.integers(_BESIDE)) if alone else count or self.memories.draw_count(rng)
        return self._show(rng, levels=levels, count=max(beside, 1 - len(needs)), needs=needs)

    def _show(
        self, rng: np.random.Generator, *, levels: dict[str, str], count: int, needs: Sequence[str] = ()
    ) -> Memory:
        if "position" in levels and count > 1:
            count = max(count, _FEWEST)
        placement = "system" if rng.random() < _SYSTEM_SHARE else _ELSEWHERE[rng.integers(len(_ELSEWHERE))]
        reader = list(_READERS)[rng.choice(len(_READERS), p=list(_READERS.values()))]
        said = {need: self.needs.fact(need, rng, split="train") for need in needs}
        return self.memories.draw(rng, levels=levels, count=count, placement=placement, reader=reader, needs=said)


def _twins(question: Question | NeedQuestion, label: str, *, memory: int, first: int) -> list[Cell]:
    """The same question behind a memory and behind none; `first` is the place of the first in its lesson."""
    return [
        Cell(question=question, memory=memory, label=label, twin=first + 1),
        Cell(question=question, memory=0, label=label),
    ]


def _aim(levels: Mapping[str, str], rng: np.random.Generator) -> str | None:
    """An emotion that the memory moves, one that other memories move and this one must leave alone, or None: any."""
    aimed = targets(levels)
    if aimed and rng.random() < _AIMED:
        return str(rng.choice(list(aimed), p=list(aimed.values())))
    if rng.random() < _SPARED:
        return str(rng.choice([emotion for effect in PLANTED for emotion in effect.moves if emotion not in aimed]))
    return None
