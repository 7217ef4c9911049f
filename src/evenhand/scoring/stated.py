"""From stated numbers to an outcome: a distribution over the options, or a rating for every emotion.

What is not a whole answer stays what it is: a tie at the top, percentages that do not sum to 100, an option left out
and a rating off the scale are `Unparsed` with the reason and never a score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import assert_never

from evenhand.reading.numbers import NoNumbers, NoNumbersWhy, Stated, StatedNumber, stated_numbers
from evenhand.reading.shown import Shown
from evenhand.records.trial import Answered, Outcome, Rated, Refused, Unparsed

__all__ = ["FAR_FROM_100", "HIGHEST_RATING", "distribution_outcome", "rating_outcome"]

FAR_FROM_100 = 5.0
"""Percentages may sum to this much more or less than 100: rounding, not another meaning."""
HIGHEST_RATING = 10.0
_ROUNDING = 1e-9


def distribution_outcome(text: str, shown: Shown, *, options: Sequence[str]) -> Outcome:
    """The shares that an answer states, and the option with the largest.

    Percentages are made to sum to one. Fractions that sum to one are shares already.

    Args:
        text: The answer.
        shown: The options as shown.
        options: Option ids in shown order.
    """
    read = stated_numbers(text, shown)
    if isinstance(read, NoNumbers):
        return _unread(read.why)
    if any(number.unit in ("ten", "other") for number in read.numbers):
        return Unparsed(reason="states numbers that are no percentages")
    values = [number.value for number in read.numbers]
    if any(not 0.0 <= value <= 100.0 for value in values):
        return Unparsed(reason="states a percentage below 0 or above 100")
    total = math.fsum(values)
    fractions = all(number.unit == "none" and number.value <= 1.0 for number in read.numbers)
    whole = 1.0 if fractions and abs(total - 1.0) <= FAR_FROM_100 / 100 else 100.0
    if abs(total - whole) > FAR_FROM_100 * whole / 100:
        return Unparsed(reason=f"percentages do not sum to 100, within {FAR_FROM_100:g}")
    top = max(values)
    if sum(abs(value - top) <= _ROUNDING for value in values) > 1:
        return Unparsed(reason="gives the largest percentage to several options")
    stated = {name: value / total for name, value in zip(options, values, strict=True)}
    return Answered(choice=options[values.index(top)], stated=stated)


def rating_outcome(text: str, shown: Shown, *, options: Sequence[str]) -> Outcome:
    """The rating that an answer gives every emotion.

    Args:
        text: The answer.
        shown: The emotions as shown.
        options: Option ids in shown order.
    """
    read = stated_numbers(text, shown)
    if isinstance(read, NoNumbers):
        return _unread(read.why)
    if not _on_scale(read):
        return Unparsed(reason=f"gives a rating that is not from 0 to {HIGHEST_RATING:g}")
    return Rated(ratings={name: number.value for name, number in zip(options, read.numbers, strict=True)})


def _on_scale(read: Stated) -> bool:
    def fits(number: StatedNumber) -> bool:
        return number.unit in ("none", "ten") and 0.0 <= number.value <= HIGHEST_RATING

    return all(fits(number) for number in read.numbers)


def _unread(why: NoNumbersWhy) -> Outcome:
    match why:
        case "declined":
            return Refused(by="assistant")
        case "empty":
            return Unparsed(reason="empty answer")
        case "none":
            return Unparsed(reason="states no number")
        case "missing":
            return Unparsed(reason="states no number for some of the options")
        case "several":
            return Unparsed(reason="states different numbers for one option")
        case "unclear":
            return Unparsed(reason="states a range, or is too long to be read whole")
        case _ as unreachable:
            assert_never(unreachable)
