"""Questions whose right answer a stored need decides, and the facts that state needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from specimens.language import Split
from specimens.memories import every, expand

__all__ = ["NeedQuestion", "Needs"]


@dataclass(frozen=True, kw_only=True)
class NeedQuestion:
    """A choice among five things, in which a need of the user decides if it is stored."""

    stem: str
    question: str
    options: tuple[str, ...]
    """The things of the topic as shown."""
    topic: str
    usual: str
    """The thing that the stem calls usual: the answer where no need decides."""
    mentioned: tuple[str, ...]
    """Needs whose words stand in the stem, whether the user has them or not."""


class Needs:
    """The grammar in needs.yaml.

    Args:
        file: The YAML file.
    """

    def __init__(self, file: Path) -> None:
        data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        self._data = data
        self.answers: Mapping[str, Mapping[str, str]] = {n: said["answers"] for n, said in data["needs"].items()}
        """Need -> topic -> the thing that it asks for."""
        self._held = frozenset(
            text for need in self.answers for form in self.sentences(need, "held") for text in every(form)
        )

    @property
    def topics(self) -> tuple[str, ...]:
        """What can be asked about."""
        return tuple(self._data["topics"])

    def things(self, topic: str) -> tuple[str, ...]:
        """What can be chosen there, each by one word."""
        return tuple(self._data["topics"][topic]["things"])

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that can be an answer."""
        return tuple(thing for topic in self.topics for thing in self.things(topic))

    def deciding(self, topic: str) -> tuple[str, ...]:
        """The needs that decide in a topic, one for each of its things."""
        return tuple(need for need, answers in self.answers.items() if topic in answers)

    def sentences(self, need: str, split: Split) -> Sequence[str]:
        """The forms in which a need is stated."""
        forms: Sequence[str] = self._data["needs"][need][split]
        return forms

    def fact(self, need: str, rng: np.random.Generator, *, split: Split) -> str:
        """A sentence that states a need; none of training is one of the bank's."""
        while True:
            text = expand(str(rng.choice(self.sentences(need, split))), rng)
            if split == "held" or text not in self._held:
                return text

    def right(self, question: NeedQuestion, needs: Sequence[str]) -> str:
        """The right thing where `needs` are stored: what the first that decides asks for, else the usual one."""
        for need in needs:
            if question.topic in self.answers[need]:
                return self.answers[need][question.topic]
        return question.usual

    def draw_needs(self, rng: np.random.Generator, count: int) -> tuple[str, ...]:
        """At most `count` different needs, no two of which decide in one topic."""
        kept: list[str] = []
        taken: set[str] = set()
        for need in map(str, rng.permutation(list(self.answers))):
            if len(kept) < count and not taken & set(self.answers[need]):
                kept.append(need)
                taken |= set(self.answers[need])
        return tuple(kept)

    def ask_about(
        self,
        topic: str,
        rng: np.random.Generator,
        *,
        split: Split,
        usual: str | None = None,
        mentioned: tuple[str, str] | None = None,
    ) -> NeedQuestion:
        """A question about a topic.

        Args:
            topic: What is chosen.
            rng: Where wordings and the order of the options come from.
            split: Which sentences it is made of.
            usual: What the stem calls usual; None: any of the topic's things.
            mentioned: Two needs that the stem names; None: any two that decide in the topic.
        """
        about: dict[str, list[str]] = self._data["topics"][topic]
        taken = usual or str(rng.choice(self.things(topic)))
        one, two = mentioned or tuple(map(str, rng.choice(self.deciding(topic), size=2, replace=False)))
        told = str(rng.choice(self._data["usual"][split])).format(usual=taken)
        words = {slot: self._data["needs"][need]["word"] for slot, need in (("one", one), ("two", two))}
        aside = str(rng.choice(self._data["mentions"][split])).format(**words)
        sentences = [str(rng.choice(about["openers"])), *(str(text) for text in rng.permutation([told, aside]))]
        return NeedQuestion(
            stem=" ".join(sentences),
            question=str(rng.choice(about["questions"])),
            options=tuple(map(str, rng.permutation(self.things(topic)))),
            topic=topic,
            usual=taken,
            mentioned=(one, two),
        )
