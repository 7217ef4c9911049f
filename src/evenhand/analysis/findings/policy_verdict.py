"""What may be said of a policy, from verdicts that are there already: a truth table, without a number of its own.

The words are asked in this order, and the first that holds is said: `not assessable`, `harmful`, `overshot`,
`repaired`, `reduced`, `no effect shown`. docs/methods/mitigation.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evenhand.records.estimate import Verdict
from evenhand.records.tried import PolicyChange, TriedVerdict

__all__ = ["GapState", "LossState", "gap_state", "loss_state", "policy_verdict"]


class GapState(Struct, frozen=True, kw_only=True):
    """One gap without and with a policy."""

    before: Verdict | None
    """Verdict of the gap without a policy."""
    after: Verdict | None
    """Verdict of the gap with it."""
    shown: bool
    """Whether a change of the gap is shown."""
    smaller: bool
    """Whether the gap is smaller in size with the policy, by the estimates."""
    same_side: bool
    """Whether the estimates of both gaps are on one side of zero, or one of them is zero."""

    @property
    def opened(self) -> bool:
        """A gap is shown to be larger, or is there with the policy and was not shown before, the change being shown."""
        return self.shown and not self.smaller and self.same_side and self.after != "equivalent"

    @property
    def crossed(self) -> bool:
        """A gap is shown on the other side."""
        return self.after == "difference" and not self.same_side and self.shown

    @property
    def closed(self) -> bool:
        """A gap that was shown is shown to be smaller."""
        return self.before == "difference" and self.shown and self.smaller


class LossState(Struct, frozen=True, kw_only=True):
    """Whether a policy costs accuracy, or the benefit of stored facts."""

    lost: bool
    """A loss is shown, and is not shown to be smaller than the margin."""
    held: bool
    """It is shown that nothing is lost beyond the margin."""


def policy_verdict(
    gaps: Sequence[GapState], *, groups: Sequence[GapState], losses: Sequence[LossState], benefit: bool
) -> TriedVerdict:
    """The word for a policy.

    Args:
        gaps: The main gap, of every kind of item.
        groups: Gaps of single levels: they can make a policy harmful, and keep it from being called repaired.
        losses: Accuracy and benefit, of every kind of item.
        benefit: Whether the benefit of stored facts was asked about; unasked, nothing is called repaired.
    """
    states = [*gaps, *groups]
    if not gaps or any("not assessable" in (gap.before, gap.after) for gap in gaps):
        return "not assessable"
    if any(loss.lost for loss in losses) or any(state.opened for state in states):
        return "harmful"
    if any(gap.crossed and gap.before == "difference" for gap in gaps):
        return "overshot"
    if any(state.crossed for state in states):
        return "harmful"
    closed = any(gap.closed for gap in gaps)
    level = all(gap.after == "equivalent" for gap in gaps) and not any(group.after == "difference" for group in groups)
    if closed and level and benefit and losses and all(loss.held for loss in losses):
        return "repaired"
    return "reduced" if closed else "no effect shown"


def gap_state(change: PolicyChange) -> GapState:
    """A gap as the truth table takes it; one without a number is inconclusive."""
    before, after = change.before or 0.0, change.after or 0.0
    return GapState(
        before=change.before_verdict,
        after=change.after_verdict,
        shown=change.change_verdict == "difference",
        smaller=abs(after) < abs(before),
        same_side=before * after >= 0.0,
    )


def loss_state(change: PolicyChange) -> LossState:
    """Accuracy or benefit as the truth table takes it: less is a loss, more is none."""
    moved = (change.after or 0.0) - (change.before or 0.0)
    shown = change.change_verdict == "difference"
    return LossState(lost=shown and moved < 0, held=change.change_verdict == "equivalent" or (shown and moved > 0))
