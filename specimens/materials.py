"""The two grammars that specimens are made from; no torch is needed for them."""

from __future__ import annotations

from pathlib import Path

from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from specimens.language import Language
from specimens.memories import Memories

__all__ = ["materials"]

_HERE = Path(__file__).parent


def materials() -> tuple[Language, Memories]:
    """The grammars; no sentence of a shipped cohort can be drawn from the second."""
    sentences: set[str] = set()
    for name in shipped_cohorts():
        cohort = load_cohort(name, cues=("stated", "implied", "mixed"))
        sentences.update(fact.text for profile in (*cohort.profiles, *cohort.placebo) for fact in profile.facts)
    return Language(_HERE / "situations.yaml"), Memories(_HERE / "memories.yaml", held_out=frozenset(sentences))
