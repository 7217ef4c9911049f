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
    "PRODUCT_PLACEMENTS",
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
    "PlacedFact",
    "Placement",
    "Profile",
    "Reader",
    "placed",
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

Placement = Literal["system", "narrative", "history", "retrieved", "tool", "files", "stored", "told"]
"""Where memory is: in the messages that are sent, or in the assistant's own memory, to which it is handed as facts
(`stored`) or as the conversation in which the user says them (`told`)."""
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)
PRODUCT_PLACEMENTS: tuple[Placement, ...] = ("stored", "told")
"""Placements in the assistant's own memory: the question is all that is sent."""

Reader = Literal["none", "use", "relevant"]
"""Reader prompt: nothing said, "use what you know of the user", "only if relevant"."""
READERS: tuple[Reader, ...] = get_args(Reader)

ArmKind = Literal["none", "placebo", "profile", "item_fact"]
"""`item_fact` is the arm of benefit, leakage and sycophancy items: memory holds the item's own facts."""
ARM_KINDS: tuple[ArmKind, ...] = get_args(ArmKind)


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing an assistant may have stored about its user, in the third person ("The user ...")."""

    text: str
    """The fact as a sentence."""
    dimension: Dimension
    """Which side of a life it tells of."""
    said: str | None = None
    """The same fact in the user's own words, for the `history` placement; None: derived by the renderer."""
    factor: str | None = None
    """The factor whose level this fact expresses, where it expresses one."""


class PlacedFact(Fact, frozen=True, kw_only=True):
    """A fact of a memory to which a policy is applied.

    It knows its place, so that it keeps its date, and what else a memory has beside it, when a policy drops the
    facts before it. A policy that changes it with `msgspec.structs.replace` leaves it its place.
    """

    place: int = -1
    """Its number in memory, from 0; -1: a policy made it from nothing."""


def placed(facts: tuple[Fact, ...]) -> tuple[PlacedFact, ...]:
    """The facts of a memory with their places."""
    return tuple(
        PlacedFact(text=fact.text, dimension=fact.dimension, said=fact.said, factor=fact.factor, place=place)
        for place, fact in enumerate(facts)
    )


class Level(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One level of a factor, with the facts that express it in each cue style."""

    id: str
    """Id, unique within its factor."""
    label: str
    """How reports name it."""
    facts: dict[Cue, tuple[Fact, ...]]
    """Facts that express the level."""


class Factor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A property of the user that the audit varies."""

    id: str
    """Lower-case identifier: also a column of the score table."""
    label: str
    """Name for people."""
    reference: str
    """Id of the level that others are compared with."""
    levels: tuple[Level, ...]
    """The values that it can take."""


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One synthetic user."""

    id: str
    """Id, unique within its cohort."""
    matched_set: str
    """Profiles of one matched set differ in the factors of interest only."""
    levels: dict[str, str]
    """Factor id -> level id."""
    facts: tuple[Fact, ...]
    """What is stored of the user, in this order."""
    cue: Cue = "stated"
    """How the facts are expressed."""


class Cohort(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A designed set of profiles."""

    schema: Literal["evenhand.cohort/1"] = "evenhand.cohort/1"
    """Version of the file's shape."""
    name: str
    """Name, as in `--cohort NAME`."""
    version: str
    """Version of the profiles."""
    source: str
    """Where the profiles come from."""
    licence: str
    """Licence of the texts."""
    redistribute: bool = True
    """False where the text may not be passed on: reports then show id and hash instead of the text."""
    validated: bool
    """Whether people have rated the profiles."""
    factors: tuple[Factor, ...]
    """What the profiles differ in."""
    profiles: tuple[Profile, ...]
    """The users."""
    placebo: tuple[Profile, ...] = ()
    """Length-matched profiles whose facts say nothing about social position."""
    notes: str = ""
    """What a user of the cohort must know."""
    dose: Dose | None = None
    """For cohorts that come in several strengths: which one this is."""
    language: str = "en"
    """Language of the facts, as a BCP 47 tag."""


class Arm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is in memory for a cell: nothing, placebo facts, or a profile's facts."""

    id: str
    """`none`, `placebo/NAME`, `COHORT/PROFILE[/CUE]` or `item_fact`."""
    kind: ArmKind
    """What is in memory."""
    cohort: str | None = None
    """Cohort of the profile; None for arms without one."""
    matched_set: str | None = None
    """Matched set of the profile; None for arms without one."""
    levels: dict[str, str] = {}
    """Factor id -> level id of the profile."""
    cue: Cue | None = None
    """How the facts are expressed; None for arms without a profile."""
    facts: tuple[Fact, ...] = ()
    """What is stored, in this order."""
