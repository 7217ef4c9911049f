"""What is compared with what: levels of factors, and groups of arms."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["ArmContrast", "ArmGroup", "LevelContrast", "LevelOf"]

ArmGroup = Literal["none", "placebo", "profile", "pairs", "crossing", "item_fact"]
"""`profile`: every profile. `pairs`: profiles of matched sets. `crossing`: profiles of the intersectional crossing."""


LevelOf = Literal["user", "item", "answer"]
"""`user`: each user has one level. `item`: each item has one. `answer`: levels change within users and items."""


class LevelContrast(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One factor's part of a comparison. Factor and level travel as a pair and are never joined into one word."""

    factor: str
    """Factor id."""
    level: str
    """Level id on the side that counts as plus."""
    reference: str | None = None
    """Level id on the other side; None where a number is about the level alone, such as its mean score."""
    of: LevelOf = "user"
    """What has the level."""


class ArmContrast(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which arms a number is about, and against which others it is read."""

    arm: ArmGroup
    """The group of arms that counts as plus, or the only one."""
    baseline: ArmGroup | None = None
    """None where both sides are of one group (two levels of a factor), or where there is one side only (a rate)."""
