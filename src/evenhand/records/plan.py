"""The plan: one hashable value that holds everything that decides the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from evenhand.errors import UsageError, near_miss
from evenhand.records.answer_format import CHOICE_FORMATS, ChoiceFormat
from evenhand.records.item import ITEM_KINDS, Bank, ItemKind
from evenhand.records.language import LANGUAGES, Language
from evenhand.records.mitigation import Mitigation, MitigationSpec, refuse_unknown_mitigation
from evenhand.records.model_spec import ModelSpec
from evenhand.records.profile import CUES, PLACEMENTS, READERS, Cohort, Cue, Placement, Reader
from evenhand.records.prompt_file import PromptFile
from evenhand.records.rubric import Rater
from evenhand.records.settings import AnalysisSettings

__all__ = ["Design", "Extractor", "ModelSpec", "Plan", "Preset", "PromptFile", "Stamped", "refuse_unknown"]

Preset = Literal["quick", "standard", "full", "fang2025", "custom"]

Extractor = Literal["choice_letter", "json_field", "regex", "label_map", "yes_no", "llm_extract"]


class Stamped(Struct, frozen=True, kw_only=True):
    """A bank or cohort with its content hash and the item or profile counts."""

    name: str
    """Name of the bank or cohort."""
    version: str
    """Its version."""
    sha256: str
    """Hash of its content."""
    size: int
    """Number of its items or profiles."""


_CLOSED: Mapping[str, tuple[str, ...]] = {
    "kinds": ITEM_KINDS,
    "cues": CUES,
    "placements": PLACEMENTS,
    "readers": READERS,
    "answers": CHOICE_FORMATS,
    "written": ITEM_KINDS,
}
"""Fields of a design that hold members of a closed set, with the set: only what runs is in it."""


def refuse_unknown(design: Mapping[str, object]) -> None:
    """Refuse what a design may not hold.

    Args:
        design: Field -> value, such as a design in a file.

    Raises:
        UsageError: A field is no tuple, holds a word that is not in its closed set, or a policy that nobody has.
    """
    policies = design.get("mitigations", ())
    if not isinstance(policies, list | tuple):
        raise UsageError(f"the design has mitigations {policies!r}, no tuple; write mitigations=({policies!r},)")
    for policy in policies:
        refuse_unknown_mitigation(str(policy), where="the design has mitigations")
    for field, allowed in _CLOSED.items():
        given = design.get(field, ())
        if not isinstance(given, list | tuple):
            raise UsageError(f"the design has {field} {given!r}, no tuple; write {field}=({given!r},)")
        for word in given:
            if word not in allowed:
                raise UsageError(
                    f"the design has {field} {word!r}{near_miss(str(word), allowed)}; allowed: {', '.join(allowed)}"
                )


class Design(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How arms, items and replicates are crossed.

    A word outside a closed set is refused when the design is made, with the word that was probably meant.

    Example:
        >>> import evenhand
        >>> evenhand.Design(placements=("system", "history")).placements
        ('system', 'history')
        >>> evenhand.Design(placements=("sistem",))
        Traceback (most recent call last):
        ...
        evenhand.errors.UsageError: the design has placements 'sistem' (did you mean 'system'?); allowed: system, \
        narrative, history, retrieved, tool, files, stored, told
    """

    kinds: tuple[ItemKind, ...] = ("understanding", "management")
    """Kinds of items that are asked."""
    easy: bool = False
    """Whether items marked easy (a guesser gets them without reading) are asked too."""
    none_repeats: int = 2
    """Repeats of the no-memory arm for every item."""
    placebo_per_item: float = 1.0
    """Placebo profiles every item meets; a fraction: that share of the items meets one."""
    pairs_per_item: int | None = 1
    """Matched sets of the explicit cohort every item meets, both versions of each; None: all."""
    matched_sets: int | None = None
    """How many matched sets of the explicit cohort take part (a seeded choice); None: all."""
    profiles_per_item: int | float | None = 0
    """Intersectional profiles every item meets, in each cue style; None: all. In a crossing of four factors of three
    levels, 9 and 27 are orthogonal fractions, rotated over items. Below one: so many on average; a share of the items
    then meets three profiles that have every level of every factor between them, and the others none."""
    replicates: int = 1
    """Repeats of every placebo and profile cell, each with its own option order."""
    cues: tuple[Cue, ...] = ("stated",)
    """How facts of the intersectional cohort are expressed."""
    placements: tuple[Placement, ...] = ("system",)
    """Where memory is put."""
    readers: tuple[Reader, ...] = ("none",)
    """What the assistant is told to do with memory."""
    mitigations: tuple[Mitigation, ...] = ("none",)
    """Policies that work between memory and assistant, each asked beside the others; `none` is always among them."""
    written: tuple[ItemKind, ...] = ()
    """Kinds of items with options that are answered in writing instead, where nothing is shown to choose from."""
    answers: tuple[ChoiceFormat, ...] = ("letter",)
    """How items with one best option are to be answered; letters are primary where both are asked. Intensity items are
    always rated."""
    distribution_share: float = 1.0
    """Share of the items with one best option that are asked for percentages too, where letters are asked as well: a
    seeded choice in every kind, twins together."""
    items_per_kind: int | None = None
    """At most so many items of each kind are asked: a seeded choice, twins together; None: all."""
    contradictions: bool = True
    """Whether an item meets users whose memory contradicts it ("my car" for someone without one). False: such a user is
    exchanged for one that another item met, or left out. The presets of our own have False; True is how earlier plans
    were made, and the published design."""
    instructions: Language | None = None
    """Language of instructions, headings and reader prompts; None: that of each bank."""

    def __post_init__(self) -> None:
        refuse_unknown({name: getattr(self, name) for name in (*_CLOSED, "mitigations")})
        if self.mitigations[:1] != ("none",) or len(set(self.mitigations)) < len(self.mitigations):
            raise UsageError(
                f"the design has mitigations {', '.join(map(repr, self.mitigations))}; the first must be 'none', for "
                "each policy is compared with the same questions without one, and each may be named once"
            )
        if not 0.0 < self.distribution_share <= 1.0:
            raise UsageError(
                f"the design has distribution_share {self.distribution_share!r}; allowed are shares above 0, up to 1"
            )
        if self.instructions is not None and self.instructions not in LANGUAGES:
            raise UsageError(
                f"the design has instructions {self.instructions!r}{near_miss(str(self.instructions), LANGUAGES)}; "
                f"allowed are {', '.join(LANGUAGES)}, and None for the language of each bank"
            )
        if self.items_per_kind is not None and self.items_per_kind < 1:
            raise UsageError(
                f"the design has items_per_kind {self.items_per_kind!r}; allowed are whole numbers from 1, and None "
                "for all items"
            )


