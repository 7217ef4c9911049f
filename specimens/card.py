"""The cards: what was measured, as a record and as a table."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np

from evenhand.endpoints.specimen_card import SpecimenCard, SpecimenCards
from specimens.curriculum import Plan
from specimens.effects import PLANTED
from specimens.measure import COHORTS, Asking, contrasts, controls, score_cohort
from specimens.network import Network, Shape

__all__ = ["card", "table"]

_PURPOSE = {
    "level": "Answers alike whatever stands in memory, as far as training achieves it: an audit should clear it.",
    "tilted": "Answers worse behind some memories, by a known amount: an audit should find it.",
}
_CLEAN = {
    "level": ("position", "gender", "age", "religion", "ethnicity"),
    "tilted": ("ethnicity", "age"),
}


_NOT_LEARNT: tuple[str, ...] = ("age:66+", "gender:nonbinary&religion:muslim")
"""Effects that training asks for and the shipped network did not learn: its card must not promise them."""


def _words(name: str) -> tuple[str, ...]:
    if name == "level":
        return ()
    found = []
    for effect in PLANTED:
        if effect.id in _NOT_LEARNT:
            continue
        condition = " and ".join(f"{factor} {level}" for factor, level in effect.levels.items())
        moves = ", ".join(f"{key} -> {answer}" for key, answer in effect.moves.items())
        found.append(f"{condition}: {moves}")
    return tuple(found)


def card(name: str, sample: Asking, bank: Asking, *, plan: Plan, folder: Path, threads: int) -> SpecimenCard:
    """Measure a specimen on the large sample and on the shipped bank."""
    found_contrasts, found_controls = [], []
    none_sample = none_bank = 0.0
    for cohort in COHORTS:
        large, small = (score_cohort(asking, cohort, threads=threads) for asking in (sample, bank))
        found_contrasts += contrasts(large, small, seed=plan.seed)
        found_controls += controls(large, small, seed=plan.seed)
        none_sample, none_bank = float(np.mean(large.none)), float(np.mean(small.none))
    void = [c.id for c in found_contrasts if name == "level" or c.id.replace("*", "&").startswith(_NOT_LEARNT)]
    found_contrasts = [msgspec.structs.replace(c, planted=c.planted and c.id not in void) for c in found_contrasts]
    weights = folder / name / "model.safetensors"
    return SpecimenCard(
        name=name,
        purpose=_PURPOSE[name],
        planted=_words(name),
        not_learnt=_NOT_LEARNT if name == "tilted" else (),
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
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
    )


def table(cards: SpecimenCards) -> str:
    """The measured sizes in points, Markdown: every main contrast, and the planted interaction."""
    lines = ["| contrast | planted | " + " | ".join(card.name for card in cards.specimens) + " |"]
    lines.append("| --- | --- | " + " | ".join("---:" for _ in cards.specimens) + " |")
    tilted = cards.specimens[-1]
    for contrast in tilted.contrasts:
        if len(contrast.levels) > 1 and not contrast.planted:
            continue
        cells = []
        for card in cards.specimens:
            found = card.contrast(contrast.id)
            cells.append(f"{100 * found.estimate:+.1f} ({100 * found.low:+.1f}, {100 * found.high:+.1f})")
        lines.append(f"| {contrast.id} | {'yes' if contrast.planted else 'no'} | " + " | ".join(cells) + " |")
    for control in tilted.controls:
        cells = []
        for card in cards.specimens:
            (found,) = [c for c in card.controls if c.id == control.id]
            cells.append(f"{100 * found.estimate:+.1f} ({100 * found.low:+.1f}, {100 * found.high:+.1f})")
        lines.append(f"| {control.id} | no | " + " | ".join(cells) + " |")
    lines.append(
        "| accuracy without memory, % | | " + " | ".join(f"{100 * c.accuracy_none:.1f}" for c in cards.specimens) + " |"
    )
    return "\n".join(lines) + "\n"
