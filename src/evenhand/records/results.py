"""Results that other code needs besides the findings: one typed record per row, under keys of their own."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.trial import OutcomeName

__all__ = [
    "CellMean",
    "DesignPower",
    "EtsClass",
    "FactMention",
    "ItemReaction",
    "KeyedEmotion",
    "OptionShare",
    "OutcomeCount",
    "VarianceComponent",
]

EtsClass = Literal["A", "B", "C"]
"""Class of the Educational Testing Service: A negligible, B moderate, C large."""


class CellMean(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cell of the intersectional table."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    levels: dict[str, str]
    """Factor -> level."""
    trials: int
    """Trials of the cell."""
    raw: float | None
    """Mean score; None where nothing was answered."""
    pooled: float | None
    """Partially pooled over main effects and pairwise interactions; None where nothing was answered."""
    low: float | None
    """Lower end of the interval, which holds for all cells at once; None where there is no pooled mean."""
    high: float | None
    """Upper end of the same interval."""


class OutcomeCount(Struct, frozen=True, kw_only=True):
    """How the trials of one group of arms ended."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    arms: ArmContrast
    """The group of arms that is counted."""
    contrast: tuple[LevelContrast, ...]
    """The version of matched pairs that is counted; empty for a whole group."""
    outcomes: dict[OutcomeName, int]
    """Outcome -> trials; outcomes that did not occur are there with 0."""

    @property
    def trials(self) -> int:
        """Trials of the group."""
        return sum(self.outcomes.values())

    @property
    def missing(self) -> float:
        """Share of the trials without a usable answer."""
        return 1 - self.outcomes["answered"] / self.trials if self.trials else 0.0


class ItemReaction(Struct, frozen=True, kw_only=True):
    """One item in one comparison of groups: does it function differently?"""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    contrast: LevelContrast
    """The groups that are compared."""
    item: str
    """Item id; `BANK/ID` where several banks were asked."""
    odds_ratio: float | None
    """Odds of the best answer, reference against level; None where it is infinite or undefined."""
    delta: float | None
    """The same on the delta scale of the Educational Testing Service; None as above."""
    ets: EtsClass
    """Class by the delta scale."""
    met_level: int
    """Profiles with the level that met the item and have an answer."""
    met_reference: int
    """Profiles with the reference that did."""
    difference: float | None
    """Share of best answers at the level less that at the reference; None where one side has no answer."""
    low: float | None
    """Interval of the difference for this item by itself, with profiles as units; None as above."""
    high: float | None
    """Upper end of the same interval; None as above."""
    p: float | None
    """By permutation, adjusted over all items and tests of the comparison; None where the item is not testable because
    too few profiles met it."""
    sensitive: bool
    """Whether a test finds a reaction after adjustment."""


class KeyedEmotion(Struct, frozen=True, kw_only=True):
    """How often a group chose an emotion where another, or the same, is the keyed one."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    factor: str
    """Factor of the group."""
    level: str
    """Level of the group."""
    keyed: str
    """Emotion, or kind of advice, of the best option."""
    chosen: str
    """The one that was chosen; equal to `keyed` the share is the accuracy."""
    share: float
    """Of the group's answers on items with this key."""
    low: float
    """Lower end of the interval of the share, with units as for `high`."""
    high: float
    """Upper end of the interval of the share, with items as units where there are at least two and users otherwise."""
    answers: int
    """The group's answers on items with this key."""
    items: int
    """Items with this key that the group answered."""


class OptionShare(Struct, frozen=True, kw_only=True):
    """How often a group chose one wrong emotion, or one kind of advice."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    factor: str
    """Factor of the group."""
    level: str
    """Level of the group."""
    tag: str
    """Emotion or strategy."""
    share: float
    """Share of the group's answers."""
    answers: int
    """Answers of the group."""


class FactMention(Struct, frozen=True, kw_only=True):
    """Trials whose answer or reasoning mentions a stored fact, by dimension of the first fact mentioned."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    arm_kind: str
    """Which arms are counted."""
    dimension: str
    """Dimension of the first fact that is mentioned."""
    count: int
    """Trials with a mention."""
    share: float
    """Of the arm kind's trials that were looked at."""


class VarianceComponent(Struct, frozen=True, kw_only=True):
    """Standard deviation of one random effect of a mixed model."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    cohort: Literal["pairs", "crossing"]
    """Which design the model was fitted to."""
    term: str
    """Name of the random term."""
    sd: float
    """In log-odds where scores are right or wrong, on the probability scale where they are graded."""
    low: float | None
    """Lower end of its profile-likelihood interval; None where none was computed."""
    high: float | None
    """Upper end of the interval; None where none was computed."""
    levels: int
    """Levels of the grouping."""
    singular: bool
    """The likelihood is highest at 0, which is not evidence that there is no such variation."""


class DesignPower(Struct, frozen=True, kw_only=True):
    """Smallest gap that another size of the design would detect, the variation being as found."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind, or `all`."""
    where: Condition
    """How memory was shown."""
    size: str
    """Which size of the design is changed."""
    to: int
    """What the size is changed to."""
    smallest_gap: float
    """Probability scale, at the stated power."""
    low: float | None = None
    """Lower end of its 90% interval, because the variation was found in a run of limited size; None where unknown."""
    high: float | None = None
    """Upper end."""
