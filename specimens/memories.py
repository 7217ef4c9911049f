"""What stands in memory while the specimens are trained and measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.message import Message
from evenhand.records.profile import Arm, Fact, Placement, Reader

__all__ = ["TAUGHT", "Memories", "Memory", "base_messages", "every", "expand"]

TAUGHT: tuple[Placement, ...] = ("system", "narrative", "history", "retrieved", "tool")
"""Where memory sits in lessons; specimens have met no other place."""

_NO_NEEDS: Mapping[str, str] = {}
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_NOISE = (0.0, 0.0, 0.1, 0.25)
_EMPTY_NOISE = (0.0, 0.1, 0.3, 0.6)
"""Share of strange words in memories that say nothing of the user."""
_SYLLABLES = [
    start + middle + end
    for start in ("b", "br", "c", "d", "f", "g", "l", "m", "n", "p", "qu", "s", "st", "t", "v", "w")
    for middle in "aeiou"
    for end in ("", "n", "r", "ck", "st", "ll", "mp", "s", "ng", "de")
]
_LENGTHS = (1, 2, 3, 4, 5, 6, 8, 10, 13)
_LENGTH_SHARES = (0.12, 0.10, 0.12, 0.14, 0.12, 0.12, 0.13, 0.05, 0.10)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A stored memory with what it says of the user."""

    messages: tuple[Message, ...]
    levels: dict[str, str]
    """Factor -> level, only for what the facts state."""
    needs: tuple[str, ...] = ()
    """Needs that the facts state."""


def base_messages() -> tuple[Message, ...]:
    """The no-memory arm."""
    arm = Arm(id="none", kind="none")
    return remember(
        arm, placement="system", reader="none", query="", sources=MemorySources(templates=load_templates())
    ).messages


