"""Findings with policies that were tried, for the page."""

from __future__ import annotations

from msgspec.structs import replace

from evenhand.records.condition import Condition
from evenhand.records.estimate import Spread, Tested, Verdict
from evenhand.records.findings import Findings
from evenhand.records.tried import Aspect, Multiple, PolicyChange, Share, TriedPolicy, TriedVerdict
from tests.support.findings_fixture import quick_findings

MODEL = quick_findings().findings[0].model


def change(
    aspect: Aspect,
    before: float,
    after: float,
    *,
    shown: Verdict,
    policy: str = "gate",
    now: Verdict | None = None,
    was: Verdict | None = None,
) -> PolicyChange:
    moved = after - before
    spread = Spread(low=moved - 0.02, high=moved + 0.02)
    return PolicyChange(
        aspect=aspect,
        kind="benefit" if aspect == "benefit" else "understanding",
        where=Condition(mitigation=policy),
        before=before,
        after=after,
        before_verdict=was,
        after_verdict=now,
        after_spread=Spread(low=after - 0.01, high=after + 0.01),
        change=Tested(value=moved, p=0.01, spread=spread),
        change_verdict=shown,
    )


def tried(verdict: TriedVerdict | None, *, policy: str = "gate", after: float = 0.03, kept: float = 0.6) -> TriedPolicy:
    return TriedPolicy(
        model=MODEL,
        policy=policy,
        verdict=verdict,
        changes=(
            change("gap", 0.15, after, shown="difference", policy=policy, was="difference", now="inconclusive"),
            change("accuracy", 0.8, 0.85, shown="difference", policy=policy),
            change("benefit", 0.9, 0.9 * kept, shown="difference", policy=policy),
        ),
        benefit_kept=Share(value=kept, low=kept - 0.05, high=kept + 0.05),
        multiples=(
            Multiple(name="input_tokens", value=2.0, low=1.9, high=2.1),
            Multiple(name="output_tokens", value=1.0, low=1.0, high=1.0),
        ),
        pareto=policy == "redact",
    )


def findings_with(*policies: TriedPolicy) -> Findings:
    return replace(quick_findings(), tried=policies)


def tried_findings() -> Findings:
    """A page with every word for a policy, one name as long as names get."""
    return findings_with(
        tried("repaired", policy="redact", after=0.002, kept=0.99),
        tried("reduced"),
        tried("overshot", policy="two_pass", after=-0.09, kept=0.7),
        tried("no effect shown", policy="instruct", after=0.149, kept=1.0),
        tried("harmful", policy="a_policy_of_another_package_with_a_very_long_name", after=0.21, kept=0.2),
    )
