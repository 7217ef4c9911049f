"""What every estimator of this package hands back: an estimate and what follows from it. Never NaN."""

from __future__ import annotations

from msgspec import Struct

from evenhand.analysis.estimators.equivalence import Sampled, smallest_detectable
from evenhand.analysis.estimators.influence import Influence
from evenhand.analysis.estimators.student import quantile, survival

__all__ = ["Component", "Estimate", "EstimateSpec", "Inference", "agreeing", "infer"]


class Component(Struct, frozen=True, kw_only=True):
    """One source of variation of the differences."""

    name: str
    variance: float | None
    """Moment estimate on the squared probability scale, not truncated, so it may be negative. None: the design cannot
    tell this source from another one."""
    sd: float | None
    """Square root, 0 where the moment estimate is negative."""


class EstimateSpec(Struct, frozen=True, kw_only=True):
    """What to state beside an estimate."""

    confidence: float = 0.95
    power: float = 0.8
    """Power at which the smallest detectable gap is stated."""
    flips: int = 2000
    """Sign flips of each randomisation test; 0: none."""


class Estimate(Struct, frozen=True, kw_only=True):
    """A difference on the probability scale (of whatever scale the scores have)."""

    estimate: float
    se: float
    df: float | None
    """Satterthwaite degrees of freedom of the standard error; None where the interval is degenerate."""
    low: float
    high: float
    p: float
    confidence: float
    smallest_detectable: float | None
    """None where the interval is degenerate."""
    components: tuple[Component, ...]
    degenerate: bool
    """True when all differences are alike, so that the data hold no information on their variation and the interval is
    the point itself."""
    notes: tuple[str, ...]
    third: float = 0.0
    """Third cumulant of the estimate: how skewed it is (`evenhand.analysis.estimators.skewness`)."""
    units: int = 1
    """Independent units that the data speak with where all of them are alike: the smaller of sets and items."""
    sampled: tuple[Sampled, ...] = ()
    """Kinds of units that stand for more like them, so that some that react may be missing here."""
    by_item: Influence | None = None
    """Items that carry the estimate; None where that was not asked."""
    by_unit: Influence | None = None
    """Sets or profiles that carry it."""


class Inference(Struct, frozen=True, kw_only=True):
    """The numbers that follow from an estimate, its standard error and its degrees of freedom."""

    low: float
    high: float
    p: float
    smallest_detectable: float


def infer(estimate: float, *, se: float, df: float | None, spec: EstimateSpec) -> Inference:
    """Interval, two-sided p and smallest detectable difference; `se` is above zero."""
    half = se * quantile(0.5 + spec.confidence / 2, df=df)
    return Inference(
        low=estimate - half,
        high=estimate + half,
        p=min(1.0, 2 * survival(abs(estimate) / se, df=df)),
        smallest_detectable=smallest_detectable(se, df=df, alpha=1 - spec.confidence, power=spec.power),
    )


def agreeing(
    low: float, high: float, *, estimate: float, p: float, level: float, df: float | None
) -> tuple[float, float]:
    """The interval, scaled around the estimate where it and the test are at odds over zero.

    A p that is the larger of two, or an exact one, may reject where an interval from a standard error holds zero, or
    the other way round; a reader sees both. The half-width is then the one at which the interval touches zero exactly
    where p equals the level; it is at most twice the estimate.

    Args:
        low: Lower end of the interval.
        high: Upper end.
        estimate: Its middle.
        p: The test against zero.
        level: The test rejects below it; the interval has a confidence of one less it.
        df: Degrees of freedom; None: normal.
    """
    if estimate == 0.0 or (p < level) != (low <= 0.0 <= high):
        return low, high
    # From below: close to 1 a number has no room for a small tail, and the interval would be a point.
    ratio = quantile(level / 2, df=df) / min(quantile(max(p, 1e-300) / 2, df=df), -1e-9)
    half = abs(estimate) * min(ratio, 2.0)
    return estimate - half, estimate + half
