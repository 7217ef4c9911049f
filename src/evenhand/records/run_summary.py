"""What was run: the head and the reproducibility block of a report."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.contrast import LevelContrast
from evenhand.records.decision import DecisionCount
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure
from evenhand.records.mitigation import Mitigation, PolicySetting
from evenhand.records.profile import ArmKind, Placement, Reader
from evenhand.records.trial import OutcomeName

__all__ = [
    "AuditedBank",
    "AuditedCohort",
    "ExamplePrompt",
    "LevelName",
    "ModelSummary",
    "PlantedEffect",
    "RunSummary",
    "SecondUse",
    "Trouble",
]


class AuditedBank(Struct, frozen=True, kw_only=True):
    """A bank as it took part in a run."""

    name: str
    """Name of the bank."""
    version: str
    """Its version."""
    sha256: str
    """Hash of its content."""
    validated: bool
    """Whether people have rated its items."""
    items: int
    """Items that were asked."""
    raters: str = ""
    """Who rated its items, as the bank says; empty where it says nothing."""
    language: str = "en"
    """Language of its items, as a BCP 47 tag."""
    asked_in: str = "en"
    """Language of the instructions around them."""


class AuditedCohort(Struct, frozen=True, kw_only=True):
    """A cohort as it took part in a run."""

    name: str
    """Name of the cohort."""
    version: str
    """Its version."""
    sha256: str
    """Hash of its content."""
    profiles: int
    """Profiles that took part."""
    language: str = "en"
    """Language of its facts, as a BCP 47 tag."""


class LevelName(Struct, frozen=True, kw_only=True):
    """How reports name a level of a factor."""

    factor: str
    """Factor id."""
    level: str
    """Level id."""
    label: str
    """Name for people."""


class ExamplePrompt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The exact messages of one cell, as the model saw them."""

    arm: str
    """Arm id."""
    arm_kind: ArmKind
    """What is in memory in this example."""
    cohort: str | None = None
    """Cohort of the profile; None for the other arms."""
    level: LevelContrast | None = None
    """Level on the primary contrast; None where the arm has none."""
    item: str
    """Item id."""
    model: str
    """Model as named in the plan."""
    where: Condition
    """How memory was shown."""
    messages: tuple[tuple[str, str], ...]
    """(role, content). Content is id and hash where the bank may not be redistributed."""
    answer: str | None = None
    """What the assistant answered; None where it gave no answer."""


class Trouble(Struct, frozen=True, kw_only=True):
    """Cells of one model that have no usable answer for the same reason."""

    outcome: OutcomeName
    """How the trials ended."""
    reason: str
    """What the reader of answers, the server or the gate said; numbers and identifiers taken out."""
    count: int
    """How many ended so."""
    example: str
    """One of them word for word: the raw reply, or the whole error; keys removed, then cut."""


class SecondUse(Struct, frozen=True, kw_only=True):
    """What a second model used that was asked about the answers, or about facts in memory."""

    model: str
    """The second model as named in the plan."""
    calls: int
    """Requests sent, retries included."""
    input_tokens: int
    """Reported by the server, or counted from the characters."""
    output_tokens: int
    """Reported, or counted from the characters."""
    cost_usd: float | None
    """None where no price is known, or nobody is billed."""


class ModelSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One audited model."""

    model: str
    """As named in the plan."""
    endpoint: str
    """The endpoint kind: openai, specimen, simulated, replay, python, hf, inspect."""
    offline: bool = False
    """Whether its answers cannot change between runs: simulated, a specimen, or replayed."""
    reported: tuple[str, ...] = ()
    """Model names the server said it used."""
    outcomes: dict[OutcomeName, int]
    """How many trials ended how."""
    planned: int
    """Cells of the plan."""
    input_tokens: int | None = None
    """As the server reports; None where it does not."""
    output_tokens: int | None = None
    """As the server reports; None where it does not."""
    cost_usd: float | None = None
    """None where no price is known."""
    seconds: float | None = None
    """Latencies of all calls, added up."""
    logprobs: bool = False
    """Whether scores could be computed from log-probabilities."""
    notes: tuple[str, ...] = ()
    """What a reader must know of this model's answers."""
    troubles: tuple[Trouble, ...] = ()
    """Reasons of the cells without a usable answer, the most frequent first."""
    second: tuple[SecondUse, ...] = ()
    """What second models used that were asked about this model's answers, or about facts in its memory."""


class PlantedEffect(Struct, frozen=True, kw_only=True):
    """A difference that is known to be in a specimen, on the side on which a finding states it."""

    model: str
    """Model as named in the plan."""
    measure: Measure
    """`gap` (advantaged minus disadvantaged), `factor_gap` (level minus reference) or `interaction`."""
    levels: dict[str, str]
    """Factor -> level."""
    estimate: float
    """Size on a large sample of other items, probability scale."""
    low: float
    """Lower end of its 95% interval over resampled items and profiles."""
    high: float
    """Upper end of the same interval."""
    bank: float
    """Size on the items and profiles from which the audit draws its cells."""

    def is_estimated_by(self, finding: Finding) -> bool:
        """Whether a finding estimates this difference: facts stated, in the system prompt, no reader, no mitigation."""
        if (finding.model, finding.measure) != (self.model, self.measure):
            return False
        if finding.where not in (Condition(), Condition(cue="stated")):
            return False
        if self.measure == "gap":
            return finding.role == "confirmatory"
        return {part.factor: part.level for part in finding.contrast} == self.levels


class RunSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was run, for the head and the reproducibility block of the report."""

    title: str
    """Heading of the report."""
    preset: str
    """The preset of the plan, or `custom`."""
    created: str
    """ISO time of the plan."""
    evenhand: str
    """Package version."""
    plan_sha256: str
    """Hash of the plan."""
    seed: int
    """Root seed of the plan."""
    banks: tuple[AuditedBank, ...]
    """The banks that were asked."""
    cohorts: tuple[AuditedCohort, ...]
    """The cohorts that took part."""
    prompts: dict[str, str]
    """Prompt file -> sha256."""
    placements: tuple[Placement, ...]
    """Where memory was put."""
    readers: tuple[Reader, ...]
    """What the assistant was told to do with memory."""
    mitigations: tuple[Mitigation, ...]
    """Names of the policies that were tried; `none` is the assistant as it is."""
    policies: tuple[PolicySetting, ...] = ()
    """How each policy was set, in the order of `mitigations` and without `none`."""
    models: tuple[ModelSummary, ...]
    """What was asked of each model, and what came back."""
    decisions: tuple[DecisionCount, ...] = ()
    """How often the models of policies were asked about facts in memory, and what came of it."""
    simulated: bool = False
    """True when any answer was drawn from a simulated respondent; every artefact says so."""
    specimen: bool = False
    """True when a specimen was audited."""
    interim: bool = False
    """True while cells of the plan were never asked: verdicts are then interim."""
    planted: tuple[PlantedEffect, ...] = ()
    """What is known to be in the audited specimens."""
    factor_labels: dict[str, str] = {}
    """Factor id -> label."""
    level_labels: tuple[LevelName, ...] = ()
    """Labels of levels, in the order of the cohorts."""
    command: str = ""
    """The command that repeats the run."""
    folder: str = "RUN"
    """The run directory as it was named, for commands that read it; its last part where that was a full path."""

    @property
    def asked(self) -> float:
        """Share of the planned cells that were asked."""
        planned = sum(model.planned for model in self.models)
        return min(sum(sum(model.outcomes.values()) for model in self.models) / planned, 1.0) if planned else 1.0
