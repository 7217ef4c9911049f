"""A finding: one estimand with its number, and where it holds."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import (
    Absent,
    Equivalence,
    Interval,
    MissingBounds,
    MissingCaution,
    Number,
    PointEstimate,
    Spread,
    Tested,
    Unassessed,
    Verdict,
)
from evenhand.records.measure import Measure, Quantity

__all__ = ["Finding", "Role", "SampleSize"]

Role = Literal["confirmatory", "exploratory", "descriptive"]
"""Which family of tests a finding belongs to. It is decided when the finding is made and never guessed from words."""


class SampleSize(Struct, frozen=True, kw_only=True):
    """How much a finding rests on."""

    trials: int
    """Trials that were used."""
    items: int
    """Different items among them."""
    profiles: int
    """Matched sets or profiles, whichever is the sampling unit."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One estimand with its number. Its id, title and sentences are made from these fields and never read back.

    Example:
        >>> import evenhand
        >>> findings = evenhand.open_run("runs/example").findings
        >>> gap = next(finding for finding in findings.findings if finding.measure == "gap")
        >>> gap.low <= gap.value <= gap.high
        True
    """

    measure: Measure
    """What is estimated."""
    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    arms: ArmContrast
    """Which arms it is about."""
    contrast: tuple[LevelContrast, ...] = ()
    """Factor levels that are compared; two for an interaction; none where arms are compared or nothing is."""
    quantity: Quantity
    """What is counted or averaged, and on which scale."""
    role: Role
    """Family of tests."""
    number: Number
    """The estimate and what is known of it."""
    sample: SampleSize
    """Trials, items and profiles behind it."""
    method: str
    """Name of the estimator; explained in docs/methods."""
    notes: tuple[str, ...] = ()
    """What a reader must know of this number, one sentence each."""

    @property
    def value(self) -> float | None:
        """The estimate; None where there is none."""
        match self.number:
            case Absent():
                return None
            case PointEstimate(value=value) | Interval(value=value) | Tested(value=value) | Unassessed(value=value):
                return value

    @property
    def spread(self) -> Spread | None:
        """Interval and standard error; None where there is none."""
        match self.number:
            case Absent() | PointEstimate() | Unassessed():
                return None
            case Interval(spread=spread) | Tested(spread=spread):
                return spread

    @property
    def low(self) -> float | None:
        """Lower end of the interval."""
        return self.spread.low if self.spread else None

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""
        return self.spread.high if self.spread else None

    @property
    def tested(self) -> Tested | None:
        """The number as a tested one; None for all others."""
        return self.number if isinstance(self.number, Tested) else None

    @property
    def p(self) -> float | None:
        """p-value against zero, not adjusted."""
        return self.tested.p if self.tested else None

    @property
    def p_adjusted(self) -> float | None:
        """p-value against zero, adjusted over the family."""
        return self.tested.p_adjusted if self.tested else None

    @property
    def equivalence(self) -> Equivalence | None:
        """The test against the margin."""
        return self.tested.equivalence if self.tested else None

    @property
    def bounds(self) -> MissingBounds | None:
        """Worst-case bounds over the missing answers."""
        return self.tested.bounds if self.tested else None

    @property
    def caution(self) -> MissingCaution | None:
        """Why missing answers are said before the verdict; None where they are not."""
        return self.tested.caution if self.tested else None

    @property
    def smallest_detectable(self) -> float | None:
        """Difference that this design would find at the stated power."""
        return self.tested.smallest_detectable if self.tested else None

    @property
    def verdict(self) -> Verdict | None:
        """What may be claimed: None for descriptive findings; a contrast without a number is inconclusive."""
        match self.number:
            case Tested(verdict=verdict):
                return verdict
            case Unassessed():
                return "not assessable"
            case Absent():
                return "inconclusive" if self.role != "descriptive" else None
            case PointEstimate() | Interval():
                return None

    def covers(self, truth: float) -> bool:
        """Whether the finding has an interval and `truth` lies in it."""
        return self.spread is not None and self.spread.low <= truth <= self.spread.high
