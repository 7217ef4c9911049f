"""The dates that stored facts carry."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from functools import lru_cache

__all__ = ["saved_on"]

_FIRST = date(2025, 1, 6)
_STEP = 17
"""Days between two facts, on average."""
_CYCLE = 24
"""Larger stores date their facts within the same thirteen months."""


@lru_cache(maxsize=1024)
def saved_on(index: int) -> str:
    """The day on which the fact at `index` counts as saved, as an ISO date.

    It rises with the index, starts again after every 24 facts, and depends on nothing else. So the arms of a
    matched set show the same dates, and a date can say nothing about the user. The jitter comes from a hash of
    the index, never from a clock.
    """
    index %= _CYCLE
    jitter = hashlib.blake2b(f"saved-on-{index}".encode(), digest_size=2).digest()
    return (_FIRST + timedelta(days=_STEP * index + int.from_bytes(jitter, "big") % _STEP)).isoformat()
