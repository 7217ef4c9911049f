"""A difference that a policy of the same run repaired may pass, where the rule says so."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.errors import near_miss
from evenhand.gate.result import Result
from evenhand.records.tried import TriedPolicy

__all__ = ["ANY_POLICY", "repaired"]

ANY_POLICY = "any"
"""In a rule: one of the policies that were tried."""


def repaired(tried: Sequence[TriedPolicy], *, model: str, by: str) -> tuple[Result, str]:
    """What follows for a difference of a model from the policies that were tried against it.

    Args:
        tried: Every policy of the run.
        model: The model in which the difference was found.
        by: Name of the policy that must have repaired it, or ANY_POLICY.

    Returns:
        The result, and the end of the sentence that says why. Pass: a policy repaired it. Inconclusive: the run is not
        finished. Otherwise not met, for the difference stays.
    """
    own = [policy for policy in tried if policy.model == model]
    names = [policy.policy for policy in own]
    if not own:
        return "not met", "no policy was tried against it; audit again with `--mitigation`"
    asked = own if by == ANY_POLICY else [policy for policy in own if policy.policy == by]
    if not asked:
        return "not met", f"{by!r} was not tried{near_miss(by, names)}; tried: {', '.join(names)}"
    winners = [policy.policy for policy in asked if policy.verdict == "repaired"]
    if winners:
        return "pass", f"repaired by {' and by '.join(winners)}"
    said = ", ".join(f"{policy.policy} ({policy.verdict or 'no verdict yet'})" for policy in asked)
    if any(policy.verdict is None for policy in asked):
        return "inconclusive", f"tried against it: {said}; the run is unfinished"
    return "not met", f"tried against it: {said}"
