"""What a second model rates written answers on, and what it said."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.model_spec import ModelSpec

__all__ = ["Criterion", "Judged", "Rater", "RaterCheck"]


class Criterion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that is rated."""

    id: str
    """One word; stands before the number in the judge's answer."""
    question: str
    """What is rated, and what 0 and 10 mean."""


class Rater(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A second model that rates written answers; part of the plan."""

    model: ModelSpec
    criteria: tuple[Criterion, ...]


class Judged(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a judge said of one answer, asked twice with the criteria in opposite orders."""

    forward: dict[str, float] | None = None
    """Criterion id -> rating, 0 to 10; None where its answer gave no rating for every criterion."""
    backward: dict[str, float] | None = None


class RaterCheck(Struct, frozen=True, kw_only=True):
    """How far a judge's ratings on one criterion can be relied on, over all answers that it rated."""

    model: str
    """The judge."""
    criterion: str
    answers: int
    """Answers rated twice."""
    unread: int
    """Answers with at least one reply of the judge that held no rating for every criterion."""
    alpha: float
    """Krippendorff's alpha (interval) between the two askings; NaN where all ratings are alike."""
    low: float
    high: float
    order: float
    """Mean rating with the criteria in their order minus that in the opposite order, in points."""
    order_se: float
    length: float
    """Spearman's correlation of rating and number of words among the answers to the same items; NaN where undefined."""
    length_p: float
