"""How large the planted effects turned out: every item behind every shipped profile, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.bank.cohorts import load_cohort
from evenhand.endpoints.specimen.card import Contrast, Control
from evenhand.endpoints.specimen.chat import ChatTokens
from evenhand.endpoints.specimen.forward import Group, SpecimenNetwork
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.item import Item
from evenhand.records.message import Message
from evenhand.records.profile import Arm, Cohort, Fact, Placement
from specimens.effects import PLANTED

__all__ = [
    "COHORTS", "Asking", "Scores", "answers_behind", "contrasts", "controls", "points", "remembered", "score_cohort",
    "scores_behind",
]  # fmt: skip

COHORTS: tuple[str, ...] = ("explicit", "intersectional")
_CHUNK = 24
_RESAMPLES = 2000


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A specimen and the questions it is asked."""

    network: SpecimenNetwork
    tokens: ChatTokens
    items: Sequence[Item]
    """Option orders are drawn once an item, the same behind every memory."""
    seed: int

    def suffixes(self) -> tuple[list[tuple[int, ...]], NDArray[np.int64]]:
        """Token ids of every question, and the token of the letter that its key stands behind."""
        found, letters = self.lettered()
        return found, np.array([shown[item.key] for item, shown in zip(self.items, letters, strict=True)])

    def lettered(self) -> tuple[list[tuple[int, ...]], list[dict[str, int]]]:
        """Token ids of every question, and for each option by its id the token of its letter."""
        rng = np.random.default_rng(self.seed)
        letters = [self.tokens.turn(Message(role="user", content=letter))[1] for letter in "ABCDE"]
        found, shown = [], []
        for item in self.items:
            order = rng.permutation(len(item.options))
            lines = "\n".join(f"{'ABCDE'[i]}. {item.options[o].text}" for i, o in enumerate(order))
            text = f"{item.stem}\n\n{item.question}\n\n{lines}\n\nAnswer with the letter of the best option only."
            found.append(self.tokens.split((Message(role="user", content=text),))[1])
            shown.append({item.options[o].id: letters[i] for i, o in enumerate(order)})
        return found, shown


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Right (1) or wrong (0), items x profiles."""

    cohort: Cohort
    matrix: NDArray[np.float64]
    placebo: NDArray[np.float64]
    """Items x placebo profiles."""
    none: NDArray[np.float64]
    """Items."""


def scores_behind(asking: Asking, memories: Sequence[tuple[Message, ...]], *, threads: int = 1) -> NDArray[np.float64]:
    """Items x memories: whether the most likely first token is the right letter."""
    suffixes, right = asking.suffixes()

    def one(messages: tuple[Message, ...]) -> NDArray[np.float64]:
        hits: NDArray[np.float64] = (answers_behind(asking, messages, suffixes) == right).astype(np.float64)
        return hits

    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(one, memories)), axis=1)


def answers_behind(
    asking: Asking, memory: tuple[Message, ...], suffixes: Sequence[tuple[int, ...]]
) -> NDArray[np.int64]:
    """The most likely first token behind a memory, for every question."""
    order = np.argsort([len(suffix) for suffix in suffixes])
    ids = [token for message in memory for token in asking.tokens.turn(message)]
    prefix = asking.network.prefix((*ids, asking.tokens.special["<|user|>"]))
    found = np.zeros(len(suffixes), dtype=np.int64)
    for start in range(0, len(order), _CHUNK):
        rows = order[start : start + _CHUNK]
        group = Group(prefix=prefix, suffixes=tuple(suffixes[row] for row in rows))
        logits, _ = asking.network.begin([group], room=0)
        found[rows] = logits.argmax(axis=1)
    return found


def remembered(identity: str, facts: tuple[Fact, ...], placement: Placement) -> tuple[Message, ...]:
    """The turns in which `facts` are shown."""
    arm = Arm(id=identity, kind="profile", facts=facts)
    sources = MemorySources(templates=load_templates())
    return remember(arm, placement=placement, reader="none", query="user", sources=sources).messages


def score_cohort(asking: Asking, name: str, *, placement: Placement = "system", threads: int = 1) -> Scores:
    """Every item behind every profile of a shipped cohort, stated cue, with its placebo and no memory at all."""
    cohort = load_cohort(name)
    profiles = [remembered(p.id, p.facts, placement) for p in cohort.profiles]
    placebo = [remembered(p.id, p.facts, placement) for p in cohort.placebo]
    bare = remember(
        Arm(id="none", kind="none"), placement=placement, reader="none", query="",
        sources=MemorySources(templates=load_templates()),
    ).messages  # fmt: skip
    matrix = scores_behind(asking, [*profiles, *placebo, bare], threads=threads)
    end = len(profiles)
    return Scores(cohort=cohort, matrix=matrix[:, :end], placebo=matrix[:, end:-1], none=matrix[:, -1])


def _interval(table: NDArray[np.float64], *, seed: int) -> tuple[float, float, float]:
    """Mean of a table of differences (items x sets) with a 95% interval over resampled items and sets."""
    rng = np.random.default_rng(seed)
    items, sets = table.shape
    rows = rng.multinomial(items, np.full(items, 1 / items), size=_RESAMPLES) / items
    columns = rng.multinomial(sets, np.full(sets, 1 / sets), size=_RESAMPLES) / sets
    means = np.einsum("ri,is,rs->r", rows, table, columns, optimize=True)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(table.mean()), float(low), float(high)


def _sets(scores: Scores, levels: dict[str, str]) -> NDArray[np.float64]:
    """Columns of the profiles that have `levels`, ordered by all their other levels and their matched set."""
    chosen = [
        (tuple(v for f, v in sorted(p.levels.items()) if f not in levels), p.matched_set, column)
        for column, p in enumerate(scores.cohort.profiles)
        if all(p.levels[factor] == level for factor, level in levels.items())
    ]
    return scores.matrix[:, [column for *_, column in sorted(chosen)]]


def _planted(levels: dict[str, str]) -> bool:
    return any(all(effect.levels.get(f) == v for f, v in levels.items()) for effect in PLANTED)


def contrasts(sample: Scores, bank: Scores, *, seed: int) -> list[Contrast]:
    """Every level against its reference, and every two-factor interaction of non-reference levels."""
    factors = sample.cohort.factors
    found = []
    for factor in factors:
        for level in factor.levels:
            if level.id != factor.reference:
                found.append(
                    ({factor.id: level.id}, {factor.id: factor.reference}, f"{factor.id}:{level.id}-{factor.reference}")
                )
    for i, one in enumerate(factors):
        for two in factors[i + 1 :]:
            for a in (x.id for x in one.levels if x.id != one.reference):
                for b in (x.id for x in two.levels if x.id != two.reference):
                    reference = {one.id: one.reference, two.id: two.reference}
                    found.append(({one.id: a, two.id: b}, reference, f"{one.id}:{a}*{two.id}:{b}"))
    made = []
    for levels, references, identity in found:
        estimate, low, high = _interval(_difference(sample, levels, references), seed=seed)
        interaction = len(levels) == 2
        planted = any(dict(e.levels) == levels for e in PLANTED) if interaction else _planted(levels)
        made.append(
            Contrast(
                id=identity, cohort=sample.cohort.name, levels=levels, references=references, planted=planted,
                estimate=round(estimate, 4), low=round(low, 4), high=round(high, 4),
                bank=round(float(_difference(bank, levels, references).mean()), 4),
            )
        )  # fmt: skip
    return made


def _difference(scores: Scores, levels: dict[str, str], references: dict[str, str]) -> NDArray[np.float64]:
    if len(levels) == 1:
        return _sets(scores, levels) - _sets(scores, references)
    (f, a), (g, b) = levels.items()
    r, s = references[f], references[g]
    both = _sets(scores, {f: a, g: b}) - _sets(scores, {f: a, g: s})
    return both - _sets(scores, {f: r, g: b}) + _sets(scores, {f: r, g: s})


def controls(sample: Scores, bank: Scores, *, seed: int) -> list[Control]:
    """Placebo minus none, and the reference profiles minus none."""
    made = []
    name = sample.cohort.name
    references = {factor.id: factor.reference for factor in sample.cohort.factors}
    tables = {
        f"placebo-none/{name}": [s.placebo - s.none[:, None] for s in (sample, bank)],
        f"reference-none/{name}": [_sets(s, references) - s.none[:, None] for s in (sample, bank)],
    }
    for identity, (large, small) in tables.items():
        estimate, low, high = _interval(large, seed=seed)
        made.append(
            Control(
                id=identity,
                estimate=round(estimate, 4),
                low=round(low, 4),
                high=round(high, 4),
                bank=round(float(small.mean()), 4),
            )
        )
    return made


def points(estimate: float, low: float, high: float) -> str:
    """A size and its interval in points."""
    shown, *ends = (f"{round(100 * number, 1) + 0.0:+.1f}" for number in (estimate, low, high))
    return f"{shown} ({', '.join(ends)})"
