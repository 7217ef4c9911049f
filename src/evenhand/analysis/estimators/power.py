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
from collections.abc import Sequence
from typing import Literal

import lazy_loader
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.estimators.equivalence import smallest_detectable
from evenhand.analysis.estimators.student import quantile
from evenhand.errors import UsageError

scipy = lazy_loader.load("scipy")  # slow to load, and needed for the power at a stated gap only

__all__ = [
    "ASSUMED_ACCURACY",
    "DEFAULT_COMPONENTS",
    "Components",
    "PairedDesign",
    "answer_components",
    "chance_shift",
    "gap_range",
    "planned_power",
    "planned_se",
    "planned_smallest_gap",
    "power_curve",
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


def answer_components(
    accuracy: float,
    *,
    flips: float | None = None,
    item_spread: float = 1.5,
    item_slope: float = 0.5,
    set_slope: float = 0.3,
) -> Components:
    """Components of the difference of two answers that are right or wrong.

    Their variance follows from the accuracy: two independent answers to an item that is right with chance p differ
    with probability 2 p (1 - p). Reactions that are alike in log-odds are smaller where an item is nearly always right.

    Args:
        accuracy: Mean chance of a right answer.
        flips: Share of twin answers of which one is right and one wrong; None: as for independent answers.
        item_spread: SD of item easiness, in log-odds.
        item_slope: SD over items of their reaction to the contrast, in log-odds.
        set_slope: The same over matched sets.

    Raises:
        UsageError: A share is not inside (0, 1).
    """
    for name, share in (("accuracy", accuracy), ("flips", 0.5 if flips is None else flips)):
        if not 0.0 < share < 1.0:
            raise UsageError(f"{name} is {share!r}; allowed are shares between 0 and 1, such as 0.65.")
    chances = _chances(accuracy, spread=item_spread)
    steep = math.fsum(weight * p * (1 - p) for p, weight in chances)
    steep_square = math.fsum(weight * (p * (1 - p)) ** 2 for p, weight in chances)
    differ = 2 * steep if flips is None else flips
    said = "independent twin answers" if flips is None else f"{flips:.0%} of twin answers of which one is right"
    return Components(
        set=set_slope * steep,
        item=item_slope * math.sqrt(steep_square),
        cell=0.0,
        noise=math.sqrt(differ),
        source=(
            f"assumed: {accuracy:.0%} right, {said}, and reactions that vary by {item_slope:g} over items and "
            f"{set_slope:g} over personas in log-odds; a pilot run replaces them"
        ),
    )


def _chances(accuracy: float, *, spread: float) -> list[tuple[float, float]]:
    """Chances of items with normal easiness, and their weights, such that the mean chance is `accuracy`."""
    points = [(4.0 * step / 20, math.exp(-0.5 * (4.0 * step / 20) ** 2)) for step in range(-20, 21)]
    total = math.fsum(weight for _, weight in points)

    def chances(level: float) -> list[tuple[float, float]]:
        return [(1 / (1 + math.exp(-level - spread * z)), weight / total) for z, weight in points]

    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = math.fsum(p * weight for p, weight in chances(middle))
        low, high = (middle, high) if mean < accuracy else (low, middle)
    return chances(low)


def chance_shift(accuracy: float, log_odds: float, *, item_spread: float = 1.5) -> float:
    """How far the mean chance of a right answer moves when the log-odds of every item move.

    Args:
        accuracy: Mean chance before.
        log_odds: What is added to every item, half of it on each side of `accuracy`.
        item_spread: SD of item easiness, in log-odds.
    """
    chances = _chances(accuracy, spread=item_spread)
    return math.fsum(weight * (_moved(p, log_odds / 2) - _moved(p, -log_odds / 2)) for p, weight in chances)


def _moved(chance: float, log_odds: float) -> float:
    odds = math.log(chance / (1 - chance)) + log_odds
    return 1 / (1 + math.exp(-odds))


ASSUMED_ACCURACY = 0.65
"""Assumed where nothing is known of a model. Answers vary most near one half; better models need less than is said."""

DEFAULT_COMPONENTS = answer_components(ASSUMED_ACCURACY)
"""Assumed where there is no pilot."""


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


class _Precision(Struct, frozen=True):
    se: float
    df: float


def planned_smallest_gap(
    design: PairedDesign, *, components: Components = DEFAULT_COMPONENTS, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Smallest true gap that the paired test finds with probability `power` at two-sided level `alpha`.

    Raises:
        UsageError: The design has no items or sets, or `alpha` or `power` is not inside (0, 1).
    """
    _require(design, alpha=alpha, power=power)
    precision = _precision(design, components)
    return smallest_detectable(precision.se, df=precision.df, alpha=alpha, power=power)


def planned_se(design: PairedDesign, *, components: Components = DEFAULT_COMPONENTS) -> float:
    """Standard error of the mean paired difference that the design would give."""
    return _precision(design, components).se


def planned_power(
    design: PairedDesign, *, gap: float, components: Components = DEFAULT_COMPONENTS, alpha: float = 0.05
) -> float:
    """Probability that the paired test finds a true gap, from the noncentral t distribution.

    Raises:
        UsageError: As for the smallest gap.
    """
    _require(design, alpha=alpha, power=0.5)
    precision = _precision(design, components)
    critical = quantile(1 - alpha / 2, df=precision.df)
    shift = abs(gap) / precision.se
    below = float(scipy.special.nctdtr(precision.df, shift, critical)) - float(
        scipy.special.nctdtr(precision.df, shift, -critical)
    )
    return min(1.0, max(0.0, 1.0 - below))


def gap_range(gap: float, *, components: Components, confidence: float = 0.9) -> tuple[float, float] | None:
    """How far a smallest gap could be off because its components come from a pilot; None where they are assumed.

    The variance of the pilot's gap is taken as chi-square with its degrees of freedom.
    """
    if components.df is None:
        return None
    tail = (1 - confidence) / 2
    low, high = (float(scipy.special.chdtri(components.df, share)) for share in (tail, 1 - tail))
    return gap * math.sqrt(components.df / low), gap * math.sqrt(components.df / high)


def power_curve(
    design: PairedDesign,
    *,
    over: Literal["items", "sets", "replicates"],
    values: Sequence[int],
    components: Components = DEFAULT_COMPONENTS,
    alpha: float = 0.05,
    power: float = 0.8,
) -> tuple[tuple[int, float], ...]:
    """Smallest detectable gap as one size of the design varies: (value, gap) pairs."""
    sized: list[tuple[int, float]] = []
    for value in values:
        varied = replace(design, **{over: value})
        sized.append((value, planned_smallest_gap(varied, components=components, alpha=alpha, power=power)))
    return tuple(sized)


def _precision(design: PairedDesign, components: Components) -> _Precision:
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
        return _Precision(se=se, df=max(1.0, min(units, default=2) - 1.0))
    left = max(pairs - sets - items + 1, 1)
    spread = mean_set**2 / (sets - 1) + mean_item**2 / (items - 1) + residual**2 / left
    return _Precision(se=se, df=max(1.0, variance**2 / spread) if spread > 0 else 1.0)


def _require(design: PairedDesign, *, alpha: float, power: float) -> None:
    if design.items < 1 or design.sets < 1 or design.replicates < 1:
        raise UsageError(f"the design {design!r} has no pairs; it needs at least one item, matched set and replicate.")
    if design.sets_per_item is not None and not design.sets_per_item > 0:
        raise UsageError(f"sets_per_item is {design.sets_per_item!r}; allowed are numbers above 0, or None for all.")
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise UsageError(f"{name} is {value!r}; allowed are numbers between 0 and 1, such as 0.05 and 0.8.")