class Plan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that decides the result of a run. Same plan and seed, same bytes.

    Fields with a default are left out of the file and the hash while they have it, so that a later version can add one
    without disowning older plans.

    Example:
        >>> import evenhand
        >>> plan = evenhand.open_run("runs/example").plan
        >>> plan.analysis.margin
        0.03
    """

    schema: Literal["evenhand.plan/1"] = "evenhand.plan/1"
    """Version of the file's shape."""
    evenhand: str
    """Version of the package that made the plan."""
    created: str
    """ISO time; does not decide the result and is left out of the plan's hash."""
    command: str = ""
    """The command line that made the plan, for the report; decides nothing and is left out of the hash too."""
    batch: bool = False
    """Whether it is asked by batches; decides nothing and is left out of the hash too."""
    preset: Preset
    """The preset that the design is, or `custom`."""
    seed: int
    """Root seed of everything random."""
    models: tuple[ModelSpec, ...]
    """The assistants that are asked."""
    design: Design
    """How arms, items and replicates are crossed."""
    banks: tuple[Bank, ...]
    """The items themselves, so that a run directory is whole."""
    bank_stamps: tuple[Stamped, ...]
    """Names and hashes of the banks."""
    cohorts: tuple[Cohort, ...]
    """The users themselves."""
    cohort_stamps: tuple[Stamped, ...]
    """Names and hashes of the cohorts."""
    distractors: tuple[str, ...] = ()
    """Neutral facts that join the profile's in the `retrieved` placement."""
    prompts: tuple[PromptFile, ...]
    """Every template that decides what is sent."""
    extractor: Extractor
    """How the chosen option is read from an answer."""
    extractor_options: dict[str, str]
    """Options of the extractor."""
    rater: Rater | None = None
    """Rates written answers; None: nobody does."""
    mitigations: tuple[MitigationSpec, ...] = ()
    """The policies of the design other than `none`, with all that they work from."""
    analysis: AnalysisSettings
    """What the analysis is told beforehand."""
    sha256: str
    """Hash over the canonical JSON of all the above except `created`, `command` and `batch`."""
