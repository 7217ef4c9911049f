"""What a design can detect where answers are right or wrong, from how often they are right: near 100% too.

Estimand: the gap (advantaged minus disadvantaged, probability scale) that the primary paired test finds with the stated
power. Every item has its own chance of a right answer, and one shift in log-odds moves them all, half up for one side
and half down for the other. Where most items are nearly always right the shift moves a few of them far and the others
not at all. The items then differ in their gap the more, the larger the gap is; and an audit that happens to hold many
items that move finds a large gap *and* a large standard error. A formula with fixed components knows neither
(`evenhand.analysis.estimators.power`).

Here the first four cumulants of the estimate follow from the shift. The estimate is taken as Pearson III with its
skewness, the estimated variance, given the estimate, as gamma with the mean and the variance that the third and the
fourth cumulant leave it (the covariance of an estimate with its variance estimate is its third cumulant). Power is the
chance that the estimate exceeds its standard error by the quantile of Student's t. docs/methods/power.md; the same by
simulated answers: `evenhand.analysis.estimators.power_simulation`.

References:
    Johnson (1978), JASA 73:536-544 (Student's t of skewed data). Wilson and Hilferty (1931), PNAS 17:684-688 (the cube
    root of a gamma variable is nearly normal).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from msgspec.structs import replace

from evenhand.analysis.estimators.answer_model import (
    ASSUMED_ANSWERS,
    WIDEST_SHIFT,
    AnswerModel,
    components_at,
    gap_of_shift,
    item_cumulants,
    log_odds_shift,
)
from evenhand.analysis.estimators.power import (
    Components,
    DesignPrecision,
    PairedDesign,
    planned_power,
    planned_precision,
    planned_smallest_gap,
    require_design,
)
from evenhand.analysis.estimators.student import quantile

__all__ = ["Variation", "answer_power", "gap_curve", "overstated", "power_at", "smallest_gap"]

_LEAST = 0.05
"""Smallest share of its mean that the estimated variance is expected to have, whatever the estimate."""
_FOUND = 0.8
"""Power of the gap at which it is looked how skewed the estimate is."""
_SKEWED = 0.55
"""Skewness of the estimate, at the gap that is found with a power of `_FOUND`, beyond which the formula says too much
of smaller powers."""
_UNSURE = 0.7
"""Power below which it does."""


Variation = Components | AnswerModel
"""What is known of how scores vary: standard deviations of any score, or how right and wrong answers come about."""


def smallest_gap(
    design: PairedDesign, *, variation: Variation = ASSUMED_ANSWERS, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Smallest true gap that the paired test finds with probability `power` at two-sided level `alpha`.

    Returns:
        None where answers that are right or wrong can show no gap that is found so often.

    Raises:
        UsageError: The design has no items or sets, or `alpha` or `power` is not inside (0, 1).
    """
    if isinstance(variation, Components):
        return planned_smallest_gap(design, components=variation, alpha=alpha, power=power)
    return _smallest_answer_gap(design, variation, alpha, power)


def power_at(
    design: PairedDesign, *, gap: float, variation: Variation = ASSUMED_ANSWERS, alpha: float = 0.05
) -> float | None:
    """Probability that the paired test finds a true gap; None where no shift makes such a gap.

    Raises:
        UsageError: As for the smallest gap.
    """
    if isinstance(variation, Components):
        return planned_power(design, gap=gap, components=variation, alpha=alpha)
    shift = log_odds_shift(variation, gap=abs(gap))
    return None if shift is None else answer_power(design, variation, shift=shift, alpha=alpha)


def gap_curve(
    design: PairedDesign,
    *,
    over: Literal["items", "sets", "replicates"],
    values: Sequence[int],
    variation: Variation = ASSUMED_ANSWERS,
    alpha: float = 0.05,
    power: float = 0.8,
) -> tuple[tuple[int, float | None], ...]:
    """Smallest detectable gap as one size of the design varies: (value, gap) pairs."""
    return tuple(
        (value, smallest_gap(replace(design, **{over: value}), variation=variation, alpha=alpha, power=power))
        for value in values
    )


