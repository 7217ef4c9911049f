"""What each way of asking needs to find a stated shift, and which of them is the cheapest.

One shift of reading is taken to be behind letters, percentages and ratings alike, as in a simulated respondent: where
the log-odds of the best option move by one, a rating moves by `POINTS_PER_LOGIT` points of 10. What is written need not
follow the same shift, so written answers are not compared here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.estimators.answer_model import ASSUMED_ANSWERS, gap_of_shift
from evenhand.analysis.estimators.answer_power import smallest_gap
from evenhand.analysis.estimators.power import PairedDesign
from evenhand.endpoints.simulated.stated import POINTS_PER_LOGIT
from evenhand.plan.smallest import PAIRED_KINDS, Way, variation_of
from evenhand.records.answer_format import AnswerFormat
from evenhand.records.plan import Plan

__all__ = ["USUAL_SHIFT", "NeededCalls", "Spent", "cheapest", "needed_calls", "needed_lines"]

USUAL_SHIFT = 0.3
"""Points of 10: what a plan is measured against where no other shift is stated."""
OUTPUT_WEIGHT = 4
"""What a token of an answer costs, in tokens of a question: about what providers charge."""


class Spent(NamedTuple):
    """What a plan spends on one way of asking, with one model."""

    items: int
    calls: int
    input_tokens: float
    output_tokens: float


class NeededCalls(Struct, frozen=True, kw_only=True):
    """What one kind of item, in one format of answer, needs to find a stated shift at the plan's power."""

    kind: str
    """Item kind."""
    answer: AnswerFormat
    """Format of the answer."""
    shift: float
    """The stated shift on the scale of this format: points of 10 for ratings, otherwise probability scale."""
    items: int | None
    """Items to ask; None where all items with all matched pairs are too few."""
    pairs_per_item: int | None
    """Matched pairs that every item meets; None as above."""
    calls: int | None
    """Calls of one model, those without memory, with placebo facts and with groups in the plan's proportion."""
    tokens: int | None
    """Tokens of these calls, each of an answer counted as four of a question."""


def needed_calls(plan: Plan, spent: Mapping[Way, Spent], *, sets: int, shift: float) -> tuple[NeededCalls, ...]:
    """What letters, percentages and ratings need, in the order of `spent`.

    Args:
        plan: The plan, for its level, power and replicates.
        spent: What it spends on each way of asking.
        sets: Matched sets that take part.
        shift: Shift of a rating, in points of 10.
    """
    if sets < 2:
        return ()
    return tuple(
        _needed(plan, way, spent[way], sets=sets, shift=shift)
        for way in spent
        if way.answer != "text" and way.kind in PAIRED_KINDS and spent[way].items > 1
    )


def cheapest(needed: Sequence[NeededCalls]) -> NeededCalls | None:
    """The way that needs the fewest tokens; None where none can find the shift."""
    able = [one for one in needed if one.tokens is not None]
    return min(able, key=lambda one: one.tokens or 0, default=None)


def needed_lines(needed: Sequence[NeededCalls], *, shift: float, power: float) -> Iterator[str]:
    """What each way of asking needs to find a stated shift, and the cheapest of them, a sentence each."""
    if not needed:
        return
    chances = next((one.shift for one in needed if one.answer != "rating"), None)
    same = "" if chances is None else f" ({100 * chances:.1f} points of a share, if one reading is behind all)"
    ways = [
        f"{one.kind} by {one.answer} {'more than there are' if one.calls is None else f'{one.calls:,}'}"
        for one in needed
    ]
    yield f"Calls that find a shift of {shift:g} rating points{same} at {power:.0%} power: {'; '.join(ways)}."
    best = cheapest(needed)
    if best is not None:
        chosen = f"--kind {best.kind}" + ("" if best.answer == "rating" else f" --answer {best.answer}")
        yield (
            f"The cheapest, by tokens: {best.kind} by {best.answer} "
            f"(`{chosen} --items {best.items} --pairs {best.pairs_per_item}`)."
        )


def _needed(plan: Plan, way: Way, spent: Spent, *, sets: int, shift: float) -> NeededCalls:
    moved = shift if way.answer == "rating" else gap_of_shift(ASSUMED_ANSWERS, shift=shift / POINTS_PER_LOGIT)
    bare = NeededCalls(
        kind=way.kind, answer=way.answer, shift=moved, items=None, pairs_per_item=None, calls=None, tokens=None
    )
    size = _size(plan, way, items=spent.items, sets=sets, shift=moved)
    if size is None:
        return bare
    items, pairs = size
    planned = sets if plan.design.pairs_per_item is None else min(plan.design.pairs_per_item, sets)
    each = spent.calls / spent.items + 2 * (pairs - planned) * plan.design.replicates
    calls = max(1, round(items * each))
    of_one = (spent.input_tokens + OUTPUT_WEIGHT * spent.output_tokens) / spent.calls
    return replace(bare, items=items, pairs_per_item=pairs, calls=calls, tokens=round(calls * of_one))


def _size(plan: Plan, way: Way, *, items: int, sets: int, shift: float) -> tuple[int, int] | None:
    """The fewest (items, matched pairs per item) that find the shift: fewer items first, then more pairs."""
    ((_, variation),) = variation_of(way.answer)

    def finds(items: int, pairs: int) -> bool:
        design = PairedDesign(items=items, sets=sets, sets_per_item=pairs, replicates=plan.design.replicates)
        smallest = smallest_gap(design, variation=variation, alpha=plan.analysis.alpha, power=plan.analysis.power)
        return smallest is not None and smallest <= shift

    pairs = next((pairs for pairs in range(1, sets + 1) if finds(items, pairs)), None)
    if pairs is None:
        return None
    if pairs > 1:
        return items, pairs
    low, high = 2, items
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if finds(middle, 1) else (middle + 1, high)
    return high, 1
