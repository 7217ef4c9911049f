"""Choosing neutral facts by hash so that they are as many, and about as long, as wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from evenhand.records.profile import Profile

__all__ = ["by_hash", "characters", "fitted"]

_CLOSE = 2
"""Characters off the target at which swapping stops."""


def characters(profile: Profile) -> int:
    """Length of a profile: the characters of its facts' texts."""
    return sum(len(fact.text) for fact in profile.facts)


def by_hash(values: Sequence[str], *, salt: str) -> list[str]:
    """The values in an order that depends on `salt` and on the values alone."""
    return sorted(values, key=lambda value: hashlib.blake2b(f"{salt}\n{value}".encode(), digest_size=16).digest())


def fitted(pool: Sequence[str], *, count: int, target: float) -> list[str]:
    """`count` texts of the pool whose lengths add up to about `target`.

    Starts with the first `count` texts and swaps one at a time, the best swap first, as long as that helps.
    """
    chosen, rest = list(pool[:count]), list(pool[count:])
    total = sum(map(len, chosen))
    while abs(total - target) > _CLOSE:
        swaps = [
            (abs(total - len(old) + len(new) - target), place, other)
            for place, old in enumerate(chosen)
            for other, new in enumerate(rest)
        ]
        if not swaps or min(swaps)[0] >= abs(total - target):
            break
        _, place, other = min(swaps)
        chosen[place], rest[other] = rest[other], chosen[place]
        total = sum(map(len, chosen))
    return chosen
