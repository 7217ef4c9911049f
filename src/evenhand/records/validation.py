"""What must hold before a bank may call itself validated, and what held when it did."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Criteria", "ShareInterval", "Validation"]

ShareInterval = Literal["wilson", "exact"]
"""Interval of a share: Wilson's, or the exact one of Clopper and Pearson."""


class Criteria(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every item of a bank must meet; stated before the ratings are looked at."""

    schema: Literal["evenhand.criteria/1"] = "evenhand.criteria/1"
    """Version of the file's shape."""
    raters: int = 20
    """People who must have answered the item."""
    share: float = 0.5
    """Smallest share of them whose answer is the key, in [0, 1]."""
    lower_bound: float = 0.3
    """Smallest lower end of the interval of that share, in [0, 1]; above what guessing gives."""
    interval: ShareInterval = "wilson"
    """Which interval."""
    level: float = 0.95
    """Coverage of the interval, two-sided."""
    most_chosen: bool = True
    """Whether the key must be chosen more often than any other option."""
    sensitive: float | None = 0.2
    """An item is out when this share of people or more call it persona-sensitive; None: that is not asked for."""


class Validation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who rated a bank, and by which criteria it was judged."""

    who: str
    """Who the raters were and how they were found, in a sentence or two."""
    people: int
    """Raters who are people."""
    language_models: int = 0
    """Raters who are language models; their ratings count for no criterion."""
    judgements: int
    """Answers of people that were compared with a key."""
    criteria: Criteria
    """What every item was held against."""
    unmet: dict[str, tuple[str, ...]] = {}
    """Item id -> names of the criteria that it did not meet; empty: every item met all of them."""
