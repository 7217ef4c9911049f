"""From estimates to verdicts: families, adjusted p-values and intervals, and the three-valued verdict.

The confirmatory family holds the plan's confirmatory contrasts of all models and is adjusted by Holm (family-wise
error). Every other measure forms an exploratory family of its own within a model; all exploratory families of a report
are adjusted together (hierarchical false discovery rate). Which family a finding belongs to is decided when it is made
(`evenhand.analysis.findings.estimand`). The p-values against zero and those against the margin are adjusted each by
themselves; a finding shows the second unadjusted and its verdict rests on the adjusted one. Beside the plain interval
there is one at the level that the adjustment leaves, which leaves zero out exactly where the adjusted p is below the
level of the tests. docs/methods/verdicts.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import assert_never

from msgspec.structs import replace

from evenhand.analysis.estimators.equivalence import verdict
from evenhand.analysis.estimators.estimate import agreeing
from evenhand.analysis.estimators.multiplicity import hierarchical, holm
from evenhand.analysis.estimators.spending import look_level
from evenhand.analysis.estimators.student import quantile
from evenhand.records.estimate import Decision, MissingBounds, MissingCaution, Spread, Tested
from evenhand.records.finding import Finding
from evenhand.records.settings import AnalysisSettings

__all__ = ["judged"]


def judged(
    findings: Sequence[Finding], *, settings: AnalysisSettings, interim: bool = False, asked: float = 1.0
) -> tuple[Finding, ...]:
    """The findings with adjusted p, adjusted interval and verdict, in the order given.

    Args:
        findings: All findings of a report.
        settings: What the plan told the analysis.
        interim: Cells of the plan were not asked yet: confirmatory findings then get no verdict, unless looks were
            planned.
        asked: Share of the plan's cells that were asked; with planned looks it decides how much of the level may be
            spent.
    """
    alpha = look_level(asked, looks=settings.looks, alpha=settings.alpha) if settings.looks > 1 else settings.alpha
    confirmatory: list[int] = []
    exploratory: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, found in enumerate(findings):
        match found.role:
            case "confirmatory":
                confirmatory.append(index)
            case "exploratory":
                exploratory[found.model, found.measure].append(index)
            case "descriptive":
                continue
            case _ as unreachable:
                assert_never(unreachable)
    decided = list(findings)
    adjusted = (
        _adjusted(findings, [confirmatory], adjust=lambda families: [holm(family) for family in families]),
        _adjusted(findings, list(exploratory.values()), adjust=lambda families: hierarchical(families, alpha=alpha)),
    )
    for index, (p, p_margin) in (pair for part in adjusted for pair in part.items()):
        if interim and settings.looks == 1 and findings[index].role == "confirmatory":
            continue
        decided[index] = _decided(findings[index], p_adjusted=p, p_margin=p_margin, alpha=alpha)
    return tuple(decided)


_P = list[float | None]
_UNSEEN = (
    "What was seen lies within the margin, but the sample is too small to say so of others: enough items or users "
    "could react strongly without one of them being here."
)


def _adjusted(
    findings: Sequence[Finding], families: list[list[int]], *, adjust: Callable[[list[_P]], list[_P]]
) -> dict[int, tuple[float | None, float | None]]:
    """Adjusted p against zero and against the margin, by place of the finding."""
    zero = adjust([[findings[index].p for index in family] for family in families])
    margin = adjust([[_margin_p(findings[index]) for index in family] for family in families])
    return {
        index: (p, p_margin)
        for family, ps, p_margins in zip(families, zero, margin, strict=True)
        for index, p, p_margin in zip(family, ps, p_margins, strict=True)
    }


def _margin_p(finding: Finding) -> float | None:
    """The p against the margin that is adjusted: what was seen. The sample itself is judged once, see `_unseen`."""
    against = finding.equivalence
    if against is None:
        return None
    return against.p if against.p_seen is None else against.p_seen


def _unseen(number: Tested, *, p_margin: float | None, alpha: float) -> bool:
    """Whether only units that may be missing from the sample lie between the estimate and the margin."""
    against = number.equivalence
    return against is not None and p_margin is not None and p_margin < alpha <= against.p


def _decided(finding: Finding, *, p_adjusted: float | None, p_margin: float | None, alpha: float) -> Finding:
    if finding.tested is None:
        return finding
    notes, number = finding.notes, finding.tested
    if number.equivalence is not None and _unseen(number, p_margin=p_margin, alpha=alpha):
        number = replace(number, equivalence=replace(number.equivalence, only_unseen=True))
        notes, p_margin = (*notes, _UNSEEN), None
    decision = verdict(p=p_adjusted, p_equivalence=p_margin, alpha=alpha)
    if decision == "equivalent" and p_adjusted is not None and p_adjusted < alpha:
        notes = (*notes, "Differs from zero, but by less than the margin stated beforehand.")
    spread = _adjusted_spread(number, p_adjusted=p_adjusted, alpha=alpha)
    caution = _caution(number, decision=decision)
    number = replace(number, p_adjusted=p_adjusted, spread_adjusted=spread, verdict=decision, caution=caution)
    bounds = number.bounds
    if bounds is not None and bounds.missing:
        number = replace(number, bounds=replace(bounds, tipping=_tipping(number, bounds, decision, alpha=alpha)))
    return replace(finding, number=number, notes=notes)


def _caution(number: Tested, *, decision: Decision) -> MissingCaution | None:
    """The caution about missing answers, where their shares differ by more than the margin or the verdict can turn."""
    bounds = number.bounds
    if bounds is None or bounds.missing == 0 or number.equivalence is None:
        return None
    margin = number.equivalence.margin
    match decision:
        case "difference":
            turns = bounds.low <= 0 <= bounds.high
        case "equivalent":
            turns = bounds.low < -margin or bounds.high > margin
        case "inconclusive":
            turns = False
        case _ as unreachable:
            assert_never(unreachable)
    differs = abs(bounds.first - bounds.second) > margin
    return MissingCaution(differs=differs, turns=turns) if differs or turns else None


def _adjusted_spread(number: Tested, *, p_adjusted: float | None, alpha: float) -> Spread | None:
    """The interval at the level that the adjustment leaves to this test."""
    spread = number.spread
    if spread is None or p_adjusted is None:
        return None
    # The test rejects where its p is below this level, which is where the adjusted p is below alpha.
    level = alpha * min(1.0, number.p / p_adjusted) if p_adjusted > 0 else alpha
    low, high = spread.low, spread.high
    if spread.se is not None and spread.se > 0 and level > 0:
        half = spread.se * quantile(1 - level / 2, df=spread.df)
        low, high = number.value - half, number.value + half
    low, high = agreeing(low, high, estimate=number.value, p=number.p, level=level, df=spread.df)
    return Spread(low=low, high=high, confidence=1 - level, se=spread.se, df=spread.df)


def _tipping(number: Tested, bounds: MissingBounds, decision: Decision, *, alpha: float) -> float | None:
    """Share of the missing that would have to be right on the plus side, and wrong on the other, to change a verdict.

    The estimate moves in a straight line from its lower to its upper bound as that share goes from 0 to 1; standard
    error and adjustment are held.
    """
    spread = number.spread_adjusted
    width = bounds.high - bounds.low
    if spread is None or width <= 0 or spread.se is None:
        return None
    reach = max(number.value - spread.low, spread.high - number.value)
    inside = None
    if number.equivalence is not None and spread.se > 0:
        inside = number.equivalence.margin - spread.se * quantile(1 - alpha, df=spread.df)
    sign = 1.0 if number.value >= 0 else -1.0
    match decision:
        case "difference":
            edges = [sign * reach]
        case "equivalent":
            edges = [] if inside is None else [inside, -inside]
        case "inconclusive":
            edges = [reach, -reach, *([] if inside is None or inside <= 0 else [inside, -inside])]
        case _ as unreachable:
            assert_never(unreachable)
    shares = [(edge - bounds.low) / width for edge in edges]
    here = (number.value - bounds.low) / width
    possible = [share for share in shares if 0.0 <= share <= 1.0]
    return min(possible, key=lambda share: abs(share - here), default=None)
