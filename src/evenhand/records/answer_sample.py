"""Prompts and answers of some items behind every user that was asked about them: what a reader can compare.

Each text is kept once, in `texts`, and named by its place there.
"""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.profile import ArmKind
from evenhand.records.trial import OutcomeName

__all__ = ["AnswerSample", "SampledAnswer", "SampledItem", "SampledUser"]


class SampledUser(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was in memory."""

    arm: str
    """Arm id."""
    kind: ArmKind
    """What is in memory."""
    levels: dict[str, str] = {}
    """Factor -> level of the user."""
    matched_set: str | None = None
    """Users of one set differ in the contrast of the audit alone."""


class SampledAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer with all that the assistant was shown for it."""

    cell_key: str
    """Key of the cell in the store."""
    user: int
    """Place of the user among the sample's users."""
    asked: tuple[tuple[str, int], ...]
    """Role and text of every turn; the last one is the question."""
    answer: int | None
    """Text of the answer; None where there is none."""
    outcome: OutcomeName
    """How the question ended."""
    option: str = ""
    """Text of the option that was chosen; empty for none, its id where the text may not be passed on."""
    score: float | None = None
    """Score of the answer, in [0, 1]."""


class SampledItem(Struct, frozen=True, kw_only=True):
    """One item as one model was asked it."""

    model: str
    """Model as named in the plan."""
    item: str
    """Item id."""
    kind: str
    """Item kind."""
    where: Condition
    """How memory was shown, and how an answer was to be given."""
    situation: str
    """The item's situation; its id where the text may not be passed on."""
    answers: tuple[SampledAnswer, ...]
    """One for each user, in the order of the plan."""


class AnswerSample(Struct, frozen=True, kw_only=True):
    """A bounded sample of a run's answers. Half of its items are those whose answers differ most, half are drawn."""

    users: tuple[SampledUser, ...]
    """Everybody who occurs."""
    texts: tuple[str, ...]
    """Every text that occurs, once; keys removed, long ones cut."""
    items: tuple[SampledItem, ...]
    """By model; of each model those that differ most come first."""
    all_items: int
    """Items of all models and conditions that could have been sampled."""
    all_answers: int
    """Their answers."""
