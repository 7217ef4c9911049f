"""The decision: pass, not met, inconclusive or not assessable, for each rule and over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from evenhand.gate.baseline import compared
from evenhand.gate.demands import Outlook, assessed
from evenhand.gate.policy import Policy, Rule
from evenhand.gate.result import Result, worst_of
from evenhand.gate.selection import nothing_picked, picked
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.identity import finding_id

__all__ = ["GATE_SCHEMA", "FindingDecision", "GateDecision", "RuleDecision", "decide"]

GATE_SCHEMA = "evenhand.gate/1"
"""Version of the shape of `evenhand gate --json`."""


class FindingDecision(Struct, frozen=True, kw_only=True):
    """What a rule says of one finding."""

    finding: str
    """Id of the finding."""
    title: str
    """The finding for people: model, kind and what is compared."""
    result: Result
    """What follows for the rule."""
    reason: str
    """Why, as a sentence with the numbers."""


class RuleDecision(Struct, frozen=True, kw_only=True):
    """What one rule says of a run."""

    name: str
    """Name of the rule."""
    result: Result
    """The worst of its findings; not assessable where it picks none."""
    reason: str
    """Why: the finding that decides, or why none was picked."""
    findings: tuple[FindingDecision, ...]
    """Every finding that it picks, in the order of findings.json."""
    line: int | None = None
    """Line of the policy's file on which the rule begins, from 1; None where that is not known."""


class GateDecision(Struct, frozen=True, kw_only=True, tag_field="schema", tag=GATE_SCHEMA):
    """What a policy says of a run."""

    policy: str
    """Name of the policy."""
    file: str
    """Where the policy was read; empty for the shipped one."""
    run: str
    """Title of the run; empty for a bare table."""
    plan_sha256: str
    """Hash of the plan that was run; empty for a bare table."""
    result: Result
    """The worst of the rules."""
    reason: str
    """What decides, as a sentence."""
    rules: tuple[RuleDecision, ...]
    """In the order of the policy."""


def decide(
    policy: Policy, findings: Findings, *, title: Callable[[Finding], str], changes: Findings | None = None
) -> GateDecision:
    """What a policy says of the findings of a run.

    Args:
        policy: The rules.
        findings: The whole of findings.json.
        title: How people call a finding; the report's own titles, so that gate and page say the same.
        changes: What changed since a baseline run, for rules that compare with one; None: no baseline was named.

    Raises:
        PolicyError: A rule asks for less certainty than the plan's tests have.
    """
    lines = policy.lines or (None,) * len(policy.rule)
    rules = tuple(
        replace(_rule(rule, findings, changes, title=title), line=line)
        for rule, line in zip(policy.rule, lines, strict=True)
    )
    result = worst_of(rule.result for rule in rules)
    run = findings.run
    return GateDecision(
        policy=policy.name,
        file=policy.file,
        run="" if run is None else run.title,
        plan_sha256="" if run is None else run.plan_sha256,
        result=result,
        reason=_reason(result, rules),
        rules=rules,
    )


def _reason(result: Result, rules: tuple[RuleDecision, ...]) -> str:
    """The rules that decide."""
    deciding = [rule for rule in rules if rule.result == result]
    if result == "pass":
        return "Its only rule is met." if len(rules) == 1 else f"All {len(rules)} rules are met."
    more = f" {len(deciding) - 1} more of {len(rules)} rules: {result}." if len(deciding) > 1 else ""
    return f"Rule {deciding[0].name!r}: {deciding[0].reason}{more}"


def _rule(rule: Rule, findings: Findings, changes: Findings | None, *, title: Callable[[Finding], str]) -> RuleDecision:
    chosen = picked(rule, findings.findings)
    if rule.not_worse and changes is not None:
        chosen = compared(chosen, changes.findings) or chosen
    if not chosen:
        return RuleDecision(
            name=rule.name,
            result="not assessable",
            reason=nothing_picked(rule, findings.findings),
            findings=(),
        )
    outlook = Outlook.of(findings, rule, changes=changes)
    decided = tuple(_finding(finding, rule, outlook, title=title) for finding in chosen)
    result = worst_of(one.result for one in decided)
    return RuleDecision(
        name=rule.name, result=result, reason=_deciding(chosen, decided, result=result), findings=decided
    )


def _finding(finding: Finding, rule: Rule, outlook: Outlook, *, title: Callable[[Finding], str]) -> FindingDecision:
    result, reason = assessed(finding, rule, outlook)
    kind = "" if finding.kind == "all" else f", {finding.kind}"
    return FindingDecision(
        finding=finding_id(finding), title=f"{finding.model}{kind}: {title(finding)}", result=result, reason=reason
    )


def _deciding(chosen: Iterable[Finding], decided: tuple[FindingDecision, ...], *, result: Result) -> str:
    """The finding that decides: of those with the rule's result, the one farthest from zero."""
    ranked = [(abs(finding.value or 0.0), one) for finding, one in zip(chosen, decided, strict=True)]
    own = [pair for pair in ranked if pair[1].result == result]
    worst = max(own, key=lambda pair: pair[0])[1]
    others = f" ({len(own)} of {len(decided)} findings)" if len(decided) > 1 else ""
    return f"{worst.title}: {worst.reason}{others}"
