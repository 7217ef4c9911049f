"""What a rule says of one finding: the demands in the order in which they decide.

1. Too many answers are missing, or the answers could not have shown a difference: not assessable.
2. A difference was found, or the number lies beyond the bound: not met.
3. The run was too small for the policy's minimum power or maximum smallest detectable: inconclusive.
4. What is demanded is shown: pass; otherwise inconclusive.

A rule that compares with a baseline run demands that a difference has not grown (`gate/baseline.py`); one that allows
what was repaired turns to the policies that were tried where a difference was found (`gate/repair.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self, assert_never

from msgspec import Struct

from evenhand.errors import PolicyError
from evenhand.gate.baseline import change_of, grown
from evenhand.gate.margin import claim, power_at
from evenhand.gate.policy import Rule
from evenhand.gate.repair import repaired
from evenhand.gate.result import Result
from evenhand.gate.words import PROPORTIONS, certain, number, percent, with_interval
from evenhand.records.estimate import Absent, Interval, PointEstimate, Tested, Unassessed
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.results import OutcomeCount
from evenhand.records.settings import AnalysisSettings
from evenhand.records.tried import TriedPolicy

__all__ = ["Outlook", "assessed"]

Assessment = tuple[Result, str]


class Outlook(Struct, frozen=True, kw_only=True):
    """What a rule is read against besides the finding itself."""

    margin: float
    """Margin that the plan stated."""
    certainty: float
    """Certainty that the rule asks for; that of the plan's tests where it names none."""
    settings: AnalysisSettings
    """What the plan told the analysis."""
    outcomes: tuple[OutcomeCount, ...]
    """How trials ended."""
    unfinished: bool
    """Whether cells of the plan were not asked."""
    tried: tuple[TriedPolicy, ...] = ()
    """Policies that were tried in the same run."""
    changes: tuple[Finding, ...] | None = None
    """What changed since a baseline run; None where none was named."""

    @classmethod
    def of(cls, findings: Findings, rule: Rule, *, changes: Findings | None = None) -> Self:
        """The outlook of a rule on a run, and on what changed since a baseline run.

        Raises:
            PolicyError: The rule asks for less certainty than the plan's tests have.
        """
        settings = findings.settings
        planned = 1 - settings.alpha
        if rule.certainty is not None and rule.certainty < planned - 1e-9:
            raise PolicyError(
                f"rule {rule.name!r} asks for certainty {rule.certainty:g}, less than the {planned:g} of the plan; "
                "tests cannot be made laxer afterwards: raise it, or leave it out"
            )
        return cls(
            margin=settings.margin,
            certainty=max(planned, rule.certainty or 0.0),
            settings=settings,
            outcomes=findings.outcomes,
            unfinished=findings.run is not None and findings.run.interim,
            tried=findings.tried,
            changes=None if changes is None else changes.findings,
        )


def assessed(finding: Finding, rule: Rule, outlook: Outlook) -> Assessment:
    """What a rule says of one finding, and why."""
    missing = _missing(finding, rule, outlook)
    if missing is not None:
        return missing
    made = _since_baseline(finding, rule, outlook) if rule.not_worse else _number(finding, rule, outlook)
    if made[0] != "not met" or rule.unless_repaired_by is None:
        return made
    result, why = repaired(outlook.tried, finding=finding, by=rule.unless_repaired_by)
    return result, f"{made[1].removesuffix('.')}; {why}."


def _since_baseline(finding: Finding, rule: Rule, outlook: Outlook) -> Assessment:
    """Whether a difference is shown not to have grown since the baseline run."""
    if outlook.changes is None:
        return "not assessable", "there is no run to compare with; name one with --baseline."
    change = change_of(finding, outlook.changes)
    if change is None:
        return "not assessable", "the baseline run does not have it."
    planned = outlook.margin if finding.equivalence is None else finding.equivalence.margin
    return grown(
        finding,
        change,
        margin=planned if rule.margin is None else rule.margin,
        own=rule.margin is not None,
        certainty=outlook.certainty,
    )


def _missing(finding: Finding, rule: Rule, outlook: Outlook) -> Assessment | None:
    """Set where more answers are missing than the rule allows, or nobody knows how many."""
    if rule.maximum_missing is None:
        return None
    shares = list(_missing_shares(finding, outlook))
    if not shares:
        return "not assessable", "how many answers are missing is not known."
    if max(shares) <= rule.maximum_missing:
        return None
    return "not assessable", (
        f"{percent(max(shares))} of the trials have no usable answer; the rule allows {percent(rule.maximum_missing)}."
    )


