"""Verdicts from an estimate: two one-sided tests against a stated margin, and the smallest detectable gap.

Estimand-free: whatever the estimate is of, with its standard error and degrees of freedom. A third p guards against
units that react and are not in the sample (`unseen_p`); docs/methods/verdicts.md says what it costs.

References:
    Schuirmann (1987), J. Pharmacokinetics and Biopharmaceutics 15:657-680 (two one-sided tests).
    Hall (1992), JRSS B 54:221-228 (one-sided tests of skewed means, by a transformation that keeps their order).
    Berger and Hsu (1996), Statistical Science 11:283-319 (why each one-sided test may be at level alpha).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from evenhand.analysis.estimators.student import quantile, survival
from evenhand.errors import UsageError
from evenhand.records.estimate import Decision, SampledUnit, Shortfall

__all__ = [
    "ITEM_REACTION",
    "USER_REACTION",
    "Sampled",
    "alike_p",
    "fewest_alike",
    "fewest_units",
    "sampled_units",
    "shortfalls",
    "skewed_tail",
    "smallest_detectable",
    "tost_p",
    "unseen_p",
    "unseen_share",
    "verdict",
]

ITEM_REACTION = 1.0
"""Largest mean difference of one item, on the scale of the scores: right for one side, wrong for the other."""
USER_REACTION = 0.6
"""Largest mean difference of one persona over all items: from 80% right to chance among five options."""
_SHARES = 64


class Sampled(Struct, frozen=True, kw_only=True):
    """Units of one kind that were drawn from more like them."""

    of: SampledUnit
    number: int
    """How many are here."""
    reaction: float
    """Largest mean difference that one of them could have, on the scale of the scores."""


def sampled_units(counts: tuple[int, int]) -> tuple[Sampled, ...]:
    """Sets or profiles, and items, as samples of more like them; one alone is no sample.

    Args:
        counts: Sets or profiles, and items.
    """
    kinds = (
        Sampled(of="user", number=counts[0], reaction=USER_REACTION),
        Sampled(of="item", number=counts[1], reaction=ITEM_REACTION),
    )
    return tuple(kind for kind in kinds if kind.number > 1)


def tost_p(estimate: float, *, se: float, df: float | None, margin: float, third: float = 0.0) -> float:
    """The larger of the two one-sided p-values for ``-margin < truth < margin``.

    Args:
        estimate: The estimate.
        se: Its standard error, above 0; differences that are all alike have `alike_p`.
        df: Degrees of freedom; None: normal.
        margin: Half-width of the range.
        third: Third cumulant of the estimate (`evenhand.analysis.estimators.skewness`).

    Raises:
        UsageError: The margin or the standard error is not positive.
    """
    _require_margin(margin)
    if not se > 0:
        raise UsageError(f"The standard error {se!r} must be above 0; differences that are all alike have `alike_p`.")
    return max(skewed_tail(margin - sign * estimate, se=se, df=df, third=sign * third) for sign in (1.0, -1.0))


def skewed_tail(distance: float, *, se: float, df: float | None, third: float) -> float:
    """One-sided p of the claim that the truth lies below ``estimate + distance``.

    With ``T = -distance / se`` the statistic is Hall's ``T + g / 6 + g T^2 / 3 + g^2 T^3 / 27``, at the `g` from 0 to
    the skewness ``third / se^3`` at which it is largest: a skewness that is found too large never makes the claim
    easier. It rises with T, and it is at most about T / 4, so a margin that is far enough away can always be kept.

    Args:
        distance: How far the estimate lies below the bound that is claimed; the p is above 0.5 where it is negative.
        se: Standard error of the estimate, above 0.
        df: Its degrees of freedom; None: normal.
        third: Third cumulant of the estimate, positive where a few units pull it towards the bound.
    """
    statistic = -distance / se
    cube = se**3
    if third <= 0.0 or cube == 0.0:
        return survival(-statistic, df=df)
    g = third / cube
    if statistic < 0.0:
        g = min(g, 4.5 / -statistic + 2.25 / -statistic / statistic / statistic)
    bent = g * statistic
    return survival(-(statistic * (1.0 + bent / 3.0 + bent * bent / 27.0) + g / 6.0), df=df)


def alike_p(value: float, *, units: Iterable[Sampled], margin: float) -> float:
    """The p-value against the margin where all differences are exactly alike.

    The probability of seeing no other unit of a kind if a share of them large enough to carry the mean from `value` to
    the margin differed by their largest reaction; the largest over the kinds. It is what `unseen_p` comes to without
    noise, but for the half that noise gives. Pairs within one persona or one item are not independent of each other and
    are never counted.

    Args:
        value: The difference that all have.
        margin: Half-width of the range.
        units: The kinds of units that were sampled; without any nothing is shown, and the result is 1.

    Raises:
        UsageError: The margin is not positive.
    """
    _require_margin(margin)
    left = max(margin - abs(value), 0.0)
    return max((float((1.0 - min(left / kind.reaction, 1.0)) ** kind.number) for kind in units), default=1.0)


def unseen_p(estimate: float, *, se: float, df: float | None, margin: float, units: Iterable[Sampled]) -> float:
    """The p-value against a truth at the margin that units which are not in the sample carry.

    A share `f` of the units may react by their largest reaction `M` and none of them be here, which happens with
    probability ``(1 - f)^n``; what is here then speaks of ``margin - f M`` only. The value is the largest, over all
    `f` that the margin leaves and over the kinds of units, of that probability times the one of an estimate as close
    to zero as the one seen. With `f` = 0 it is the ordinary one-sided test, so it is never smaller than that.

    Args:
        estimate: The estimate.
        se: Its standard error, above 0.
        df: Degrees of freedom; None: normal.
        margin: Half-width of the range.
        units: The kinds of units that were sampled; without any the result is 0.

    Raises:
        UsageError: The margin is not positive.
    """
    # Loaded here: a plan needs this module and none of the two.
    import numpy as np
    from scipy.special import ndtr, stdtr

    _require_margin(margin)
    worst = 0.0
    for kind in units:
        share = min(margin / kind.reaction, 1.0) * np.arange(_SHARES + 1) / _SHARES
        with np.errstate(over="ignore"):
            beyond = (abs(estimate) - margin + share * kind.reaction) / se
        seen = ndtr(beyond) if df is None else stdtr(df, beyond)
        worst = max(worst, float(np.max((1.0 - share) ** kind.number * seen)))
    return worst


def fewest_units(reaction: float, *, margin: float, alpha: float) -> int:
    """Fewest units of a kind with which a true value of zero can be shown to lie within the margin.

    Without any noise the p of `unseen_p` is half of ``(1 - margin / reaction)^n``: units that carry the whole margin
    are all absent, and the estimate is as likely above the rest as below it. With fewer units it is never below
    `alpha`, whatever the answers are.

    Args:
        reaction: Largest mean difference that one unit could have.
        margin: Half-width of the range, on the same scale.
        alpha: Level of the test, below 0.5.

    Raises:
        UsageError: The margin is not positive.
    """
    _require_margin(margin)
    if margin >= reaction:
        return 1
    return math.floor(math.log(2.0 * alpha) / math.log1p(-margin / reaction)) + 1


def fewest_alike(reaction: float, *, margin: float, alpha: float) -> int:
    """Fewest units of a kind with which differences that are all zero show that the truth lies within the margin.

    Args:
        reaction: Largest mean difference that one unit could have.
        margin: Half-width of the range, on the same scale.
        alpha: Level of the test.

    Raises:
        UsageError: The margin is not positive.
    """
    _require_margin(margin)
    return 1 if margin >= reaction else math.floor(math.log(alpha) / math.log1p(-margin / reaction)) + 1


def shortfalls(units: Sequence[Sampled], *, margin: float, alpha: float, alike: bool = False) -> tuple[Shortfall, ...]:
    """The kinds of units of which there are too few for any estimate to be shown to lie within the margin.

    Args:
        units: The kinds of units that were sampled.
        margin: Half-width of the range.
        alpha: Level of the test, below 0.5.
        alike: Whether all differences are alike, which takes more units than differences that vary.

    Raises:
        UsageError: The margin is not positive.
    """
    found = []
    for kind in units:
        needed = (fewest_alike if alike else fewest_units)(kind.reaction, margin=margin, alpha=alpha)
        if kind.number < needed:
            found.append(Shortfall(of=kind.of, here=kind.number, needed=needed))
    return tuple(found)


def unseen_share(units: int, *, confidence: float = 0.95) -> float:
    """Largest share of units that could react without one of them being among `units` (upper confidence bound)."""
    return float(1.0 - (1.0 - confidence) ** (1.0 / units))


def _require_margin(margin: float) -> None:
    if not margin > 0:
        raise UsageError(f"The equivalence margin {margin!r} must be above 0; state it on the scale of the estimate.")


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
