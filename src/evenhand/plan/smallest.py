"""The smallest shift of a stated or written number that a plan can detect, a measure each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, assert_never

from msgspec import Struct

from evenhand.analysis.estimators.answer_model import ASSUMED_ANSWERS
from evenhand.analysis.estimators.answer_power import Variation, smallest_gap
from evenhand.analysis.estimators.power import Components, PairedDesign
from evenhand.design.arms import paired_cohort
from evenhand.records.answer_format import ANSWER_FORMATS, AnswerFormat
from evenhand.records.item import ITEM_KINDS, ItemKind
from evenhand.records.measure import QuantityName
from evenhand.records.measurement import QUANTITIES
from evenhand.records.plan import Plan

__all__ = [
    "ACT_COMPONENTS",
    "PAIRED_KINDS",
    "PERCENTAGE_COMPONENTS",
    "RATING_COMPONENTS",
    "WORD_COMPONENTS",
    "SmallestShift",
    "Way",
    "smallest_shifts",
    "variation_of",
]

PAIRED_KINDS: tuple[ItemKind, ...] = ("understanding", "management", "intensity", "advice")
"""Kinds that are asked with profiles in memory."""
RATING_COMPONENTS = Components(
    set=0.1,
    item=0.2,
    cell=0.4,
    noise=0.85,
    source="assumed, in points of 10: single ratings repeat within 1 point and three negative emotions are averaged; a "
    "strong model repeats within 0.3",
)
PERCENTAGE_COMPONENTS = Components(
    set=0.02,
    item=0.03,
    cell=0.06,
    noise=0.08,
    source="assumed: the share stated for the best option repeats within 6 points",
)
WORD_COMPONENTS = Components(
    set=2.0,
    item=4.0,
    cell=8.0,
    noise=21.0,
    source="assumed, in words: the length of an answer repeats within 15 words",
)
ACT_COMPONENTS = Components(
    set=0.02,
    item=0.03,
    cell=0.1,
    noise=0.39,
    source="assumed: an act is in one of two repeats and not in the other for 15% of the prompts",
)


class Way(NamedTuple):
    """A kind of item in one format of answer."""

    kind: ItemKind
    answer: AnswerFormat


class SmallestShift(Struct, frozen=True, kw_only=True):
    """What one measure can detect."""

    kind: str
    """Item kind."""
    answer: AnswerFormat
    """Format of the answer."""
    quantity: QuantityName
    """The number that is compared."""
    shift: float
    """Advantaged minus disadvantaged, at the stated power: points of 10 for ratings, words for lengths, otherwise
    probability scale."""
    margin: float
    """Shifts smaller than this count as none, on the same scale."""
    source: str
    """Where the variation behind it comes from."""


def variation_of(answer: AnswerFormat) -> tuple[tuple[QuantityName, Variation], ...]:
    """The numbers of an answer that stand for its format, each with what it varies by."""
    match answer:
        case "letter":
            return (("score", ASSUMED_ANSWERS),)
        case "distribution":
            return (("stated_share", PERCENTAGE_COMPONENTS),)
        case "rating":
            return (("valence_rating", RATING_COMPONENTS),)
        case "text":
            return (("words", WORD_COMPONENTS), ("act_shown", ACT_COMPONENTS))
        case _ as unreachable:
            assert_never(unreachable)


def smallest_shifts(plan: Plan, items: Mapping[Way, int], *, sets: int) -> tuple[SmallestShift, ...]:
    """What every measure beside letters can detect; none without matched pairs.

    Args:
        plan: The plan.
        items: Items asked, by kind and format.
        sets: Matched sets that take part.
    """
    if sets < 2 or not any(paired_cohort(cohort) for cohort in plan.cohorts):
        return ()
    found = (
        _shift(plan, Way(kind, answer), quantity, variation, items=items[Way(kind, answer)], sets=sets)
        for kind in ITEM_KINDS
        for answer in ANSWER_FORMATS
        if answer != "letter" and kind in PAIRED_KINDS and items.get(Way(kind, answer), 0) > 1
        for quantity, variation in variation_of(answer)
    )
    return tuple(one for one in found if one is not None)


def _shift(
    plan: Plan, way: Way, quantity: QuantityName, variation: Variation, *, items: int, sets: int
) -> SmallestShift | None:
    design, settings = plan.design, plan.analysis
    stated = settings.margins.get(quantity, QUANTITIES[quantity].margin)
    met = None if design.pairs_per_item is None else min(design.pairs_per_item, sets)
    paired = PairedDesign(items=items, sets=sets, sets_per_item=met, replicates=design.replicates)
    shift = smallest_gap(paired, variation=variation, alpha=settings.alpha, power=settings.power)
    if shift is None:
        return None
    return SmallestShift(
        kind=way.kind,
        answer=way.answer,
        quantity=quantity,
        shift=shift,
        margin=settings.margin if stated is None else stated,
        source=variation.source,
    )
