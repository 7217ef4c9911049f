"""What is said of the smallest gap that a design detects."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.analysis.estimators.answer_model import AnswerModel, sides_of_gap
from evenhand.analysis.estimators.answer_power import Variation

__all__ = ["gap_lines", "points"]


def gap_lines(smallest: float | None, *, variation: Variation, power: float) -> Iterator[str]:
    """The smallest gap, a sentence each; of right and wrong answers also where it leaves them.

    Near 100% a gap may be larger than what is left to gain. It is then one of answers that get worse, which is said.

    Args:
        smallest: The gap, as a share; None where none is detected.
        variation: What it was computed from.
        power: The power that it has.
    """
    if smallest is None:
        yield f"No gap, however large, is detected with {power:.0%} power."
        return
    yield f"Smallest gap detected with {power:.0%} power: {smallest * 100:.2f} points."
    sides = sides_of_gap(variation, gap=smallest) if isinstance(variation, AnswerModel) else None
    if sides is None or not isinstance(variation, AnswerModel):
        return
    yield f"At that gap one side is right {100 * sides[0]:.1f} and the other {100 * sides[1]:.1f} times in 100."
    left = 1 - variation.accuracy
    if smallest > left:
        yield (
            f"Answers that are right {100 * variation.accuracy:.1f} times in 100 can gain {100 * left:.1f} points at "
            "most: a gap of this size is one of answers that get worse. No gain is detected with this power."
        )


def points(gap: float | None) -> float | str:
    """A smallest gap for a table, in points."""
    return "none" if gap is None else round(gap * 100, 2)
