"""Skewness of an estimate under crossed sampling; `evenhand.analysis.estimators.equivalence` corrects for it.

An estimate is a sum of contributions, one per pair. Its third cumulant is the sum of those of its independent parts:
what sets share, what items share, and the rest. The first two are found from the sums by set and by item. A sum is
first shrunk by its own noise (the spread of the contributions within it), so that a unit that answers at random does
not pass for one that reacts strongly. With ``g`` the third cumulant over the cube of the standard error and
``T = (estimate - truth) / SE`` the corrected statistic is Hall's ``T + g / 6 + g T^2 / 3 + g^2 T^3 / 27``. The first
two terms of the expansion of a studentised mean are the same for crossed parts, because the covariance of the estimate
and its variance estimate is the third cumulant again.

The last term makes the statistic rise with T everywhere, so that a margin farther away is never harder to keep. Without
it (Johnson 1978) the statistic is a parabola that turns back, and an estimate that rests on one strong unit could never
be shown to be small, however far away the margin is. The skewness itself is uncertain where few units carry it: of all
values from 0 to the one found, the one that makes the claim hardest is used. On the other side, where skewness would
make the claim easier, it is left out.

References:
    Hall (1992), JRSS B 54:221-228. Johnson (1978), JASA 73:536-544. James and Stein (1961), Proc. 4th Berkeley
    Symposium 1:361-379 (shrinking, positive part).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evenhand.analysis.estimators.random_terms import tally

__all__ = ["third_cumulant"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def third_cumulant(contributions: Array, *, groups: Sequence[Codes]) -> float:
    """Third cumulant of the sum of contributions.

    Args:
        contributions: Weight times residual of every pair; they sum to about 0.
        groups: For every kind of unit the unit of each pair, 0-based and without gaps.
    """
    total = 0.0
    rest = contributions
    for codes in groups:
        levels = int(codes.max()) + 1
        if levels < 3:
            continue
        number = tally(codes, weights=None, levels=levels)
        sums = tally(codes, weights=contributions, levels=levels)
        squares = tally(codes, weights=contributions**2, levels=levels)
        with np.errstate(divide="ignore", invalid="ignore"):
            noise = np.where(number > 1, (squares - sums**2 / number) * number / (number - 1), np.inf)
            kept = np.where(sums**2 > noise, sums - noise / sums, 0.0)
        total += levels**2 / ((levels - 1) * (levels - 2)) * float(np.sum(kept**3))
        rest = rest - (kept / number)[codes]
    return total + float(np.sum(rest**3))
