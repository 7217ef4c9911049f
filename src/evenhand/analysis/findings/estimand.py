"""An estimand: what a finding is about, before any number; and the finding it becomes once there is an estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.estimators.equivalence import shortfalls, unseen_share
from evenhand.analysis.estimators.estimate import Estimate
from evenhand.analysis.estimators.margin import against_margin
from evenhand.analysis.table.stratum import OPTION_KINDS, Stratum
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Absent, Carriers, Equivalence, Interval, MissingBounds, Number, Spread, Tested
from evenhand.records.finding import Finding, Role, SampleSize
from evenhand.records.measure import Measure, Quantity, Scale
from evenhand.records.profile import Cue

__all__ = ["Estimand", "finding", "with_number", "without_number"]


_ROUNDING = 1e-12
"""A size that sums of scores reach by rounding alone."""
_PLACES = 9
"""Decimals to which a number is rounded before it is shown with fewer: one half way between two of them is then shown
alike whatever rounding left of it."""
_MARGINS: frozenset[Scale] = frozenset({"probability", "rate", "rating", "count", "grade"})
"""Scales on which a margin is stated."""


class Estimand(Struct, frozen=True, kw_only=True):
    """An estimand: what is compared, of which arms, on which quantity."""

    measure: Measure
    arms: ArmContrast
    quantity: Quantity
    method: str
    """Name of the estimator."""
    contrast: tuple[LevelContrast, ...] = ()
    cue: Cue | None = None
    tested: bool = True
    """Whether the estimate is compared with zero and with the margin; False for rates and variances."""
    on_margin: bool = True
    """Whether the margin means something for it; False for shares of single options, whose base rates are small."""
    described: bool = False
    """Whether its p-value is shown for description only: no family, no verdict."""
    main: bool = False
    """Whether this is the main form of its measure: confirmatory where the plan names the measure."""


def finding(
    estimand: Estimand,
    *,
    stratum: Stratum,
    estimate: Estimate,
    sample: SampleSize,
    bounds: MissingBounds | None = None,
    notes: Sequence[str] = (),
) -> Finding:
    """The finding of an estimand with an estimate.

    Adjusted p and verdict are given later, when all findings are known (`evenhand.analysis.findings.judgement`).
    """
    spread = Spread(
        low=estimate.low, high=estimate.high, confidence=estimate.confidence, se=estimate.se, df=estimate.df
    )
    number: Number = Interval(value=estimate.estimate, spread=spread)
    if estimand.tested:
        on_margin = estimand.on_margin and estimand.quantity.scale in _MARGINS
        number = Tested(
            value=estimate.estimate,
            p=estimate.p,
            spread=spread,
            equivalence=_equivalence(estimate, margin=stratum.settings.margin) if on_margin else None,
            smallest_detectable=estimate.smallest_detectable,
            bounds=bounds,
            carriers=_carriers(estimate),
        )
    return with_number(
        estimand,
        stratum=stratum,
        number=number,
        sample=sample,
        notes=(*notes, *estimate.notes, *_turned(estimate.estimate, bounds)),
    )


def without_number(
    estimand: Estimand, *, stratum: Stratum, sample: SampleSize, reason: str, notes: Sequence[str] = ()
) -> Finding:
    """The finding of an estimand that no estimate could be made for."""
    return with_number(estimand, stratum=stratum, number=Absent(reason=_sentence(reason)), sample=sample, notes=notes)


def with_number(
    estimand: Estimand, *, stratum: Stratum, number: Number, sample: SampleSize, notes: Sequence[str] = ()
) -> Finding:
    """The finding of an estimand with a number that was made elsewhere."""
    return Finding(
        measure=estimand.measure,
        model=stratum.model,
        kind=stratum.kind,
        where=replace(stratum.where, cue=estimand.cue),
        arms=estimand.arms,
        contrast=estimand.contrast,
        quantity=estimand.quantity,
        role=_role(estimand, stratum=stratum),
        number=number,
        sample=sample,
        method=estimand.method,
        notes=tuple(_sentence(note) for note in notes),
    )


def _role(estimand: Estimand, *, stratum: Stratum) -> Role:
    """Confirmatory is the main form of a measure that the plan names, in the plan's main condition."""
    if not estimand.tested or estimand.described:
        return "descriptive"
    if (
        estimand.main
        and stratum.main
        and estimand.cue in {None, "stated"}
        and estimand.measure in stratum.settings.confirmatory
        and stratum.kind in OPTION_KINDS
    ):
        return "confirmatory"
    return "exploratory"


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]


def _equivalence(estimate: Estimate, *, margin: float) -> Equivalence:
    """The test against the margin, and the share of units that could react without one of them being here."""
    test = against_margin(estimate, margin=margin)
    fewest = min((kind.number for kind in estimate.sampled), default=None)
    share = None if fewest is None else unseen_share(fewest, confidence=estimate.confidence)
    few = shortfalls(estimate.sampled, margin=margin, alpha=1 - estimate.confidence, alike=estimate.degenerate)
    return Equivalence(
        margin=margin, p=test.p, p_seen=test.p_seen, alike=estimate.degenerate, unseen=share, too_few=few
    )


def _carriers(estimate: Estimate) -> Carriers | None:
    items, units = estimate.by_item, estimate.by_unit
    if items is None or units is None:
        return None
    return Carriers(
        items=items.carrying, profiles=units.carrying, item_change=items.change, profile_change=units.change
    )


def _sign(value: float) -> int:
    """-1, 0 or 1; what is smaller than rounding is 0, so that no processor's rounding has a say."""
    return 0 if abs(value) <= _ROUNDING else int(math.copysign(1, value))


def _turned(estimate: float, bounds: MissingBounds | None) -> tuple[str, ...]:
    """A note where the missing answers alone could turn the sign."""
    if bounds is None or bounds.missing == 0 or _sign(estimate) == 0:
        return ()
    if _sign(estimate) == _sign(bounds.low) == _sign(bounds.high):
        return ()
    return (
        f"The {bounds.missing} missing answers could turn the sign: scored at their worst and best, "
        f"the estimate runs from {round(bounds.low, _PLACES):+.3f} to {round(bounds.high, _PLACES):+.3f}.",
    )
