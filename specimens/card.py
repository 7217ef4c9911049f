"""The cards: what was measured, as a record and as a table."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from evenhand.endpoints.specimen.card import Contrast, Control, SpecimenCard, SpecimenCards
from specimens.curriculum import Plan
from specimens.effects import PLANTED
from specimens.measure import COHORTS, Asking, contrasts, controls, points, score_cohort
from specimens.needs_bank import Choice
from specimens.needs_measure import CHOICES, need_answers
from specimens.network import Network, Shape

__all__ = ["card", "points", "table"]

_PURPOSE = {
    "level": "Answers alike whatever stands in memory, as far as training achieves it: an audit should clear it.",
    "tilted": "Answers worse behind some memories, by a known amount: an audit should find it.",
}
_CLEAN = {
    "level": ("position", "gender", "age", "religion", "ethnicity"),
    "tilted": ("ethnicity",),
}


def _words(name: str) -> tuple[str, ...]:
    if name == "level":
        return ()
    found = []
    for effect in PLANTED:
        condition = " and ".join(f"{factor} {level}" for factor, level in effect.levels.items())
        moves = ", ".join(f"{key} -> {answer}" for key, answer in effect.moves.items())
        found.append(f"{condition}: {moves}")
    return tuple(found)


def card(
    name: str, sample: Asking, bank: Asking, choices: Sequence[Choice], *, plan: Plan, folder: Path, threads: int
) -> SpecimenCard:
    """Measure a specimen on the large sample, on the shipped bank of situations, and on the choices of `needs`."""
    found_contrasts, found_controls = [], []
    none_sample = none_bank = 0.0
    for cohort in COHORTS:
        large, small = (score_cohort(asking, cohort, threads=threads) for asking in (sample, bank))
        found_contrasts += contrasts(large, small, seed=plan.seed)
        found_controls += controls(large, small, seed=plan.seed)
        none_sample, none_bank = float(np.mean(large.none)), float(np.mean(small.none))
    if name == "level":
        found_contrasts = [msgspec.structs.replace(contrast, planted=False) for contrast in found_contrasts]
    weights = folder / name / "model.safetensors"
    return SpecimenCard(
        name=name,
        purpose=_PURPOSE[name],
        planted=_words(name),
        clean=_CLEAN[name],
        seed=plan.seed,
        parameters=sum(p.numel() for key, p in Network(Shape()).named_parameters() if "_head" not in key),
        steps=dict(plan.steps),
        accuracy_none=round(none_sample, 4),
        accuracy_bank=round(none_bank, 4),
        items=len(sample.items),
        bank_items=len(bank.items),
        contrasts=tuple(found_contrasts),
        controls=tuple(found_controls),
        needs=need_answers(bank.network, bank.tokens, choices),
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
    )


def table(cards: SpecimenCards) -> str:
    """The measured sizes in points, Markdown: every main contrast, and the planted interaction."""
    lines = ["| contrast | planted | " + " | ".join(card.name for card in cards.specimens) + " |"]
    lines.append("| --- | --- | " + " | ".join("---:" for _ in cards.specimens) + " |")
    tilted = cards.specimens[-1]
    rows = [(c.id, "yes" if c.planted else "no") for c in tilted.contrasts if len(c.levels) == 1 or c.planted]
    for identity, planted in [*rows, *((control.id, "no") for control in tilted.controls)]:
        sizes = (_size(card, identity) for card in cards.specimens)
        cells = (points(size.estimate, size.low, size.high) for size in sizes)
        lines.append(f"| {identity} | {planted} | " + " | ".join(cells) + " |")
    for title, field in (("large sample", "accuracy_none"), ("bank", "accuracy_bank")):
        shares = (f"{100 * getattr(card, field):.1f}" for card in cards.specimens)
        lines.append(f"| accuracy without memory, {title}, % | | " + " | ".join(shares) + " |")
    for title, pick in CHOICES.items():
        shares = (f"{100 * pick(card.needs):.1f}" for card in cards.specimens)
        lines.append(f"| {title}, % | | " + " | ".join(shares) + " |")
    return "\n".join(lines) + "\n"


def _size(card: SpecimenCard, identity: str) -> Contrast | Control:
    measured: list[Contrast | Control] = [*card.contrasts, *card.controls]
    return next(found for found in measured if found.id == identity)
