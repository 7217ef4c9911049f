"""From estimates to verdicts: families, adjusted p-values, and the three-valued verdict.

The confirmatory family holds the plan's confirmatory contrasts of all models, shown without a mitigation, and is
adjusted by Holm (family-wise error). Every other measure forms an exploratory family of its own within a model and is
adjusted by Benjamini-Hochberg (false discovery rate). The p-values against zero and those against the margin are
adjusted each by themselves; a finding shows the second unadjusted and its verdict rests on the adjusted one.
docs/methods/verdicts.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from evenhand.analysis.equivalence import verdict
from evenhand.analysis.multiplicity import benjamini_hochberg, holm
from evenhand.records.finding import AnalysisSettings, Family, Finding, MissingCaution, Verdict

__all__ = ["family_of", "judged"]

_DESCRIPTIVE = frozenset({"accuracy", "flip_rate", "missing_rate", "variance", "leakage", "silent_influence"})
_CONFIRMATORY_KINDS = frozenset({"understanding", "management"})


def family_of(finding: Finding, *, settings: AnalysisSettings) -> Family:
    """The family a finding belongs to.

    Confirmatory are the plan's confirmatory measures in their main form: no mitigation, no reader prompt, no cue style
    other than the stated one, and nothing after the placement in the finding's id (comparisons with placebo or in
    another scale are exploratory).
    """
    if finding.measure == "published_model":
        return "descriptive"
    untested = finding.p is None and finding.p_equivalence is None
    if untested and (finding.estimate is not None or finding.measure in _DESCRIPTIVE):
        return "descriptive"
    main = finding.id == f"{finding.measure}/{finding.model}/{finding.kind}/{finding.placement}"
    if finding.measure in settings.confirmatory and main and finding.kind in _CONFIRMATORY_KINDS:
        return "confirmatory"
    return "exploratory"


def judged(findings: Sequence[Finding], *, settings: AnalysisSettings) -> tuple[Finding, ...]:
    """The findings with family, adjusted p and verdict, in the order given."""
    named = [replace(found, family=family_of(found, settings=settings)) for found in findings]
    members: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, found in enumerate(named):
        if found.family == "confirmatory":
            members["confirmatory",].append(index)
        elif found.family == "exploratory":
            members["exploratory", found.model, found.measure].append(index)
    for family, indices in members.items():
        adjust = holm if family[0] == "confirmatory" else benjamini_hochberg
        against_zero = adjust([named[index].p for index in indices])
        against_margin = adjust([named[index].p_equivalence for index in indices])
        for index, p, p_margin in zip(indices, against_zero, against_margin, strict=True):
            named[index] = _decided(named[index], p_adjusted=p, p_margin=p_margin, alpha=settings.alpha)
    return tuple(named)


def _decided(finding: Finding, *, p_adjusted: float | None, p_margin: float | None, alpha: float) -> Finding:
    if finding.estimate is None:
        return replace(finding, verdict="inconclusive", missing=None)
    decision = verdict(p=p_adjusted, p_equivalence=p_margin, alpha=alpha)
    notes = finding.notes
    if decision == "equivalent" and p_adjusted is not None and p_adjusted < alpha:
        notes = (*notes, "Differs from zero, but by less than the margin stated beforehand.")
    return replace(
        finding, p_adjusted=p_adjusted, verdict=decision, notes=notes, missing=_caution(finding, decision=decision)
    )


def _caution(finding: Finding, *, decision: Verdict) -> MissingCaution | None:
    """The caution about missing answers, where their shares differ by more than the margin or the verdict can turn."""
    found, low, high, margin = finding.missing, finding.bound_low, finding.bound_high, finding.margin
    if found is None or low is None or high is None:
        return None
    match decision:
        case "difference":
            turns = low <= 0 <= high
        case "equivalent":
            turns = margin is not None and (low < -margin or high > margin)
        case "inconclusive":
            turns = False
        case _ as unreachable:
            assert_never(unreachable)
    return replace(found, turns=turns) if found.differs or turns else None
