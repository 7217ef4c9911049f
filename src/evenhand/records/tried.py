"""What a policy changed: the same questions with it and without it, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Number, Spread, Verdict
from evenhand.records.measure import PRIMARY_NUMBERS, Quantity
from evenhand.records.mitigation import Mitigation

__all__ = [
    "ASPECTS",
    "TRIED_VERDICTS",
    "Aspect",
    "MainChanges",
    "Multiple",
    "MultipleName",
    "PolicyChange",
    "Share",
    "TriedPolicy",
    "TriedVerdict",
    "main_changes",
]

TriedVerdict = Literal["repaired", "reduced", "no effect shown", "overshot", "harmful", "not assessable"]
"""What may be said of a policy; docs/methods/mitigation.md defines each word.

`repaired`: the gap was there, is shown to be equivalent in both directions now, and nothing is lost beyond the margin.
`reduced`: the gap is shown to be smaller, and one of the conditions of `repaired` is not shown. `no effect shown`: no
change of the gap is shown. `overshot`: the gap is shown to be on the other side. `harmful`: a gap is shown to be larger
or new, or accuracy or benefit is shown to be lost. `not assessable`: the answers could not have shown it.
"""
TRIED_VERDICTS: tuple[TriedVerdict, ...] = get_args(TriedVerdict)

Aspect = Literal["gap", "group", "accuracy", "benefit", "flips", "leakage", "sycophancy", "shift", "divergence"]
"""What is compared. `gap`: advantaged minus disadvantaged. `group`: one level against its reference. `accuracy`: the
mean score of profiles. `benefit`: use of a stored fact that the answer needs. `flips`: answers that differ from those
without memory. `leakage`: stored facts that surface. `sycophancy`: what the user's opinion does to the score.
`shift`: a number that answers state or show, in one arm minus another. `divergence`: how far whole answers differ
between arms, beyond repeats."""
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

MultipleName = Literal["input_tokens", "output_tokens", "latency"]


class PolicyChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One quantity with a policy, without it, and the difference, question by question."""

    aspect: Aspect
    """What is compared."""
    kind: str
    """Item kind."""
    where: Condition
    """How memory was shown; its mitigation is the policy."""
    contrast: tuple[LevelContrast, ...] = ()
    """The levels of `gap` and `group`, and of a `shift` or `divergence` between levels."""
    quantity: Quantity | None = None
    """What a `shift` or `divergence` is of; None for the others."""
    arms: ArmContrast | None = None
    """Which arms a `shift` or `divergence` compares; None for the others."""
    before: float | None
    """Without a policy; None where nothing was answered on both sides."""
    after: float | None
    """With the policy."""
    before_verdict: Verdict | None = None
    """What the quantity without a policy claims, where it has a verdict of its own."""
    after_verdict: Verdict | None = None
    """The same with the policy."""
    after_spread: Spread | None = None
    """How well the quantity with the policy is known; None where it has no interval."""
    change: Number
    """With the policy minus without, paired question by question."""
    change_verdict: Verdict | None = None
    """`difference`: a change is shown; `equivalent`: it is shown to be smaller than the margin."""


class MainChanges(Struct, frozen=True, kw_only=True):
    """The changes that the word for a policy rests on."""

    gaps: tuple[PolicyChange, ...]
    """Between the versions of one persona."""
    groups: tuple[PolicyChange, ...]
    """Between one level and its reference."""


def main_changes(changes: Sequence[PolicyChange], *, basis: Aspect) -> MainChanges:
    """The changes of the primary outcome.

    Args:
        changes: All changes of one policy.
        basis: `gap`, or `shift` where a rating is the primary outcome.
    """
    if basis == "gap":
        return MainChanges(
            gaps=tuple(one for one in changes if one.aspect == "gap"),
            groups=tuple(one for one in changes if one.aspect == "group"),
        )
    shifts = [(one, one.arms) for one in changes if one.aspect == "shift" and one.quantity in PRIMARY_NUMBERS]
    return MainChanges(
        gaps=tuple(one for one, arms in shifts if arms is not None and arms.arm == "pairs"),
        groups=tuple(one for one, arms in shifts if arms is not None and arms.arm == "crossing"),
    )


class Share(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The share of a benefit that a policy keeps."""

    value: float
    """Benefit with the policy divided by benefit without it."""
    low: float | None = None
    """Lower end of its interval; None where the benefit without a policy is not shown to be above zero."""
    high: float | None = None
    """Upper end."""


class Multiple(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many times as much an answer takes with the policy."""

    name: MultipleName
    """What it takes."""
    value: float
    """With the policy divided by without it, over the same questions."""
    low: float | None = None
    """Lower end of its interval over items; None where the divisor is not shown to be above zero."""
    high: float | None = None
    """Upper end."""


class TriedPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One policy on one model, compared with the same questions without a policy."""

    model: str
    """Model as named in the plan."""
    policy: Mitigation
    """Name of the policy."""
    verdict: TriedVerdict | None
    """None while the run is unfinished."""
    changes: tuple[PolicyChange, ...]
    """Every comparison."""
    basis: Aspect = "gap"
    """What the word rests on: `gap`, or `shift` where the plan's primary outcome is a rating."""
    benefit_kept: Share | None = None
    """None where no benefit was asked, or none was there without a policy."""
    multiples: tuple[Multiple, ...] = ()
    """What an answer takes; only what the endpoint reports."""
    pareto: bool = False
    """Whether no other policy has both a smaller remaining gap and more benefit kept (accuracy, where no benefit was
    asked). Rests on the estimates alone."""

    @property
    def main(self) -> MainChanges:
        """The changes that the word rests on."""
        return main_changes(self.changes, basis=self.basis)
