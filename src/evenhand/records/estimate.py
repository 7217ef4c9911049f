"""The number of a finding: absent, a point, an interval, or tested. Nothing in it is NaN."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = [
    "Absent",
    "Carriers",
    "Ceiling",
    "Decision",
    "Equivalence",
    "Interval",
    "MissingBounds",
    "MissingCaution",
    "Number",
    "PointEstimate",
    "Spread",
    "Tested",
    "Unassessed",
    "Verdict",
]

Decision = Literal["difference", "equivalent", "inconclusive"]
"""What tests can say."""
Verdict = Literal["difference", "equivalent", "inconclusive", "not assessable"]
"""What a finding claims. `not assessable`: the answers could not have shown a difference, so nothing was tested."""


class Spread(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How well a number is known."""

    low: float
    """Lower end of the interval, on the scale of the number."""
    high: float
    """Upper end of the interval."""
    confidence: float = 0.95
    """Share of such intervals that hold the truth."""
    se: float | None = None
    """None where the interval does not come from a standard error (bootstrap, profile likelihood, exact)."""
    df: float | None = None
    """Satterthwaite degrees of freedom; None where the interval does not use a t distribution."""


SampledUnit = Literal["item", "user"]
"""What stands for more like it: the items, and the matched sets or profiles."""


class Shortfall(Struct, frozen=True, kw_only=True):
    """A kind of unit of which there are too few for any difference to be shown to lie within the margin."""

    of: SampledUnit
    """Which kind."""
    here: int
    """How many were asked."""
    needed: int
    """How many it takes at least. With fewer, so many could react without one of them being in the sample that no
    answers, however alike, show the difference to lie within the margin."""


class Equivalence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The test against the margin that was stated beforehand."""

    margin: float
    """Half-width, on the scale of the estimate."""
    p: float
    """Larger of the two one-sided p-values, not adjusted; skewness is allowed for, and units that react and are not in
    the sample."""
    p_seen: float | None = None
    """The same without the units that are not in the sample; this one is adjusted over the family. None where the two
    are not told apart."""
    alike: bool = False
    """Whether all differences are exactly alike, so that only the numbers of units speak."""
    unseen: float | None = None
    """Share of items or users that could react without one of them being in the sample: the upper bound of the smaller
    sample at the confidence of the intervals. None where units are not counted."""
    only_unseen: bool = False
    """Whether what was seen lies within the margin (adjusted p below the level), and only units that may be missing
    from the sample keep the verdict from being `equivalent`."""
    too_few: tuple[Shortfall, ...] = ()
    """Kinds of units of which so few were asked that the verdict could not have been `equivalent` whatever was
    answered."""


class MissingBounds(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The estimate with every missing answer at its worst and at its best."""

    low: float
    """The estimate with every missing answer at its worst."""
    high: float
    """The estimate with every missing answer at its best."""
    missing: int
    """Answers that are missing on either side."""
    first: float = 0.0
    """Share of trials without a usable answer on the side that counts as plus."""
    second: float = 0.0
    """The same on the other side."""
    tipping: float | None = None
    """Share of the missing answers that would have had to be right on the side that counts as plus, and wrong on the
    other, for the test's outcome to change; None where no such share from 0 to 1 changes it."""


class MissingCaution(Struct, frozen=True, kw_only=True):
    """Why missing answers are said before a verdict. At least one of the two holds."""

    differs: bool
    """The shares of missing answers differ by more than the margin."""
    turns: bool
    """The worst-case bounds would change the verdict."""


class Ceiling(Struct, frozen=True, kw_only=True):
    """How far a verdict about right and wrong answers reaches where an assistant is nearly always right."""

    items: int
    """Items that were answered."""
    right: int
    """Of these, answered right in every arm: they would show a loss, never a gain or a shift on the right side."""
    wrong: int
    """Of these, answered wrong in every arm."""


class Carriers(Struct, frozen=True, kw_only=True):
    """What a difference rests on: how few units carry it, and what one of them changes."""

    items: int
    """Fewest items that carry at least half of the difference; 0 where it is 0."""
    profiles: int
    """Fewest matched sets or profiles that do."""
    item_change: float
    """Largest change of the estimate when one item is left out, signed."""
    profile_change: float
    """The same for one matched set or profile."""


class Absent(Struct, frozen=True, kw_only=True, tag="absent", tag_field="form"):
    """There is no number."""

    reason: str
    """Why, as a sentence."""


class PointEstimate(Struct, frozen=True, kw_only=True, tag="point", tag_field="form"):
    """A number without an interval."""

    value: float
    """The estimate, on the scale of the quantity."""


class Interval(Struct, frozen=True, kw_only=True, tag="interval", tag_field="form"):
    """A number with an interval that is not compared with zero, such as a rate or a standard deviation."""

    value: float
    """The estimate, on the scale of the quantity."""
    spread: Spread
    """How well it is known."""


class Tested(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="tested", tag_field="form"):
    """A number that is compared with zero, and with the margin where one has a meaning for it."""

    value: float
    """The estimate, on the scale of the quantity."""
    p: float
    """p-value against zero, two-sided, not adjusted."""
    spread: Spread | None = None
    """None for tests by permutation that give no interval."""
    p_adjusted: float | None = None
    """Adjusted over the finding's family; None until all findings are known."""
    spread_adjusted: Spread | None = None
    """The interval at the level that the adjustment leaves: it leaves zero out exactly where `p_adjusted` is below the
    level of the tests. None where there is no interval, or until all findings are known."""
    equivalence: Equivalence | None = None
    """None where a margin has no meaning, such as for log-odds."""
    smallest_detectable: float | None = None
    """Difference found at the stated power with this design and the variation seen; None where nothing varied."""
    bounds: MissingBounds | None = None
    """None where no bound was computed."""
    caution: MissingCaution | None = None
    """Set where missing answers could have made or hidden what was found."""
    ceiling: Ceiling | None = None
    """Set where `equivalent` speaks of right and wrong answers of an assistant that is nearly always right."""
    carriers: Carriers | None = None
    """None where units were not followed."""
    verdict: Decision | None = None
    """None until all findings are known, and for numbers that are tested for description only."""


class Unassessed(Struct, frozen=True, kw_only=True, tag="unassessed", tag_field="form"):
    """A number that may not be compared with zero or with a margin, because the answers could not have shown it."""

    value: float | None
    """None where nothing was answered."""
    reason: str
    """Why, as a sentence."""


Number = Absent | PointEstimate | Interval | Tested | Unassessed
