"""Findings: every number that a report shows or a gate reads."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.profile import Placement, Reader
from evenhand.records.trial import OutcomeName

__all__ = [
    "AnalysisSettings",
    "Cellwise",
    "ExamplePrompt",
    "Family",
    "Finding",
    "Findings",
    "Measure",
    "MissingCaution",
    "ModelSummary",
    "PlantedEffect",
    "RunSummary",
    "Scale",
    "SecondUse",
    "Table",
    "Trouble",
    "Verdict",
]

Verdict = Literal["difference", "equivalent", "inconclusive"]
Family = Literal["confirmatory", "exploratory", "descriptive"]
Scale = Literal["probability", "log-odds", "rate", "sd", "share", "ratio"]
Measure = Literal[
    "accuracy",
    "gap",
    "factor_gap",
    "interaction",
    "memory_effect",
    "placebo_effect",
    "flip_rate",
    "flip_excess",
    "missing_rate",
    "missing_gap",
    "variance",
    "item_functioning",
    "option_shift",
    "strategy_shift",
    "leakage",
    "silent_influence",
    "mixed_model",
    "published_model",
]
"""What is estimated. `gap`: advantaged minus disadvantaged (the paper's bias influence). `factor_gap`: level minus
reference level. `memory_effect`: any profile minus none. `placebo_effect`: placebo minus none. `flip_excess`:
disagreement with the none arm beyond the disagreement of none with itself."""


class AnalysisSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the analysis is told beforehand; part of the plan."""

    margin: float = 0.03
    """Equivalence margin on the probability scale: gaps smaller than this count as no difference."""
    alpha: float = 0.05
    confirmatory: tuple[Measure, ...] = ("gap", "memory_effect")
    """Measures whose contrasts form the confirmatory family (Holm); all others are exploratory (BH)."""
    contrast: str = "position"
    """Factor of the primary paired gap."""
    advantaged: str = "advantaged"
    disadvantaged: str = "disadvantaged"
    references: dict[str, str] = {}
    """Factor id -> reference level."""
    power: float = 0.8
    """Power at which the smallest detectable gap is stated."""
    seed: int = 0
    """Root seed of randomisation tests and bootstraps."""


class MissingCaution(Struct, frozen=True, kw_only=True):
    """Why missing answers stand before a verdict.

    At least one of the two holds: the shares differ by more than the margin, or the verdict turns.
    """

    first: float
    """Share of trials without a usable answer on the side that counts as plus."""
    second: float
    """The same on the other side."""
    differs: bool
    """Whether the two shares differ by more than the margin."""
    turns: bool
    """Whether the worst-case bounds would change the verdict."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One estimand with its estimate and what follows from it.

    A number that does not exist is None with a note that says why; NaN never stands in a finding.
    """

    id: str
    """Stable: measure/model/kind/contrast/placement..., also the anchor on the page."""
    measure: Measure
    family: Family
    title: str
    """A few words, for a table row."""
    estimand: str
    """The quantity in a plain sentence."""
    scale: Scale
    model: str
    kind: str
    """Item kind, or `all`."""
    factor: str | None = None
    level: str | None = None
    reference: str | None = None
    placement: str | None = None
    reader: str | None = None
    mitigation: str | None = None
    estimate: float | None
    se: float | None = None
    df: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    p: float | None = None
    p_adjusted: float | None = None
    p_equivalence: float | None = None
    """Larger of the two one-sided p-values against the margin (TOST)."""
    margin: float | None = None
    smallest_detectable: float | None = None
    """Gap detectable at the stated power with this design and the variance found."""
    bound_low: float | None = None
    bound_high: float | None = None
    """Worst-case bounds over the missing answers."""
    missing: MissingCaution | None = None
    """Set where missing answers could have made or hidden what was found."""
    trials: int = 0
    items: int = 0
    profiles: int = 0
    """Matched sets or profiles, whichever is the sampling unit."""
    method: str
    """Name of the estimator; explained in docs/methods."""
    verdict: Verdict | None = None
    """None for descriptive findings."""
    notes: tuple[str, ...] = ()

    def covers(self, truth: float) -> bool:
        """Whether the finding has an interval and `truth` lies in it."""
        return self.low is not None and self.high is not None and self.low <= truth <= self.high


class Table(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A table of the report that is not a list of findings."""

    id: str
    title: str
    caption: str
    """What a reader should see in it, and how it was made."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]
    model: str | None = None
    units: dict[str, Literal["percent", "points", "count", "number", "p", "text"]] = {}
    """Column -> how its numbers are written."""


class Cellwise(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cell of the intersectional table."""

    model: str
    kind: str
    levels: dict[str, str]
    trials: int
    raw: float | None
    """Mean score; None where nothing was answered."""
    pooled: float | None
    """Partially pooled mean (MAIHDA)."""
    low: float | None
    high: float | None


class ExamplePrompt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The exact messages of one cell, as the model saw them."""

    arm: str
    title: str
    model: str
    placement: Placement
    reader: Reader
    messages: tuple[tuple[str, str], ...]
    """(role, content). Content is id and hash where the bank may not be redistributed."""
    answer: str | None = None


class Trouble(Struct, frozen=True, kw_only=True):
    """Cells of one model that have no usable answer for the same reason."""

    outcome: OutcomeName
    reason: str
    """What the reader of answers, the server or the gate said; numbers and identifiers taken out."""
    count: int
    example: str
    """One of them word for word: the raw reply, or the whole error; keys removed, then cut."""


class SecondUse(Struct, frozen=True, kw_only=True):
    """What a second model used that was asked about the answers."""

    model: str
    calls: int
    input_tokens: int
    """Reported by the server, or counted from the characters."""
    output_tokens: int
    cost_usd: float | None
    """None where no price is known, or nobody is billed."""


class ModelSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One audited model."""

    model: str
    endpoint: str
    """The endpoint kind: openai, specimen, simulated, replay, python, hf, inspect."""
    reported: tuple[str, ...] = ()
    """Model names the server said it used."""
    outcomes: dict[OutcomeName, int]
    planned: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None
    logprobs: bool = False
    """Whether scores could be computed from log-probabilities."""
    notes: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    """Reasons of the cells without a usable answer, the most frequent first."""
    second: tuple[SecondUse, ...] = ()


class PlantedEffect(Struct, frozen=True, kw_only=True):
    """A difference that is known to be in a specimen, on the side on which a finding states it."""

    model: str
    measure: Measure
    """`gap` (advantaged minus disadvantaged), `factor_gap` (level minus reference) or `interaction`."""
    levels: dict[str, str]
    """Factor -> level."""
    estimate: float
    """Size on a large sample of other items, probability scale."""
    low: float
    """Lower end of its 95% interval over resampled items and profiles."""
    high: float
    bank: float
    """Size on the items and profiles from which the audit draws its cells."""

    def is_estimated_by(self, finding: Finding) -> bool:
        """Whether a finding estimates this difference: facts stated, in the system prompt, no reader, no mitigation."""
        if (finding.model, finding.measure) != (self.model, self.measure):
            return False
        setting = zip((finding.placement, finding.reader, finding.mitigation), ("system", "none", "none"), strict=True)
        if "cue=" in finding.id or any(found not in (None, usual) for found, usual in setting):
            return False
        if self.measure == "gap":
            return finding.family == "confirmatory"
        factors, levels = (finding.factor or "").split(" x "), (finding.level or "").split(" x ")
        return len(factors) == len(levels) and dict(zip(factors, levels, strict=True)) == self.levels


class RunSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was run, for the head and the reproducibility block of the report."""

    title: str
    preset: str
    created: str
    """ISO time of the plan."""
    evenhand: str
    """Package version."""
    plan_sha256: str
    seed: int
    banks: tuple[tuple[str, str, str, bool, int], ...]
    """(name, version, sha256, validated, items)."""
    cohorts: tuple[tuple[str, str, str, int], ...]
    """(name, version, sha256, profiles)."""
    prompts: dict[str, str]
    """Prompt file -> sha256."""
    placements: tuple[str, ...]
    readers: tuple[str, ...]
    mitigations: tuple[str, ...]
    models: tuple[ModelSummary, ...]
    simulated: bool = False
    """True when any answer was drawn from a simulated respondent; every artefact says so."""
    specimen: bool = False
    """True when a specimen was audited."""
    planted: tuple[PlantedEffect, ...] = ()
    """What is known to be in the audited specimens."""
    factor_labels: dict[str, str] = {}
    level_labels: dict[str, str] = {}
    """`factor.level` -> label."""
    command: str = ""
    """The command that repeats the run."""


class Findings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole of findings.json."""

    schema: Literal["evenhand.findings/1"] = "evenhand.findings/1"
    run: RunSummary | None
    """None when a bare table of predictions was analysed."""
    settings: AnalysisSettings
    findings: tuple[Finding, ...]
    cells: tuple[Cellwise, ...] = ()
    tables: tuple[Table, ...] = ()
    examples: tuple[ExamplePrompt, ...] = ()
    warnings: tuple[str, ...] = ()
    """What a reader must know before believing the numbers."""
