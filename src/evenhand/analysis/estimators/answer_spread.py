"""How the answers of a run come about: their accuracy, its spread over items, and reactions, in log-odds.

The method of moments. The share of independent answers to one item of which one is right and one wrong gives the spread
of easiness over items; the variance components of the paired differences, less what the gap of the run makes of them by
itself, give how differently items and sets react.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from evenhand.analysis.estimators.answer_model import (
    AnswerModel,
    components_at,
    differing_share,
    log_odds_shift,
    steepness,
)
from evenhand.analysis.estimators.power import Components

__all__ = ["answers_found"]

Array = npt.NDArray[np.float64]
_WIDEST_SPREAD = 4.0
"""Of easiness over items, in log-odds: beyond it nearly every item is always right or always wrong."""
_WIDEST_SLOPE = 1.0
"""Of reactions, in log-odds: two to three times what is assumed. Near 100% a slope is a quotient of small numbers."""


def answers_found(
    *, right: Array, asked: Array, flips: float, gap: float, components: Components
) -> AnswerModel | None:
    """The model of the answers behind a run; None where all or none of them are right.

    Args:
        right: Right answers of every item.
        asked: Answers of every item.
        flips: Share of twin answers of which one is right and one wrong.
        gap: Mean paired difference.
        components: Of the paired differences.
    """
    accuracy = float(right.sum() / asked.sum())
    if not 0.0 < accuracy < 1.0 or flips <= 0.0:
        return None
    spread = _spread(right, asked=asked, accuracy=accuracy)
    alike = AnswerModel(accuracy=accuracy, item_spread=spread, item_slope=0.0, set_slope=0.0)
    shift = log_odds_shift(alike, gap=abs(gap))
    shown = components_at(alike, shift=0.0 if shift is None else shift)
    mean, root = steepness(alike)
    return AnswerModel(
        accuracy=accuracy,
        flips=min(flips, 2 * min(accuracy, 1 - accuracy)),
        item_spread=spread,
        item_slope=min(math.sqrt(max(components.item**2 - shown.item**2, 0.0)) / root, _WIDEST_SLOPE),
        set_slope=min(components.set / mean, _WIDEST_SLOPE),
        df=components.df,
    )


def _spread(right: Array, *, asked: Array, accuracy: float) -> float:
    """SD of easiness over items at which independent answers to one item differ as often as was found."""
    several = asked > 1
    pairs = asked * (asked - 1)
    differ = float((2 * right * (asked - right))[several].sum() / max(float(pairs[several].sum()), 1.0))
    low, high = 0.0, _WIDEST_SPREAD
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if differing_share(accuracy, spread=middle) > differ else (low, middle)
    return (low + high) / 2