def _missing_shares(finding: Finding, outlook: Outlook) -> Iterator[float]:
    """Shares of missing answers on both sides, and of every group of arms of the same model and kind."""
    if finding.bounds is not None:
        yield from (finding.bounds.first, finding.bounds.second)
    for group in outlook.outcomes:
        if group.model == finding.model and finding.kind in ("all", group.kind):
            yield group.missing


def _number(finding: Finding, rule: Rule, outlook: Outlook) -> Assessment:
    match finding.number:
        case Absent(reason=reason):
            return ("inconclusive" if finding.verdict is not None else "not assessable"), reason
        case Unassessed(reason=reason):
            return "not assessable", reason
        case PointEstimate():
            return "not assessable", f"{number(finding, finding.value)} has no interval, so nothing is shown of it."
        case Interval():
            if not rule.bounded:
                return "not assessable", (
                    f"{finding.measure} is not compared with zero; give the rule a minimum or a maximum."
                )
            return _bounded(finding, rule, outlook)
        case Tested() as tested:
            if rule.bounded:
                return _bounded(finding, rule, outlook)
            return _against_margin(finding, tested, rule, outlook)
        case _ as unreachable:
            assert_never(unreachable)


def _bounded(finding: Finding, rule: Rule, outlook: Outlook) -> Assessment:
    """Whether the whole interval lies at or above the minimum and at or below the maximum."""
    spread = certain(finding, outlook.certainty)
    said = with_interval(finding, spread)
    if spread is None:
        return "not assessable", f"{said} has no interval of {outlook.certainty:.4g}, so nothing is shown of it."
    low, high = rule.minimum, rule.maximum
    if low is not None and spread.high < low:
        return "not met", f"{said}, below the minimum of {number(finding, low)}."
    if high is not None and spread.low > high:
        return "not met", f"{said}, above the maximum of {number(finding, high)}."
    small = _too_small(finding, rule, margin=outlook.margin, alpha=outlook.settings.alpha)
    if small is not None:
        return small
    if low is not None and spread.low < low:
        return "inconclusive", f"{said}; not shown to be at least {number(finding, low)}."
    if high is not None and spread.high > high:
        return "inconclusive", f"{said}; not shown to be at most {number(finding, high)}."
    return "pass", f"{said}, as demanded."


def _against_margin(finding: Finding, tested: Tested, rule: Rule, outlook: Outlook) -> Assessment:
    """Whether a difference was found, or the absence of one larger than the margin."""
    planned = outlook.margin if tested.equivalence is None else tested.equivalence.margin
    margin = planned if rule.margin is None else rule.margin
    said = with_interval(finding, tested.spread_adjusted or tested.spread)
    if tested.verdict is None:
        if outlook.unfinished:
            return "inconclusive", f"{said}; the run is unfinished, so there is no verdict yet."
        return "not assessable", f"{said}; it is tested for description only and carries no verdict."
    found = claim(
        tested,
        margin=margin,
        own=rule.margin is not None,
        certainty=outlook.certainty,
        proportion=finding.quantity.scale in PROPORTIONS,
    )
    within = number(finding, margin)
    match found:
        case "difference":
            return "not met", f"{said}: a difference, and not shown to be smaller than {within}{_caution(finding)}."
        case "equivalent":
            small = _too_small(finding, rule, margin=margin, alpha=outlook.settings.alpha)
            return small or ("pass", f"{said}: smaller than {within}{_caution(finding)}.")
        case "inconclusive":
            return "inconclusive", f"{said}: neither a difference nor shown to be smaller than {within}."
        case _ as unreachable:
            assert_never(unreachable)


def _caution(finding: Finding) -> str:
    return "; missing answers could have made or hidden a difference" if finding.caution is not None else ""


def _too_small(finding: Finding, rule: Rule, *, margin: float, alpha: float) -> Assessment | None:
    """Set where the run could find less than the rule demands."""
    if rule.maximum_detectable is not None:
        least = finding.smallest_detectable
        if least is None or least > rule.maximum_detectable:
            known = "is not known" if least is None else f"is {number(finding, least)}"
            return "inconclusive", (
                f"the smallest difference that this run would have found {known}; the rule allows "
                f"{number(finding, rule.maximum_detectable)}."
            )
    if rule.minimum_power is not None:
        power = power_at(finding.spread, margin=margin, alpha=alpha)
        if power is None or power < rule.minimum_power:
            known = "is not known" if power is None else f"is {percent(power)}"
            return "inconclusive", (
                f"the power to find a difference of {number(finding, margin)} {known}; the rule asks for "
                f"{percent(rule.minimum_power)}."
            )
    return None
