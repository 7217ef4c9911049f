"""Planned looks by simulation: is the level held, and how many calls are saved?

Audits are drawn as paired answers of matched sets and items. Whole items come in, in random order, as in a run; at
each look the paired gap is tested at the level that the spending function leaves, and the audit ends when it is called
a difference or equivalent.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import expit

from evenhand.analysis.estimators.equivalence import tost_p, verdict
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.spending import look_level
from evenhand.records.estimate import Decision

__all__ = ["LookRates", "PairedAudit", "simulate_looks"]


class PairedAudit(Struct, frozen=True, kw_only=True):
    """What is asked of whom, and how it answers."""

    items: int = 60
    sets: int = 30
    easiness: float = 1.4
    """Mean log-odds of a right answer."""
    item_sd: float = 1.0
    slope_sd: float = 0.0
    """SD over items, and over matched sets, of the gap in log-odds."""
    gap: float = 0.0
    """Advantaged minus disadvantaged, in log-odds."""
    alike: float = 0.0
    """Share of pairs answered by one draw, as an assistant does that answers the same at temperature 0."""
    margin: float = 0.03


class LookRates(Struct, frozen=True, kw_only=True):
    """What came of many audits."""

    audits: int
    differences: float
    """Share of the audits that were called a difference at any look."""
    equivalents: float
    """Share that were called equivalent."""
    asked: float
    """Mean share of the planned calls that were asked."""
    gap: float
    """Mean of the estimates at the end of the audits that went on to the end; NaN never occurs: 0 where none did."""


def simulate_looks(
    audited: PairedAudit, *, looks: int, audits: int, rng: np.random.Generator, alpha: float = 0.05
) -> LookRates:
    """The same audit many times, with planned looks.

    Args:
        audited: What is asked and how it answers.
        looks: Looks planned; 1: only at the end.
        audits: How many.
        rng: Stream of the draws.
        alpha: Two-sided level over all looks.
    """
    levels = [look_level(look / looks, looks=looks, alpha=alpha) for look in range(1, looks + 1)]
    ends: list[tuple[Decision, float, float]] = []
    for _ in range(audits):
        differences = _differences(audited, rng)
        for look, level in enumerate(levels, start=1):
            met = differences[:, : audited.items * look // looks]
            decision, estimate = _decided(met, margin=audited.margin, alpha=level)
            if decision != "inconclusive":
                break
        ends.append((decision, look / looks, estimate))
    whole = [estimate for _, share, estimate in ends if share == 1.0]
    return LookRates(
        audits=audits,
        differences=sum(decision == "difference" for decision, _, _ in ends) / audits,
        equivalents=sum(decision == "equivalent" for decision, _, _ in ends) / audits,
        asked=sum(share for _, share, _ in ends) / audits,
        gap=float(np.mean(whole)) if whole else 0.0,
    )


def _differences(audited: PairedAudit, rng: np.random.Generator) -> NDArray[np.float64]:
    """Advantaged minus disadvantaged score, matched sets by items."""
    shape = (audited.sets, audited.items)
    easiness = rng.normal(audited.easiness, audited.item_sd, audited.items)
    slope = audited.gap + rng.normal(0, audited.slope_sd, audited.items)
    slope = slope[None, :] + rng.normal(0, audited.slope_sd, audited.sets)[:, None]
    draws = rng.random((2, *shape))
    draws[1] = np.where(rng.random(shape) < audited.alike, draws[0], draws[1])
    first, second = (draws[side] < expit(easiness + sign * slope) for side, sign in ((0, 0.5), (1, -0.5)))
    return np.asarray(first.astype(np.float64) - second, dtype=np.float64)


def _decided(differences: NDArray[np.float64], *, margin: float, alpha: float) -> tuple[Decision, float]:
    found = paired_gap(differences, spec=EstimateSpec(flips=0))
    within = tost_p(found.estimate, se=found.se, df=found.df, margin=margin) if found.se else None
    return verdict(p=found.p, p_equivalence=within, alpha=alpha), found.estimate
