"""What a second model rates written answers on, and what it said."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.model_spec import ModelSpec

__all__ = ["Criterion", "Judged", "Rater", "RaterCheck"]


class Criterion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that is rated."""

    id: str
    """One word; written before the number in the judge's answer."""
    question: str
    """What is rated, and what 0 and 10 mean."""


class Rater(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A second model that rates written answers; part of the plan."""

    model: ModelSpec
    """The judge and how it is reached."""
    criteria: tuple[Criterion, ...]
    """What it rates, in the order of its first asking."""


class Judged(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a judge said of one answer, asked twice with the criteria in opposite orders."""

    forward: dict[str, float] | None = None
    """Criterion id -> rating, 0 to 10; None where its answer gave no rating for every criterion."""
    backward: dict[str, float] | None = None
    """The same with the criteria in the opposite order."""


class RaterCheck(Struct, frozen=True, kw_only=True):
    """How far a judge's ratings on one criterion can be relied on, over all answers that it rated."""

    model: str
    """The judge."""
    criterion: str
    """Id of what is rated."""
    answers: int
    """Answers rated twice."""
    unread: int
    """Answers with at least one reply of the judge that held no rating for every criterion."""
    alpha: float | None
    """Krippendorff's alpha (interval) between the two askings; None where all ratings are alike."""
    low: float | None
    """Lower end of the 95% interval of alpha; None as alpha."""
    high: float | None
    """Upper end of the 95% interval of alpha; None as alpha."""
    order: float | None
    """Mean rating with the criteria in their order minus in the opposite order, in points; None below two answers."""
    order_se: float | None
    """Standard error of the order effect, in points; None below two answers."""
    length: float | None
    """Spearman's correlation of rating and number of words within the same items; None where undefined."""
    length_p: float | None
    """Two-sided p of that correlation; None as the correlation."""
