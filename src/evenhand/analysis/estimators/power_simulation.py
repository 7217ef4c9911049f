"""Power of the primary paired test by simulation, beside the formula of `evenhand.analysis.estimators.power`.

Differences are drawn from the stated components: sets and items as normal deviates, the rest from the three values
-1, 0 and 1 that a pair of right-or-wrong answers can differ by. The real estimator then decides.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.power import DEFAULT_COMPONENTS, Components, PairedDesign

__all__ = ["SimulatedPower", "simulated_differences", "simulated_power"]


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
    components: Components = DEFAULT_COMPONENTS,
    alpha: float = 0.05,
    draws: int = 400,
) -> SimulatedPower:
    """The share of simulated audits whose paired test is significant; with a gap of 0 it is the false-alarm rate."""
    spec = EstimateSpec(confidence=1 - alpha, flips=0)
    hits = 0
    for _ in range(draws):
        estimate = paired_gap(simulated_differences(design, gap=gap, components=components, rng=rng), spec=spec)
        hits += estimate.p < alpha
    share = hits / draws
    return SimulatedPower(power=share, monte_carlo_se=float(np.sqrt(share * (1 - share) / draws)), draws=draws)


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
