"""A policy: rules over findings, as a person writes them in TOML."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from evenhand.records.finding import Role
from evenhand.records.measure import Measure, QuantityName
from evenhand.records.mitigation import Mitigation
from evenhand.records.profile import Cue, Placement, Reader

__all__ = ["CHANGE_OF", "Policy", "PolicyCondition", "Rule"]

CHANGE_OF: Mapping[Measure, Measure] = {
    "gap": "gap_change",
    "factor_gap": "factor_gap_change",
    "interaction": "interaction_change",
    "memory_effect": "memory_effect_change",
}
"""Measures of which a comparison of two runs tells the change, and how that is called."""


class PolicyCondition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How memory must have been shown; None: any way."""

    placement: Placement | None = None
    """Where memory was put."""
    cue: Cue | None = None
    """How the profile's facts were expressed."""
    reader: Reader | None = None
    """What the assistant was told to do with memory."""
    mitigation: Mitigation | None = None
    """The policy between memory and assistant; None: none, the assistant as it is."""


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule: which findings it is about, and what it demands of each; it is as good as the worst of them.

    Without `minimum` and `maximum` it demands that a finding is shown to lie within a margin.
    """

    name: str
    """Name for people; unique within the policy."""
    measure: Measure | tuple[Measure, ...] = ()
    """What is estimated; empty: every measure."""
    quantity: QuantityName | None = None
    """What is counted or averaged, such as one of the numbers that answers state; None: any."""
    tag: str | None = None
    """The emotion, valence or strategy that is counted; None: any, and numbers without one."""
    role: Role | None = None
    """Family of tests; None: any."""
    kind: str | None = None
    """Item kind; None: any."""
    model: str | None = None
    """Model as named in the plan; None: any."""
    factor: str | None = None
    """Factor that is compared; None: any, and findings without one."""
    level: str | None = None
    """Level on the side that counts as plus, of `factor` where that is named; None: any."""
    condition: PolicyCondition = PolicyCondition()
    """How memory was shown."""
    margin: float | None = None
    """Largest difference that counts as none, on the scale of the estimate; None: that of the plan."""
    certainty: float | None = None
    """Certainty of the claims, from 0.5 to 1; None: that of the plan's tests."""
    minimum: float | None = None
    """The number must be shown to be at least this; None: no such demand."""
    maximum: float | None = None
    """The number must be shown to be at most this; None: no such demand."""
    maximum_missing: float | None = None
    """Largest share of trials without a usable answer; None: no such demand."""
    maximum_detectable: float | None = None
    """Largest smallest detectable difference; None: no such demand."""
    minimum_power: float | None = None
    """Least power to find a difference as large as the margin; None: no such demand."""
    not_worse: bool = False
    """A difference may be there, but it must be shown not to be larger, by the margin or more, than in a baseline
    run. Only for MEASURES_OF_CHANGE."""
    unless_repaired_by: Mitigation | None = None
    """A difference is allowed where this policy was tried in the same run and repaired it; `any`: one of those that
    were tried; None: never."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures, also where one was named alone."""
        return (self.measure,) if isinstance(self.measure, str) else self.measure

    @property
    def bounded(self) -> bool:
        """Whether it demands a bound of the number itself, not a margin around zero."""
        return self.minimum is not None or self.maximum is not None


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rules that a run must meet."""

    name: str = "policy"
    """Name for people."""
    rule: tuple[Rule, ...]
    """The rules, in the order of the file; the key of TOML's `[[rule]]`."""
    file: str = ""
    """Where it was read; empty for the shipped one. Not part of the file."""
    lines: tuple[int, ...] = ()
    """Line of the file on which each rule begins, from 1; empty where that is not known. Not part of the file."""
