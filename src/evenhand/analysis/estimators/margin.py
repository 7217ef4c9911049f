"""An estimate against the margin, as a finding states it: by what was seen, and by what may be missing from the sample.

References:
    docs/methods/verdicts.md.
"""

from __future__ import annotations

from msgspec import Struct

from evenhand.analysis.estimators.equivalence import alike_p, tost_p, unseen_p
from evenhand.analysis.estimators.estimate import Estimate

__all__ = ["MarginTest", "against_margin"]


class MarginTest(Struct, frozen=True, kw_only=True):
    """p-values of the claim that the truth lies outside the margin."""

    p: float
    """The larger of the test of what was seen and the one of units that may be missing."""
    p_seen: float
    """Of what was seen alone; 0 or 1 where all differences are alike, so that only the numbers of units speak."""


def against_margin(estimate: Estimate, *, margin: float) -> MarginTest:
    """Test an estimate against the margin.

    Args:
        estimate: The estimate.
        margin: Half-width of the range, on the scale of the estimate.

    Raises:
        UsageError: The margin is not positive.
    """
    if estimate.degenerate:
        unseen = alike_p(estimate.estimate, units=estimate.sampled, margin=margin)
        return MarginTest(p=unseen, p_seen=0.0 if abs(estimate.estimate) < margin else 1.0)
    seen = tost_p(estimate.estimate, se=estimate.se, df=estimate.df, margin=margin, third=estimate.third)
    unseen = unseen_p(estimate.estimate, se=estimate.se, df=estimate.df, margin=margin, units=estimate.sampled)
    return MarginTest(p=max(seen, unseen), p_seen=seen)
