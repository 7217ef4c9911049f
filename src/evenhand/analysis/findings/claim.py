"""A claim: what a finding is about, before any number; and the finding it becomes once there is an estimate."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.estimators.crossed import CrossedContrast
from evenhand.analysis.estimators.equivalence import tost_p
from evenhand.analysis.estimators.estimate import Estimate
from evenhand.analysis.estimators.paired import PairedGap
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Absent, Equivalence, Interval, MissingBounds, Number, Spread, Tested
from evenhand.records.finding import Finding, Role, SampleSize
from evenhand.records.measure import Measure, Quantity
from evenhand.records.profile import Cue

__all__ = ["Claim", "finding", "with_number", "without_number"]

_CONFIRMATORY_KINDS = frozenset({"understanding", "management"})


class Claim(Struct, frozen=True, kw_only=True):
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
    main: bool = False
    """Whether this is the main form of its measure: confirmatory where the plan names the measure."""


def finding(
    claim: Claim,
    *,
    stratum: Stratum,
    estimate: Estimate,
    sample: SampleSize,
    bounds: MissingBounds | None = None,
    notes: Sequence[str] = (),
) -> Finding:
    """The finding of a claim with an estimate.

    Adjusted p and verdict are given later, when all findings are known (`evenhand.analysis.findings.judgement`).
    """
    spread = Spread(
        low=estimate.low, high=estimate.high, confidence=estimate.confidence, se=estimate.se, df=estimate.df
    )
    number: Number = Interval(value=estimate.estimate, spread=spread)
    if claim.tested:
        on_margin = claim.on_margin and claim.quantity.scale in {"probability", "rate", "rating", "count", "grade"}
        margin = stratum.settings.margin
        number = Tested(
            value=estimate.estimate,
            p=estimate.p,
            spread=spread,
            equivalence=Equivalence(margin=margin, p=_equivalence_p(estimate, margin=margin)) if on_margin else None,
            smallest_detectable=estimate.smallest_detectable,
            bounds=bounds,
        )
    return with_number(
        claim,
        stratum=stratum,
        number=number,
        sample=sample,
        notes=(*notes, *estimate.notes, *_turned(estimate.estimate, bounds)),
    )


def without_number(
    claim: Claim, *, stratum: Stratum, sample: SampleSize, reason: str, notes: Sequence[str] = ()
) -> Finding:
    """The finding of a claim that no estimate could be made for."""
    return with_number(claim, stratum=stratum, number=Absent(reason=_sentence(reason)), sample=sample, notes=notes)


def with_number(
    claim: Claim, *, stratum: Stratum, number: Number, sample: SampleSize, notes: Sequence[str] = ()
) -> Finding:
    """The finding of a claim with a number that was made elsewhere."""
    return Finding(
        measure=claim.measure,
        model=stratum.model,
        kind=stratum.kind,
        where=replace(stratum.where, cue=claim.cue),
        arms=claim.arms,
        contrast=claim.contrast,
        quantity=claim.quantity,
        role=_role(claim, stratum=stratum),
        number=number,
        sample=sample,
        method=claim.method,
        notes=tuple(_sentence(note) for note in notes),
    )


def _role(claim: Claim, *, stratum: Stratum) -> Role:
    """Confirmatory is the main form of a measure that the plan names, in the plan's main condition."""
    if not claim.tested:
        return "descriptive"
    if (
        claim.main
        and stratum.main
        and claim.cue in {None, "stated"}
        and claim.measure in stratum.settings.confirmatory
        and stratum.kind in _CONFIRMATORY_KINDS
    ):
        return "confirmatory"
    return "exploratory"


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]


def _equivalence_p(estimate: Estimate, *, margin: float) -> float:
    """The two one-sided tests; where there is no variation at all, what the number of pairs alone can show.

    With all differences exactly zero: the probability of seeing no differing pair if a share of them as large as the
    margin differed, pairs taken as independent. This is the limit of the tests as differences become rare.
    """
    if not estimate.degenerate:
        return tost_p(estimate.estimate, se=estimate.se, df=estimate.df, margin=margin)
    if estimate.estimate != 0.0:
        return 1.0
    match estimate:
        case PairedGap(pairs=pairs):
            return (1 - margin) ** pairs
        case CrossedContrast(cells=cells):
            return (1 - margin) ** (cells // 2)
        case _:
            return 1.0


def _turned(estimate: float, bounds: MissingBounds | None) -> tuple[str, ...]:
    """A note where the missing answers alone could turn the sign."""
    if bounds is None or bounds.missing == 0 or estimate == 0.0:
        return ()
    if (estimate > 0) == (bounds.low > 0) == (bounds.high > 0):
        return ()
    return (
        f"The {bounds.missing} missing answers could turn the sign: scored at their worst and best, "
        f"the estimate runs from {bounds.low:+.3f} to {bounds.high:+.3f}.",
    )
