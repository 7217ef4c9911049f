"""Verdicts from an estimate: two one-sided tests against a stated margin, and the smallest detectable gap.

Estimand-free: whatever the estimate is of, with its standard error and degrees of freedom.

References:
    Schuirmann (1987), J. Pharmacokinetics and Biopharmaceutics 15:657-680 (two one-sided tests).
    Berger and Hsu (1996), Statistical Science 11:283-319 (why each one-sided test may be at level alpha).
"""

from __future__ import annotations

import math

from evenhand.analysis.estimators.student import quantile, survival
from evenhand.errors import UsageError
from evenhand.records.estimate import Decision

__all__ = ["smallest_detectable", "tost_p", "verdict"]


def tost_p(estimate: float, *, se: float, df: float | None, margin: float) -> float:
    """The larger of the two one-sided p-values for ``-margin < truth < margin``.

    A standard error of zero gives 0 inside the margin and 1 outside or on it.

    Raises:
        UsageError: The margin is not positive.
    """
    if not margin > 0:
        raise UsageError(f"The equivalence margin {margin!r} must be above 0; state it on the scale of the estimate.")
    if se == 0:
        return 0.0 if abs(estimate) < margin else 1.0
    return survival((margin - abs(estimate)) / se, df=df)


def verdict(*, p: float | None, p_equivalence: float | None, alpha: float = 0.05) -> Decision:
    """What a finding may claim; the p-values come in adjusted where a family asks for it.

    `equivalent` when the estimate is shown to lie within the margin (then even if it differs from zero: the margin was
    stated beforehand as what matters), `difference` when it differs from zero and equivalence is not shown,
    `inconclusive` otherwise.
    """
    if p_equivalence is not None and p_equivalence < alpha:
        return "equivalent"
    if p is not None and p < alpha:
        return "difference"
    return "inconclusive"


def smallest_detectable(se: float, *, df: float | None, alpha: float = 0.05, power: float = 0.8) -> float:
    """True difference that a two-sided test at `alpha` finds with probability `power`.

    The sum of the two quantiles times the standard error: within 0.1% of the exact noncentral value from 15 degrees of
    freedom up.
    Infinite never: with `df` below 1 the quantiles of t(1) are used.
    """
    usable = df if df is None else max(df, 1.0)
    value = se * (quantile(1 - alpha / 2, df=usable) + quantile(power, df=usable))
    return value if math.isfinite(value) else math.nextafter(math.inf, 0.0)