@lru_cache(maxsize=256)
def _smallest_answer_gap(design: PairedDesign, answers: AnswerModel, alpha: float, power: float) -> float | None:
    require_design(design, alpha=alpha, power=power)
    low, high = 0.0, 0.25
    while answer_power(design, answers, shift=high, alpha=alpha) < power:
        low, high = high, 2 * high
        if low >= WIDEST_SHIFT:
            return None
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if answer_power(design, answers, shift=middle, alpha=alpha) < power else (low, middle)
        )
    return gap_of_shift(answers, shift=(low + high) / 2)


def answer_power(design: PairedDesign, answers: AnswerModel, *, shift: float, alpha: float = 0.05) -> float:
    """Probability that the paired test finds the gap that a shift in log-odds makes; with no shift it is near `alpha`.

    Raises:
        UsageError: As for the smallest gap.
    """
    require_design(design, alpha=alpha, power=0.5)
    found, skewness, excess = _shape(design, answers, shift)
    return _exceeds(
        shift=gap_of_shift(answers, shift=shift) / found.se,
        critical=quantile(1 - alpha / 2, df=found.df),
        skewness=skewness,
        spread=max(2 / found.df + excess, skewness**2),
    )


def overstated(
    design: PairedDesign, *, power: float | None, variation: Variation = ASSUMED_ANSWERS, alpha: float = 0.05
) -> bool:
    """Whether the formula is known to say too much where it says this power (see `power_at`).

    Where a few items carry the gap and are seldom among those asked, many audits hold hardly an answer that differs: no
    test finds a gap in these, and a smooth distribution of the estimate does not know them. Against simulated answers
    the formula then says 6 to 26 points too much (docs/methods/power.md).

    Raises:
        UsageError: As for the smallest gap.
    """
    if power is None or power >= _UNSURE or isinstance(variation, Components):
        return False
    found = _smallest_answer_gap(design, variation, alpha, _FOUND)
    shift = None if found is None else log_odds_shift(variation, gap=found)
    return shift is not None and _shape(design, variation, shift)[1] > _SKEWED


def _shape(design: PairedDesign, answers: AnswerModel, shift: float) -> tuple[DesignPrecision, float, float]:
    """Of the estimate: standard error and degrees of freedom, skewness, and excess."""
    found = planned_precision(design, components_at(answers, shift=shift))
    items = min(design.items, design.pairs)
    third = fourth = 0.0
    if items > 1:
        number = design.pairs / items * design.replicates
        third, fourth = item_cumulants(answers, shift=shift, number=number)
    return found, third / items**2 / found.se**3, fourth / items**3 / found.se**4


_NORMAL = np.linspace(-5.0, 5.0, 101)
_CHANCE = np.exp(-0.5 * _NORMAL**2) / np.exp(-0.5 * _NORMAL**2).sum()


def _exceeds(*, shift: float, critical: float, skewness: float, spread: float) -> float:
    """Chance that an estimate with mean `shift` in standard errors is beyond `critical` estimated ones, on any side.

    Args:
        shift: True value over the true standard error.
        critical: Quantile of the test.
        skewness: Of the estimate.
        spread: Variance of the estimated variance, over its mean squared.
    """
    if skewness > 1e-6:
        standard = 2 / skewness * ((1 + skewness * _NORMAL / 6 - skewness**2 / 36) ** 3 - 1)
    else:
        standard = _NORMAL
    value = shift + standard
    mean = np.maximum(1 + skewness * standard, _LEAST)
    shape = mean / max(spread - skewness**2, 1e-3)
    below = 3 * np.sqrt(shape) * (np.cbrt((value / critical) ** 2 / mean) - 1 + 1 / (9 * shape))
    return float(_CHANCE @ [0.5 * math.erfc(-one / math.sqrt(2)) for one in below])
