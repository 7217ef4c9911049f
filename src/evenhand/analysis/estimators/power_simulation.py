"""Power of the primary paired test by simulation, beside `evenhand.analysis.estimators.answer_power`.

Right and wrong answers are drawn from their chances. Where only components are known, differences are drawn from them:
sets and items as normal deviates, the rest from the three values -1, 0 and 1 that a pair of right-or-wrong answers can
differ by. The real estimator then decides.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.answer_model import (
    ASSUMED_ANSWERS,
    AnswerModel,
    item_spread_of,
    log_odds_shift,
    mean_log_odds,
    shared_draws,
)
from evenhand.analysis.estimators.answer_power import Variation
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.power import Components, PairedDesign
from evenhand.errors import UsageError

__all__ = ["SimulatedPower", "simulated_answers", "simulated_differences", "simulated_power"]


class SimulatedPower(Struct, frozen=True, kw_only=True):
    """How often simulated audits of a design found the gap."""

    power: float
    monte_carlo_se: float
    draws: int


def simulated_power(
    design: PairedDesign,
    *,
    gap: float,
    rng: np.random.Generator,
    variation: Variation = ASSUMED_ANSWERS,
    alpha: float = 0.05,
    draws: int = 400,
) -> SimulatedPower:
    """The share of simulated audits whose paired test is significant; with a gap of 0 it is the false-alarm rate.

    Raises:
        UsageError: Answers of this accuracy cannot show such a gap.
    """
    spec = EstimateSpec(confidence=1 - alpha)
    hits = 0
    for _ in range(draws):
        estimate = paired_gap(_drawn(design, gap=gap, variation=variation, rng=rng), spec=spec)
        hits += estimate.p < alpha
    share = hits / draws
    return SimulatedPower(power=share, monte_carlo_se=float(np.sqrt(share * (1 - share) / draws)), draws=draws)


def _drawn(design: PairedDesign, *, gap: float, variation: Variation, rng: np.random.Generator) -> NDArray[np.float64]:
    if isinstance(variation, Components):
        return simulated_differences(design, gap=gap, components=variation, rng=rng)
    return simulated_answers(design, gap=gap, answers=variation, rng=rng)


def simulated_answers(
    design: PairedDesign, *, gap: float, answers: AnswerModel, rng: np.random.Generator
) -> NDArray[np.float64]:
    """One draw of the matrix of paired differences of right and wrong answers, NaN where a pair is not asked.

    Raises:
        UsageError: Answers of this accuracy cannot show such a gap.
    """
    shift = log_odds_shift(answers, gap=abs(gap))
    if shift is None:
        raise UsageError(f"the gap is {gap!r}, and answers of which {answers.accuracy:.1%} are right cannot show it.")
    shape = (design.sets, design.items)
    level = mean_log_odds(answers) + item_spread_of(answers) * rng.standard_normal((1, design.items))
    moved = np.copysign(shift, gap) + answers.set_slope * rng.standard_normal((design.sets, 1))
    moved = moved + answers.item_slope * rng.standard_normal((1, design.items))
    chances = [0.5 * (1 + np.tanh((level + half) / 2)) for half in (moved / 2, -moved / 2)]
    values = np.zeros(shape)
    for _ in range(design.replicates):
        first, second = rng.random(shape), rng.random(shape)
        second = np.where(rng.random(shape) < shared_draws(answers), first, second)
        values += (first < chances[0]).astype(np.float64) - (second < chances[1])
    return np.where(_asked(design), values / design.replicates, np.nan)


def simulated_differences(
    design: PairedDesign, *, gap: float, components: Components, rng: np.random.Generator
) -> NDArray[np.float64]:
    """One draw of the matrix of paired differences (sets by items), NaN where a pair is not asked."""
    shape = (design.sets, design.items)
    values = gap + rng.normal(0, components.set, (design.sets, 1)) + rng.normal(0, components.item, (1, design.items))
    values = values + _three_point(components.cell, shape, rng)
    noise = np.zeros(shape)
    for _ in range(design.replicates):
        noise += _three_point(components.noise, shape, rng)
    values = values + noise / design.replicates
    return np.where(_asked(design), values, np.nan)


def _three_point(sd: float, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws of mean 0 and standard deviation `sd` from -1, 0 and 1 (from -sd and sd where sd is above 1)."""
    size = max(sd, 1.0)
    share = (sd / size) ** 2
    return np.where(rng.random(shape) < share, np.where(rng.random(shape) < 0.5, -size, size), 0.0)


def _asked(design: PairedDesign) -> NDArray[np.bool_]:
    """A balanced rotation: item i meets the k sets that follow set i k."""
    met = np.zeros((design.sets, design.items), dtype=bool)
    item = np.sort(np.arange(design.pairs) % design.items)
    met[np.arange(design.pairs) % design.sets, item] = True
    return met