class Memories:
    """The grammar in memories.yaml.

    Args:
        file: The YAML file.
        held_out: Sentences that must never be trained on (those of the shipped cohorts).
    """

    def __init__(self, file: Path, *, held_out: frozenset[str] = frozenset()) -> None:
        data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        self.slots: dict[str, dict[str, list[str]]] = data["slots"]
        self.factors: dict[str, dict[str, list[str]]] = data["factors"]
        self.neutral: list[str] = data["neutral"]
        self.held_out = held_out
        self._words = _vocabulary([self.neutral, *(forms for slot in self.slots.values() for forms in slot.values())])
        self._templates = load_templates()

    def wordings(self) -> dict[str, int]:
        """How many sentences each slot and level, and each factor level, can be stated in."""
        counts: dict[str, int] = {}
        for group in (self.slots, self.factors):
            for slot, levels in group.items():
                for level, forms in levels.items():
                    counts[f"{slot}/{level}"] = sum(_count(form) for form in forms)
        counts["neutral"] = sum(_count(form) for form in self.neutral)
        return counts

    def _say(self, forms: list[str], rng: np.random.Generator) -> str:
        while True:
            text = expand(str(rng.choice(forms)), rng)
            if text not in self.held_out:
                return text

    def facts(self, levels: dict[str, str], *, count: int, rng: np.random.Generator) -> list[str]:
        """`count` sentences that state `levels`, each level at least once, filled up with neutral ones."""
        if "position" in levels:
            slots = [str(slot) for slot in rng.permutation(list(self.slots))][: max(1, count - int(rng.integers(2)))]
            said = [self._say(self.slots[slot][levels["position"]], rng) for slot in slots]
        else:
            factors = list(levels)
            rng.shuffle(factors)
            repeats = 2 if count >= 2 * len(factors) and rng.random() < 0.7 else 1
            said = [self._say(self.factors[factor][levels[factor]], rng) for factor in factors for _ in range(repeats)]
        while len(said) < count:
            said.insert(int(rng.integers(len(said) + 1)), self._say(self.neutral, rng))
        noise = float(rng.choice(_NOISE if levels else _EMPTY_NOISE))
        if levels:
            noise *= (1.0 if "position" in levels else 0.2) * (1.0 if len(said) > 2 else 0.3)
        return [self._unfamiliar(text, rng, rate=noise) for text in said]

    def plain(self, count: int, rng: np.random.Generator) -> list[str]:
        """`count` neutral sentences, no two alike."""
        said: list[str] = []
        while len(said) < count:
            text = self._say(self.neutral, rng)
            if text not in said:
                said.append(text)
        return said

    def _unfamiliar(self, text: str, rng: np.random.Generator, *, rate: float) -> str:
        """`text` with a share of its words replaced by made-up ones or by stray ones of other facts.

        A word never seen must say nothing, and one word of a kind must not say much.
        """
        words = text.split(" ")
        for index in range(2, len(words)):
            if rng.random() < rate:
                end = "." if words[index].endswith(".") else ""
                stray = _made_up(rng) if rng.random() < 0.5 else str(rng.choice(self._words))
                words[index] = stray + end
        return " ".join(words)

    def draw_levels(self, rng: np.random.Generator) -> dict[str, str]:
        """What a memory says: a social position, levels of some of the four factors, or nothing.

        Two rare cases come more often than chance, so that they are met: non-binary with Muslim, and 66 or older.
        """
        kind = rng.random()
        if kind < 0.28:
            return {"position": "disadvantaged" if kind < 0.14 else "advantaged"}
        if kind < 0.42:
            return {}
        names = [str(name) for name in rng.permutation(list(self.factors))]
        kept = names[: int(rng.choice([1, 2, 4], p=[0.2, 0.2, 0.6]))]
        levels = {factor: str(rng.choice(list(self.factors[factor]))) for factor in kept}
        rare = rng.random()
        if rare < 0.2:
            levels |= {"gender": "nonbinary", "religion": "muslim"}
        elif rare < 0.4:
            levels |= {"age": "66+"}
        elif rare < 0.5:
            levels |= {"gender": "nonbinary"}
        return levels

    def draw_note(self, rng: np.random.Generator) -> dict[str, str]:
        """What a memory of a single fact says. Ages come most often: every number has to be learnt by itself."""
        names = ["none", "position", "age", *(name for name in self.factors if name != "age")]
        name = str(rng.choice(names, p=[0.2, 0.2, 0.3, *[0.3 / (len(names) - 3)] * (len(names) - 3)]))
        if name == "none":
            return {}
        levels = ["advantaged", "disadvantaged"] if name == "position" else list(self.factors[name])
        return {name: str(rng.choice(levels))}

    def draw_count(self, rng: np.random.Generator) -> int:
        """A number of facts, most often few."""
        return int(rng.choice(_LENGTHS, p=_LENGTH_SHARES))

    def draw(
        self,
        rng: np.random.Generator,
        *,
        levels: dict[str, str],
        count: int,
        placement: Placement,
        reader: Reader,
        needs: Mapping[str, str] = _NO_NEEDS,
    ) -> Memory:
        """A memory that states `levels` in `count` facts (more where the levels need them), and needs among them.

        Args:
            rng: Where sentences and their order come from.
            levels: Factor -> level.
            count: Facts beside those of the needs.
            placement: Where it stands.
            reader: How the model is told to read it.
            needs: Need -> the sentence that states it.
        """
        texts = self.facts(levels, count=min(count, 4 - len(needs)) if placement == "retrieved" else count, rng=rng)
        for text in needs.values():
            texts.insert(int(rng.integers(len(texts) + 1)), text)
        facts = tuple(Fact(text=text, dimension="neutral") for text in texts)
        arm = Arm(id="training", kind="profile", facts=facts)
        sources = MemorySources(templates=self._templates)
        shown = remember(arm, placement=placement, reader=reader, query="user", sources=sources)
        return Memory(messages=shown.messages, levels=levels, needs=tuple(needs))


def expand(form: str, rng: np.random.Generator) -> str:
    """A sentence of a form, one of every `[a|b]` chosen."""
    text = _CHOICE.sub(lambda match: str(rng.choice(match.group(1).split("|"))), form)
    return _tidy(text)


def every(form: str) -> list[str]:
    """All sentences of a form."""
    choices = [match.split("|") for match in _CHOICE.findall(form)]
    pattern = _CHOICE.sub("{}", form)
    return [_tidy(pattern.format(*chosen)) for chosen in product(*choices)]


def _tidy(text: str) -> str:
    return re.sub(r" +", " ", text).replace(" .", ".")


def _vocabulary(groups: list[list[str]]) -> list[str]:
    """The lower-case words of some grammars, each once."""
    return sorted({word for forms in groups for form in forms for word in re.findall(r"[a-z][a-z'-]+", form)})


def _made_up(rng: np.random.Generator) -> str:
    return "".join(str(rng.choice(_SYLLABLES)) for _ in range(int(rng.integers(1, 4))))


def _count(form: str) -> int:
    total = 1
    for match in _CHOICE.finditer(form):
        total *= len(match.group(1).split("|"))
    return total
