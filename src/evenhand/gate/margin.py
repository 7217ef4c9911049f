"""A tested number against a margin: the run's own verdict, or the same claims for a margin of the policy's own.

Another margin than the plan's was not tested by the run, so it is read off the adjusted interval, and only where that
is safe: `equivalent` needs the interval inside the margin less the share of items or users that could react without
one of them being in the sample. By Bonferroni's argument on that share this is never laxer than the run's own test
(docs/gate.md).
"""

from __future__ import annotations

from evenhand.records.estimate import Decision, Spread, Tested

__all__ = ["claim", "power_at", "quantile", "widened"]

_SAME = 1e-9


def claim(tested: Tested, *, margin: float, own: bool, certainty: float) -> Decision:
    """What may be claimed of a number that has a verdict.

    Args:
        tested: The number, with its verdict.
        margin: Half-width of the range that counts as no difference.
        own: Whether the margin is the policy's own; otherwise it is that of the plan.
        certainty: At least that of the plan's tests.
    """
    if _equivalent(tested, margin=margin, own=own, certainty=certainty):
        return "equivalent"
    return "difference" if _differs(tested, certainty=certainty) else "inconclusive"


def _equivalent(tested: Tested, *, margin: float, own: bool, certainty: float) -> bool:
    against = tested.equivalence
    if against is None:
        return False
    as_planned = not own or margin >= against.margin - _SAME
    if as_planned and tested.verdict == "equivalent" and against.p <= 1 - certainty:
        return True
    spread = widened(tested.spread_adjusted or tested.spread, value=tested.value, certainty=certainty)
    if not own or spread is None or against.unseen is None:
        return False
    left = margin - against.unseen
    return -left < spread.low and spread.high < left


def _differs(tested: Tested, *, certainty: float) -> bool:
    """Whether zero is left out: by the run's own verdict, or by the adjusted p where that went to the margin."""
    if tested.p_adjusted is None or tested.p_adjusted >= 1 - certainty:
        return False
    spread = tested.spread_adjusted
    return tested.verdict == "difference" or (spread is not None and not spread.low <= 0 <= spread.high)


def widened(spread: Spread | None, *, value: float, certainty: float) -> Spread | None:
    """The interval at a confidence of at least `certainty`; None where it cannot be made wider."""
    if spread is None or spread.confidence >= certainty - _SAME:
        return spread
    if spread.se is None:
        return None
    half = spread.se * quantile(0.5 + certainty / 2, df=spread.df)
    return Spread(low=value - half, high=value + half, confidence=certainty, se=spread.se, df=spread.df)


def power_at(spread: Spread | None, *, margin: float, alpha: float) -> float | None:
    """Power of the two-sided test to find a difference of `margin`; None where there is no standard error."""
    if spread is None or spread.se is None or spread.se <= 0:
        return None
    from scipy.special import ndtr, stdtr

    distance = margin / spread.se - quantile(1 - alpha / 2, df=spread.df)
    return float(ndtr(distance) if spread.df is None else stdtr(spread.df, distance))


def quantile(probability: float, *, df: float | None) -> float:
    """Quantile of Student's t with `df` degrees of freedom; None: normal."""
    from scipy.special import ndtri, stdtrit

    return float(ndtri(probability) if df is None else stdtrit(df, probability))
