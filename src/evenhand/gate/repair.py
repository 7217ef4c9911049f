"""A difference that a policy of the same run repaired may pass, where the rule says so.

The word of a policy rests on the plan's primary outcome. A difference in another number that answers state, such as a
rating or the length of a written answer, passes only where the policy repaired the primary outcome and this number too.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from evenhand.errors import near_miss
from evenhand.gate.result import Result
from evenhand.records.finding import Finding
from evenhand.records.tried import PolicyChange, TriedPolicy

__all__ = ["ANY_POLICY", "repaired"]

ANY_POLICY = "any"
"""In a rule: one of the policies that were tried."""


def repaired(tried: Sequence[TriedPolicy], *, finding: Finding, by: str) -> tuple[Result, str]:
    """What follows for a difference from the policies that were tried against it.

    Args:
        tried: Every policy of the run.
        finding: The difference, found without a policy.
        by: Name of the policy that must have repaired it, or ANY_POLICY.

    Returns:
        The result, and the end of the sentence that says why. Pass: a policy repaired it. Inconclusive: the run is not
        finished. Otherwise not met, for the difference stays.
    """
    own = [policy for policy in tried if policy.model == finding.model]
    names = [policy.policy for policy in own]
    if not own:
        return "not met", "no policy was tried against it; audit again with `--mitigation`"
    asked = own if by == ANY_POLICY else [policy for policy in own if policy.policy == by]
    if not asked:
        return "not met", f"{by!r} was not tried{near_miss(by, names)}; tried: {', '.join(names)}"
    winners = [policy for policy in asked if policy.verdict == "repaired"]
    closed = [policy.policy for policy in winners if _closed(policy, finding)]
    if closed:
        return "pass", f"repaired by {' and by '.join(closed)}"
    if winners:
        by = " and by ".join(policy.policy for policy in winners)
        return "not met", f"the primary outcome is repaired by {by}, and this number is not shown to be"
    said = ", ".join(f"{policy.policy} ({policy.verdict or 'no verdict yet'})" for policy in asked)
    if any(policy.verdict is None for policy in asked):
        return "inconclusive", f"tried against it: {said}; the run is unfinished"
    return "not met", f"tried against it: {said}"


def _closed(policy: TriedPolicy, finding: Finding) -> bool:
    """Whether a number that answers state lies within its margin with the policy; of others the policy's word speaks.

    A divergence has no margin: it is shown to be smaller, and no longer shown.
    """
    if finding.measure not in ("shift", "divergence"):
        return True
    return any(
        change.after_verdict == "equivalent"
        if finding.measure == "shift"
        else change.change_verdict == "difference" and change.after_verdict != "difference"
        for change in policy.changes
        if (change.aspect, change.kind, change.quantity, change.arms, change.contrast)
        == (finding.measure, finding.kind, finding.quantity, finding.arms, finding.contrast)
        and replace(change.where, mitigation="none") == finding.where
        and _smaller(change)
    )


def _smaller(change: PolicyChange) -> bool:
    return abs(change.after or 0.0) <= abs(change.before or 0.0)
