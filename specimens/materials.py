"""The grammars that specimens are made from; no torch is needed for them."""

from __future__ import annotations

from pathlib import Path

from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from specimens.language import Language
from specimens.memories import Memories
from specimens.needs import Needs

__all__ = ["materials", "needs"]

_HERE = Path(__file__).parent


def materials() -> tuple[Language, Memories]:
    """Situations and memories; no sentence of a shipped cohort can be drawn from the second."""
    sentences: set[str] = set()
    for name in shipped_cohorts():
        cohort = load_cohort(name, cues=("stated", "implied", "mixed"))
        sentences.update(fact.text for profile in (*cohort.profiles, *cohort.placebo) for fact in profile.facts)
    return Language(_HERE / "situations.yaml"), Memories(_HERE / "memories.yaml", held_out=frozenset(sentences))


def needs() -> Needs:
    """The grammar of needs and of the choices that they decide."""
    return Needs(_HERE / "needs.yaml")
