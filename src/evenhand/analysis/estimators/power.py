"""What a design can detect, before anything is asked: smallest gap and power from variance components, by formula.

Estimand: the gap (advantaged minus disadvantaged, probability scale) that the primary paired test finds with the stated
power. The variance of the mean paired difference over I items, P matched sets, k sets per item and R replicates is

    set^2 / P  +  item^2 / I  +  (cell^2 + noise^2 / R) / (I k)

and its degrees of freedom are Satterthwaite's from the mean squares of that layout. docs/methods/power.md; by
simulation: `evenhand.analysis.estimators.power_simulation`; components of a pilot run:
`evenhand.analysis.findings.pilot`.
"""

from __future__ import annotations

import math

import lazy_loader
from msgspec import Struct

from evenhand.analysis.estimators.equivalence import smallest_detectable
from evenhand.analysis.estimators.student import quantile
from evenhand.errors import UsageError

scipy = lazy_loader.load("scipy")  # slow to load, and needed for the power at a stated gap only

__all__ = [
    "Components",
    "DesignPrecision",
    "PairedDesign",
    "gap_range",
    "planned_power",
    "planned_precision",
    "planned_se",
    "planned_smallest_gap",
    "require_design",
]


class Components(Struct, frozen=True, kw_only=True):
    """Standard deviations behind a paired difference of scores, on the probability scale."""

    set: float
    """Matched sets: how much the gap differs from persona to persona."""
    item: float
    """Items: how much the gap differs from item to item."""
    cell: float
    """What all replicates of one set and item share beyond that."""
    noise: float
    """What is new in every replicate."""
    source: str
    """Where the numbers come from, in a sentence."""
    df: float | None = None
    """Degrees of freedom behind them; None where they are assumed."""


class PairedDesign(Struct, frozen=True, kw_only=True):
    """The size of a paired design."""

    items: int
    sets: int
    sets_per_item: float | None = None
    """Matched sets every item meets; None: all."""
    replicates: int = 1

    @property
    def pairs(self) -> int:
        """Pairs of one replicate."""
        return max(1, round(self.items * self._met))

    @property
    def _met(self) -> float:
        return float(self.sets) if self.sets_per_item is None else min(self.sets_per_item, float(self.sets))


class DesignPrecision(Struct, frozen=True):
    """Of the mean paired difference."""

    se: float
    """Standard error."""
    df: float
    """Satterthwaite's degrees of freedom."""


def planned_smallest_gap(
    design: PairedDesign, *, components: Components, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Smallest true gap that the paired test finds with probability `power` at two-sided level `alpha`.

    Raises:
        UsageError: The design has no items or sets, or `alpha` or `power` is not inside (0, 1).
    """
    require_design(design, alpha=alpha, power=power)
    precision = planned_precision(design, components)
    return smallest_detectable(precision.se, df=precision.df, alpha=alpha, power=power)


def planned_se(design: PairedDesign, *, components: Components) -> float:
    """Standard error of the mean paired difference that the design would give."""
    return planned_precision(design, components).se


def planned_power(design: PairedDesign, *, gap: float, components: Components, alpha: float = 0.05) -> float:
    """Probability that the paired test finds a true gap, from the noncentral t distribution.

    Raises:
        UsageError: As for the smallest gap.
    """
    require_design(design, alpha=alpha, power=0.5)
    precision = planned_precision(design, components)
    critical = quantile(1 - alpha / 2, df=precision.df)
    shift = abs(gap) / precision.se
    below = float(scipy.special.nctdtr(precision.df, shift, critical)) - float(
        scipy.special.nctdtr(precision.df, shift, -critical)
    )
    return min(1.0, max(0.0, 1.0 - below))


def gap_range(gap: float, *, df: float | None, confidence: float = 0.9) -> tuple[float, float] | None:
    """How far a smallest gap could be off because the variation comes from a pilot; None where it is assumed.

    The variance of the pilot's gap is taken as chi-square with its degrees of freedom, `df`.
    """
    if df is None:
        return None
    tail = (1 - confidence) / 2
    low, high = (float(scipy.special.chdtri(df, share)) for share in (tail, 1 - tail))
    return gap * math.sqrt(df / low), gap * math.sqrt(df / high)


def planned_precision(design: PairedDesign, components: Components) -> DesignPrecision:
    """Standard error and Satterthwaite degrees of freedom of the quasi-F test in a balanced layout.

    A single set or item is no sample: the result then holds for it alone, and its component drops out.
    """
    pairs, items = design.pairs, min(design.items, design.pairs)
    sets = min(design.sets, pairs)
    residual = components.cell**2 + components.noise**2 / design.replicates
    mean_set = residual + (pairs / sets * components.set**2 if sets > 1 else 0.0)
    mean_item = residual + (pairs / items * components.item**2 if items > 1 else 0.0)
    variance = mean_set + mean_item - residual
    se = math.sqrt(variance / pairs)
    units = [count for count in (sets, items) if count > 1]
    if len(units) < 2 or pairs <= max(units):
        # One pair per set, or one per item: the finer unit cannot be told from the residual.
        return DesignPrecision(se=se, df=max(1.0, min(units, default=2) - 1.0))
    left = max(pairs - sets - items + 1, 1)
    spread = mean_set**2 / (sets - 1) + mean_item**2 / (items - 1) + residual**2 / left
    return DesignPrecision(se=se, df=max(1.0, variance**2 / spread) if spread > 0 else 1.0)


def require_design(design: PairedDesign, *, alpha: float, power: float) -> None:
    """Refuse a design without pairs, and a level or a power that is no probability.

    Raises:
        UsageError: One of them.
    """
    if design.items < 1 or design.sets < 1 or design.replicates < 1:
        raise UsageError(f"the design {design!r} has no pairs; it needs at least one item, matched set and replicate.")
    if design.sets_per_item is not None and not design.sets_per_item > 0:
        raise UsageError(f"sets_per_item is {design.sets_per_item!r}; allowed are numbers above 0, or None for all.")
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise UsageError(f"{name} is {value!r}; allowed are numbers between 0 and 1, such as 0.05 and 0.8.")
