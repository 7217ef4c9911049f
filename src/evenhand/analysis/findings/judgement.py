"""From estimates to verdicts: families, adjusted p-values, and the three-valued verdict.

The confirmatory family holds the plan's confirmatory contrasts of all models and is adjusted by Holm (family-wise
error). Every other measure forms an exploratory family of its own within a model and is adjusted by Benjamini-Hochberg
(false discovery rate). Which family a finding belongs to is decided when it is made
(`evenhand.analysis.findings.claim`). The p-values against zero and those against the margin are adjusted each by
themselves; a finding shows the second unadjusted and its verdict rests on the adjusted one. docs/methods/verdicts.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from evenhand.analysis.estimators.equivalence import verdict
from evenhand.analysis.estimators.multiplicity import benjamini_hochberg, holm
from evenhand.analysis.estimators.spending import look_level
from evenhand.records.estimate import Decision, MissingCaution, Tested
from evenhand.records.finding import Finding
from evenhand.records.settings import AnalysisSettings

__all__ = ["judged"]

_Family = tuple[str, ...]


def judged(
    findings: Sequence[Finding], *, settings: AnalysisSettings, interim: bool = False, asked: float = 1.0
) -> tuple[Finding, ...]:
    """The findings with adjusted p and verdict, in the order given.

    Args:
        findings: All findings of a report.
        settings: What the plan told the analysis.
        interim: Cells of the plan were not asked yet: confirmatory findings then get no verdict, unless looks were
            planned.
        asked: Share of the plan's cells that were asked; with planned looks it decides how much of the level may be
            spent.
    """
    alpha = look_level(asked, looks=settings.looks, alpha=settings.alpha) if settings.looks > 1 else settings.alpha
    decided = list(findings)
    members: dict[_Family, list[int]] = defaultdict(list)
    for index, found in enumerate(findings):
        match found.role:
            case "confirmatory":
                members["confirmatory",].append(index)
            case "exploratory":
                members["exploratory", found.model, found.measure].append(index)
            case "descriptive":
                continue
            case _ as unreachable:
                assert_never(unreachable)
    for family, indices in members.items():
        adjust = holm if family[0] == "confirmatory" else benjamini_hochberg
        against_zero = adjust([findings[index].p for index in indices])
        margins = [findings[index].equivalence for index in indices]
        against_margin = adjust([None if margin is None else margin.p for margin in margins])
        for index, p, p_margin in zip(indices, against_zero, against_margin, strict=True):
            if interim and settings.looks == 1 and findings[index].role == "confirmatory":
                continue
            decided[index] = _decided(findings[index], p_adjusted=p, p_margin=p_margin, alpha=alpha)
    return tuple(decided)


def _decided(finding: Finding, *, p_adjusted: float | None, p_margin: float | None, alpha: float) -> Finding:
    if finding.tested is None:
        return finding
    decision = verdict(p=p_adjusted, p_equivalence=p_margin, alpha=alpha)
    notes = finding.notes
    if decision == "equivalent" and p_adjusted is not None and p_adjusted < alpha:
        notes = (*notes, "Differs from zero, but by less than the margin stated beforehand.")
    caution = _caution(finding.tested, decision=decision)
    number = replace(finding.tested, p_adjusted=p_adjusted, verdict=decision, caution=caution)
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
