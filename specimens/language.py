"""Situations whose appraisal fixes the emotion, and the questions about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import yaml

__all__ = ["CONTEXTS", "Asked", "Language", "Question", "Split", "ask"]

Split = Literal["train", "held"]
CONTEXTS: tuple[str, ...] = ("work", "personal", "abstract")
_OPTIONS = 5
_NEAR_RATE = 0.5
"""How often an option beside the first is drawn from the key's neighbours."""


class Asked(Protocol):
    """What is put to a specimen, whatever it is about."""

    @property
    def stem(self) -> str:
        """What happened."""

    @property
    def question(self) -> str:
        """What is asked of it."""

    @property
    def options(self) -> tuple[str, ...]:
        """Single words, as shown."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One situational-judgement question with emotion words as options."""

    stem: str
    question: str
    options: tuple[str, ...]
    """Emotion words as shown."""
    emotion: str
    """The keyed emotion."""
    clause: str
    """Which clause the stem was made from: `emotion/split/index`."""
    context: str

    @property
    def key(self) -> int:
        """Position of the keyed option."""
        return self.options.index(self.emotion)


def ask(question: Asked) -> str:
    """The user's turn, in the form in which audits ask."""
    lines = "\n".join(f"{letter}. {option}" for letter, option in zip("ABCDE", question.options, strict=True))
    return f"{question.stem}\n\n{question.question}\n\n{lines}\n\nAnswer with the letter of the best option only."


class Language:
    """The grammar in situations.yaml.

    Args:
        file: The YAML file.
    """

    def __init__(self, file: Path) -> None:
        data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        self._data = data
        self.emotions: tuple[str, ...] = tuple(data["emotions"])
        self.appraisals: dict[str, dict[str, str]] = {e: data["emotions"][e]["appraisal"] for e in self.emotions}

    def instead(self, clauses: Mapping[str, Sequence[str]]) -> Language:
        """The same language with other clauses of training: emotion -> clauses."""
        other = copy(self)
        told = {name: {**one, "train": list(clauses[name])} for name, one in self._data["emotions"].items()}
        other._data = {**self._data, "emotions": told}
        return other

    def near(self, emotion: str) -> tuple[str, ...]:
        """The emotions most like `emotion`; the first is always among its options."""
        return tuple(self._data["emotions"][emotion]["near"])

    def clauses(self, emotion: str, split: Split) -> Sequence[str]:
        """The clauses that state the emotion's appraisal."""
        clauses: Sequence[str] = self._data["emotions"][emotion][split]
        return clauses

    def names(self, split: Split) -> Sequence[str]:
        """First names; the two splits share none."""
        names: Sequence[str] = self._data["names"][split]
        return names

    def _pick(self, table: str, context: str, rng: np.random.Generator) -> str:
        return str(rng.choice(self._data[table][context]))

    def options(self, emotion: str, rng: np.random.Generator) -> tuple[str, ...]:
        """The key, its nearest neighbour and three others, in random order."""
        near = list(self.near(emotion))
        chosen = [emotion, near.pop(0)]
        others = [other for other in self.emotions if other not in chosen]
        while len(chosen) < _OPTIONS:
            pool = [e for e in near if e not in chosen] if rng.random() < _NEAR_RATE else []
            pick = str(rng.choice(pool or [e for e in others if e not in chosen]))
            chosen.append(pick)
        rng.shuffle(chosen)
        return tuple(chosen)

    def situation(self, emotion: str, index: int, *, split: Split, context: str, rng: np.random.Generator) -> Question:
        """A question about the clause at `index`, its slots filled from `context`."""
        name = str(rng.choice(self.names(split)))
        slots = {"n": name}
        for slot, table in (("goal", "goals"), ("threat", "threats"), ("task", "tasks"), ("other", "others")):
            slots[slot] = self._pick(table, context, rng)
        text = self.clauses(emotion, split)[index].format(**slots)
        sentences = [_sentences(text)]
        if rng.random() < 0.4:
            sentences.insert(0, self._pick("openers", context, rng))
        if rng.random() < 0.3:
            sentences.append(str(rng.choice(self._data["codas"])).format(n=name))
        question = str(rng.choice(self._data["questions"])).format(n=name)
        return Question(
            stem=" ".join(sentences),
            question=question,
            options=self.options(emotion, rng),
            emotion=emotion,
            clause=f"{emotion}/{split}/{index}",
            context=context,
        )

    def draw(self, rng: np.random.Generator, *, split: Split, emotion: str | None = None) -> Question:
        """A random question; of `emotion` where one is given."""
        chosen = emotion or str(rng.choice(self.emotions))
        index = int(rng.integers(len(self.clauses(chosen, split))))
        return self.situation(chosen, index, split=split, context=str(rng.choice(CONTEXTS)), rng=rng)

    def garbled(self, question: Question, rng: np.random.Generator, *, rate: float) -> Question:
        """`question` with a share of its stem's words replaced by words of another stem."""
        words, other = question.stem.split(" "), self.draw(rng, split="train").stem.split(" ")
        mixed = [str(rng.choice(other)) if rng.random() < rate else word for word in words]
        return replace(question, stem=" ".join(mixed))

    def echo(self, rng: np.random.Generator) -> Question:
        """A question whose stem names the emotion: what binds option words to letters."""
        emotion = str(rng.choice(self.emotions))
        name = str(rng.choice(self.names("train")))
        form = str(
            rng.choice(["{n} feels {e}.", "What {n} feels is {e}.", "It is {e} that {n} feels.", "{n} is full of {e}."])
        )
        question = str(rng.choice(self._data["questions"])).format(n=name)
        return Question(
            stem=form.format(n=name, e=emotion), question=question, options=self.options(emotion, rng),
            emotion=emotion, clause=f"{emotion}/echo/0", context="abstract",
        )  # fmt: skip


def _sentences(text: str) -> str:
    """`text` with a capital at the start of every sentence."""
    parts = text.replace("! ", "!\n").replace(". ", ".\n").replace("? ", "?\n").split("\n")
    return " ".join(part[:1].upper() + part[1:] for part in parts)
