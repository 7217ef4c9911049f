"""Facts, profiles, cohorts and arms: of whom it is asked."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

__all__ = [
    "ARM_KINDS",
    "CUES",
    "DIMENSIONS",
    "DOSES",
    "PLACEMENTS",
    "READERS",
    "Arm",
    "ArmKind",
    "Cohort",
    "Cue",
    "Dimension",
    "Dose",
    "Fact",
    "Factor",
    "Level",
    "Placement",
    "Profile",
    "Reader",
]

Dimension = Literal[
    "demographics", "family", "connections", "assets", "identity", "neutral", "preference", "need", "opinion"
]
"""What a fact is about. The first four are the social-capital dimensions of the explicit cohort; `identity` is used
by the intersectional cohort, `neutral` by placebo facts and distractors, the last three by the items' own facts."""
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

Cue = Literal["stated", "implied", "mixed"]
"""How a fact is expressed: said outright; implied by activities, places, holidays, names; or among neutral facts."""
CUES: tuple[Cue, ...] = get_args(Cue)

Dose = Literal["mild", "medium", "strong"]
"""How plainly and how far the facts of a cohort tell of its factor: by hints, clearly, or at the far ends."""
DOSES: tuple[Dose, ...] = get_args(Dose)

Placement = Literal["system", "narrative", "history", "retrieved", "tool"]
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)

Reader = Literal["none", "use", "relevant"]
"""Reader prompt: nothing said, "use what you know of the user", "only if relevant"."""
READERS: tuple[Reader, ...] = get_args(Reader)

ArmKind = Literal["none", "placebo", "profile", "item_fact"]
"""`item_fact` is the arm of benefit, leakage and sycophancy items: memory holds the item's own facts."""
ARM_KINDS: tuple[ArmKind, ...] = get_args(ArmKind)


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing an assistant may have stored about its user, in the third person ("The user ...")."""

    text: str
    dimension: Dimension
    said: str | None = None
    """The same fact in the user's own words, for the `history` placement; None: derived by the renderer."""
    factor: str | None = None
    """The factor whose level this fact expresses, where it expresses one."""


class Level(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One level of a factor, with the facts that express it in each cue style."""

    id: str
    label: str
    """How reports name it."""
    facts: dict[Cue, tuple[Fact, ...]]


class Factor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A property of the user that the audit varies."""

    id: str
    """Lower-case identifier: also a column of the score table."""
    label: str
    reference: str
    """Id of the level that others are compared with."""
    levels: tuple[Level, ...]


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One synthetic user."""

    id: str
    matched_set: str
    """Profiles of one matched set differ in the factors of interest only."""
    levels: dict[str, str]
    """Factor id -> level id."""
    facts: tuple[Fact, ...]
    cue: Cue = "stated"


class Cohort(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A designed set of profiles."""

    schema: Literal["evenhand.cohort/1"] = "evenhand.cohort/1"
    name: str
    version: str
    source: str
    licence: str
    redistribute: bool = True
    """False where the text may not be passed on: reports then show id and hash instead of the text."""
    validated: bool
    factors: tuple[Factor, ...]
    profiles: tuple[Profile, ...]
    placebo: tuple[Profile, ...] = ()
    """Length-matched profiles whose facts say nothing about social position."""
    notes: str = ""
    dose: Dose | None = None
    """For cohorts that come in several strengths: which one this is."""


class Arm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stands in memory for a cell: nothing, placebo facts, or a profile's facts."""

    id: str
    """`none`, `placebo/NAME`, `COHORT/PROFILE[/CUE]` or `item_fact`."""
    kind: ArmKind
    cohort: str | None = None
    matched_set: str | None = None
    levels: dict[str, str] = {}
    cue: Cue | None = None
    facts: tuple[Fact, ...] = ()
