"""A claim: what a finding is about, before any number; and the finding it becomes once there is an estimate."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.crossed import CrossedContrast
from evenhand.analysis.equivalence import tost_p
from evenhand.analysis.estimate import Estimate
from evenhand.analysis.paired import PairedGap
from evenhand.analysis.stratum import Stratum
from evenhand.records.finding import Finding, Measure, MissingCaution, Scale

__all__ = ["Bounds", "Claim", "Sample", "finding"]

_PLACEMENTS = {
    "system": "memory listed in the system prompt",
    "narrative": "memory told as prose in the system prompt",
    "history": "memory in earlier turns of the conversation",
    "retrieved": "memory retrieved from a store",
    "tool": "memory returned by a tool",
}


class Claim(Struct, frozen=True, kw_only=True):
    """An estimand in words, and where its finding stands."""

    measure: Measure
    title: str
    estimand: str
    method: str
    scale: Scale = "probability"
    tail: str | None = None
    """Last part of the finding's id."""
    cue: str | None = None
    factor: str | None = None
    level: str | None = None
    reference: str | None = None
    tested: bool = True
    """Whether the estimate is compared with zero and with the margin; False for rates and variances."""
    on_margin: bool = True
    """Whether the margin means something for it; False for shares of single options, whose base rates are small."""


class Sample(Struct, frozen=True, kw_only=True):
    """How much a finding rests on."""

    trials: int
    items: int
    profiles: int


class Bounds(Struct, frozen=True, kw_only=True):
    """Worst-case bounds over the missing answers."""

    low: float
    high: float
    missing: int
    """Answers that are missing."""
    shares: tuple[float, float] = (0.0, 0.0)
    """Share of answers that are missing on the side that counts as plus, and on the other."""


def finding(
    claim: Claim,
    *,
    stratum: Stratum,
    estimate: Estimate | None,
    sample: Sample,
    bounds: Bounds | None = None,
    notes: tuple[str, ...] = (),
) -> Finding:
    """The finding of a claim; an absent estimate needs a note that says why.

    Family, adjusted p and verdict are given later, when all findings are known (`evenhand.analysis.judgement`).
    """
    settings = stratum.settings
    shown = _sentence(claim, stratum)
    base = Finding(
        id=_identifier(claim, stratum),
        measure=claim.measure,
        family="descriptive",
        title=claim.title,
        estimand=shown,
        scale=claim.scale,
        model=stratum.model,
        kind=stratum.kind,
        factor=claim.factor,
        level=claim.level,
        reference=claim.reference,
        placement=stratum.placement,
        reader=stratum.reader,
        mitigation=stratum.mitigation,
        estimate=None,
        trials=sample.trials,
        items=sample.items,
        profiles=sample.profiles,
        method=claim.method,
        confidence=1 - settings.alpha,
        notes=tuple(note[:1].upper() + note[1:] for note in notes),
    )
    if estimate is None:
        return base
    return _with_numbers(base, claim=claim, estimate=estimate, bounds=bounds, margin=settings.margin)


def _with_numbers(base: Finding, *, claim: Claim, estimate: Estimate, bounds: Bounds | None, margin: float) -> Finding:
    on_margin = claim.tested and claim.on_margin and claim.scale in {"probability", "rate"}
    numbers = {
        "estimate": estimate.estimate,
        "se": estimate.se,
        "df": estimate.df,
        "low": estimate.low,
        "high": estimate.high,
        "confidence": estimate.confidence,
        "p": estimate.p if claim.tested else None,
        "margin": margin if on_margin else None,
        "p_equivalence": _equivalence_p(estimate, margin=margin) if on_margin else None,
        "smallest_detectable": estimate.smallest_detectable if claim.tested else None,
        "bound_low": None if bounds is None else bounds.low,
        "bound_high": None if bounds is None else bounds.high,
        "missing": None if bounds is None or not bounds.missing else _caution(bounds, margin=margin),
        "notes": (*base.notes, *estimate.notes, *_turned(estimate.estimate, bounds)),
    }
    return replace(base, **numbers)


def _caution(bounds: Bounds, *, margin: float) -> MissingCaution:
    """What the missing answers may mean; whether they can turn the verdict is known when there is one."""
    first, second = bounds.shares
    return MissingCaution(first=first, second=second, differs=abs(first - second) > margin, turns=False)


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


def _turned(estimate: float, bounds: Bounds | None) -> tuple[str, ...]:
    """A note where the missing answers alone could turn the sign."""
    if bounds is None or bounds.missing == 0 or estimate == 0.0:
        return ()
    if (estimate > 0) == (bounds.low > 0) == (bounds.high > 0):
        return ()
    return (
        f"The {bounds.missing} missing answers could turn the sign: scored at their worst and best, "
        f"the estimate runs from {bounds.low:+.3f} to {bounds.high:+.3f}.",
    )


def _sentence(claim: Claim, stratum: Stratum) -> str:
    parts = [f"{stratum.kind} items", _PLACEMENTS.get(stratum.placement, f"memory as {stratum.placement!r}")]
    parts += [f"reader prompt '{stratum.reader}'"] if stratum.reader != "none" else []
    parts += [f"mitigation '{stratum.mitigation}'"] if stratum.mitigation != "none" else []
    parts += [f"cues {claim.cue}"] if claim.cue not in {None, "stated"} else []
    return f"{claim.estimand} ({stratum.model}; {', '.join(parts)})"


def _identifier(claim: Claim, stratum: Stratum) -> str:
    parts = [claim.measure, stratum.where]
    parts += [f"cue={claim.cue}"] if claim.cue not in {None, "stated"} else []
    parts += [claim.tail] if claim.tail else []
    return "/".join(parts)
