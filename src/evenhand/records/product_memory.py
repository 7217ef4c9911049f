"""What a run does with the memory of a product: users made and cleared, what was stored of each, and the canary."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from evenhand.records.profile import Placement

__all__ = [
    "CANARY_STEPS",
    "CanaryAnswer",
    "CanaryPassed",
    "CanaryStep",
    "CanarySummary",
    "ItemRetrieval",
    "MemoryEvent",
    "UserCleared",
    "UserOpened",
    "UserStored",
]

CanaryStep = Literal["own", "other", "none", "cleared"]
"""Of whom a made-up fact was asked: of the user that it was stored for, of another user, of the user without memory,
and of its own user after that was cleared."""
CANARY_STEPS: tuple[CanaryStep, ...] = get_args(CanaryStep)


class UserOpened(Struct, frozen=True, kw_only=True, tag="opened"):
    """A user is about to be made: written down before the product hears of it, so that no user is left behind."""

    user: str
    """The name that the product knows the user by."""
    model: str
    """The product as named in the plan."""


class UserStored(Struct, frozen=True, kw_only=True, tag="stored", omit_defaults=True):
    """The facts of an arm were handed to the product."""

    plan: str
    """Hash of the plan."""
    user: str
    """The name that the product knows the user by."""
    model: str
    """The product as named in the plan."""
    arm: str
    """Arm id."""
    item: str = ""
    """Item id, where memory holds the item's own facts."""
    placement: Placement
    """How it was handed over."""
    given: tuple[str, ...]
    """The facts."""
    kept: tuple[str, ...] | None = None
    """Everything that the product then had of the user; None where it does not show it."""
    seconds: float
    """Wall time of the writing."""


class UserCleared(Struct, frozen=True, kw_only=True, tag="cleared"):
    """The product was told to forget a user, and did."""

    user: str
    """The name that the product knows the user by."""
    model: str
    """The product as named in the plan."""


class CanaryAnswer(Struct, frozen=True, kw_only=True, tag="canary", omit_defaults=True):
    """One question of the isolation canary."""

    plan: str
    """Hash of the plan."""
    model: str
    """The product as named in the plan."""
    step: CanaryStep
    """Of whom it was asked."""
    owner: str
    """Arm whose user the made-up fact was stored for."""
    asked: str
    """Arm whose user was asked."""
    fact: str
    """The made-up fact."""
    word: str
    """Its made-up word, which nobody can guess."""
    question: str
    """What was asked."""
    answer: str
    """What the assistant said."""
    memories: tuple[str, ...] | None = None
    """What its memory gave for the question and held of the user; None where it does not show it."""

    @property
    def found(self) -> bool:
        """Whether the word is in the answer or in the memory that was shown."""
        return any(self.word.lower() in text.lower() for text in (self.answer, *(self.memories or ())))


class CanaryPassed(Struct, frozen=True, kw_only=True, tag="passed"):
    """The canary found no leak."""

    plan: str
    """Hash of the plan."""
    model: str
    """The product as named in the plan."""
    users: int
    """Arms with memory whose users took part."""
    of: int
    """Arms with memory in the plan."""


MemoryEvent: TypeAlias = UserOpened | UserStored | UserCleared | CanaryAnswer | CanaryPassed
"""One line of `memory.jsonl`."""


class CanarySummary(Struct, frozen=True, kw_only=True):
    """The canary of one product, for the report."""

    model: str
    """The product as named in the plan."""
    users: int
    """Arms with memory whose users took part."""
    of: int
    """Arms with memory in the plan."""
    asked: dict[CanaryStep, int]
    """Questions of each step."""
    found: dict[CanaryStep, int]
    """How many of them the made-up word was found in; only `own` may have any."""


class ItemRetrieval(Struct, frozen=True, kw_only=True):
    """How often a product's memory gave facts of the user for the questions of one item, for the report."""

    model: str
    """The product as named in the plan."""
    item: str
    """Item id."""
    kind: str
    """Item kind."""
    trials: int
    """Questions asked of users with memory."""
    some: float
    """Share of them for which at least one fact of the user was found."""
    share: float
    """Mean share of the user's facts that were found."""
