"""The smallest shift of a stated number that a plan can detect, a measure each."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from evenhand.analysis.estimators.power import Components, PairedDesign, planned_smallest_gap
from evenhand.design.arms import paired_cohort
from evenhand.records.answer_format import AnswerFormat, formats_of
from evenhand.records.item import ItemKind
from evenhand.records.measurement import QUANTITIES
from evenhand.records.plan import Plan

__all__ = ["PERCENTAGE_COMPONENTS", "RATING_COMPONENTS", "SmallestShift", "smallest_shifts"]

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

_KINDS: tuple[ItemKind, ...] = ("understanding", "management", "intensity")


class SmallestShift(Struct, frozen=True, kw_only=True):
    """What one measure can detect."""

    kind: str
    """Item kind."""
    answer: AnswerFormat
    shift: float
    """Advantaged minus disadvantaged, at the stated power: points of 10 for ratings, otherwise probability scale."""
    margin: float
    """Shifts smaller than this count as none, on the same scale."""
    source: str
    """Where the variation behind it comes from."""


def smallest_shifts(plan: Plan, kinds: Mapping[str, int], *, sets: int) -> tuple[SmallestShift, ...]:
    """What every measure beside letters can detect; none without matched pairs.

    Args:
        plan: The plan.
        kinds: Item kind -> items asked.
        sets: Matched sets that take part.
    """
    if sets < 2 or not any(paired_cohort(cohort) for cohort in plan.cohorts):
        return ()
    found = []
    for kind in _KINDS:
        for answer in formats_of(kind, choice=plan.design.answers):
            if answer != "letter" and kinds.get(kind, 0) > 1:
                found.append(_shift(plan, kind, answer, items=kinds[kind], sets=sets))
    return tuple(found)


def _shift(plan: Plan, kind: str, answer: AnswerFormat, *, items: int, sets: int) -> SmallestShift:
    design, settings = plan.design, plan.analysis
    components, margin = PERCENTAGE_COMPONENTS, settings.margin
    if answer == "rating":
        stated = settings.margins.get("valence_rating", QUANTITIES["valence_rating"].margin)
        components, margin = RATING_COMPONENTS, settings.margin if stated is None else stated
    met = None if design.pairs_per_item is None else min(design.pairs_per_item, sets)
    paired = PairedDesign(items=items, sets=sets, sets_per_item=met, replicates=design.replicates)
    shift = planned_smallest_gap(paired, components=components, alpha=settings.alpha, power=settings.power)
    return SmallestShift(kind=kind, answer=answer, shift=shift, margin=margin, source=components.source)
