"""Placebo profiles: facts that say nothing about who the user is, as many and as long as a cohort's own.

Two kinds: `neutral` (habits and tastes without social meaning) and `content-free` (facts about the conversation
only). Both are chosen from a pool by hash, then adjusted by swaps until the length fits.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from msgspec import Struct

from evenhand.bank.matching import by_hash, characters, fitted
from evenhand.records.profile import Cohort, Fact, Profile

__all__ = ["CONTENT_FREE", "NEUTRAL", "NeutralPools", "make_placebo"]

NEUTRAL = 12
"""Neutral placebo profiles of a cohort."""
CONTENT_FREE = 3
"""Content-free placebo profiles of a cohort."""


class NeutralPools(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Neutral facts, by use; no fact is in two pools."""

    placebo: tuple[str, ...]
    content_free: tuple[str, ...]
    filler: tuple[str, ...]


def make_placebo(cohort: Cohort, *, pools: NeutralPools) -> tuple[Profile, ...]:
    """Placebo profiles matched to the cohort: same number of facts, lengths at the quantiles of the cohort's own."""
    lengths = [characters(profile) for profile in cohort.profiles]
    count = round(statistics.median(len(profile.facts) for profile in cohort.profiles))
    made: list[Profile] = []
    for kind, pool, number in (
        ("neutral", pools.placebo, NEUTRAL),
        ("content-free", pools.content_free, CONTENT_FREE),
    ):
        for index, target in enumerate(_quantiles(lengths, number)):
            name = f"{cohort.name}-{kind}-{index + 1:0{len(str(number))}d}"
            texts = fitted(by_hash(pool, salt=name), count=count, target=target)
            facts = tuple(Fact(text=text, dimension="neutral") for text in texts)
            made.append(Profile(id=name, matched_set=name, levels={}, facts=facts))
    return tuple(made)


def _quantiles(lengths: Sequence[int], number: int) -> list[int]:
    """The middles of `number` equal parts of the lengths."""
    ordered = sorted(lengths)
    return [ordered[int((part + 0.5) / number * len(ordered))] for part in range(number)]
