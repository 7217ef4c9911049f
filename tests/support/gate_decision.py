"""A decision of the gate with every result, and with texts that try to break what holds them."""

from __future__ import annotations

from evenhand.gate.decision import FindingDecision, GateDecision, RuleDecision
from evenhand.gate.result import RESULTS, Result

NASTY = "<script>&\"'\x00\x1b[31m\u202egnp]]>\ud800\ufffe"


def hostile_decision(results: tuple[Result, ...] = RESULTS, text: str = NASTY) -> GateDecision:
    """One rule with a finding of each result, and one that picks none."""
    found = tuple(FindingDecision(finding=text, title=text, result=result, reason=text) for result in results)
    return GateDecision(
        policy=text,
        file=text,
        run=text,
        plan_sha256=text,
        result="not met",
        reason=text,
        rules=(
            RuleDecision(name=text, result="not met", reason=text, findings=found),
            RuleDecision(name="empty", result="not assessable", reason=text, findings=()),
        ),
    )
