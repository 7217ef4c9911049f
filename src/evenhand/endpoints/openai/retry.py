"""When to ask again: the server's word first, otherwise growing pauses with jitter."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from evenhand.seeds import stream

__all__ = ["RETRIED_STATUS", "Patience", "Schedule", "pause"]

RETRIED_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
"""HTTP answers that say nothing about the question."""


class Schedule(Struct, frozen=True, kw_only=True):
    """Pauses between the attempts at one request."""

    attempts: int = 6
    """Attempts that may end in a fault (5xx, timeout, broken connection, unreadable answer)."""
    first_s: float = 0.5
    factor: float = 2.0
    longest_s: float = 30.0
    patience_s: float = 600.0
    """How long a busy server (429, or `Retry-After`) may put the request off altogether."""


def pause(schedule: Schedule, *, failures: int, seed: int) -> float:
    """Seconds before the next attempt: exponential, the upper half of it drawn at random.

    Args:
        schedule: The pauses.
        failures: Attempts that failed so far, at least 1.
        seed: The request's stream seed; the draw depends on it and on `failures` alone.
    """
    rng: np.random.Generator = stream(seed, "retry", failures)
    longest = min(schedule.longest_s, schedule.first_s * schedule.factor ** (failures - 1))
    return float(longest * (0.5 + 0.5 * rng.random()))


class Patience:
    """What one request has been through so far, and how long to wait before it is sent again.

    Args:
        schedule: The pauses.
        seed: The request's stream seed, for the jitter.
    """

    def __init__(self, schedule: Schedule, seed: int) -> None:
        self.sent = 0
        self._schedule = schedule
        self._seed = seed
        self._faults = 0
        self._put_off = 0
        self._waited = 0.0

    def after_fault(self, *, most: int | None = None) -> float | None:
        """Seconds to wait after a fault; None when there were enough of them.

        Args:
            most: Attempts that may end so; None: as many as the schedule has.
        """
        self._faults += 1
        if self._faults >= (most or self._schedule.attempts):
            return None
        return pause(self._schedule, failures=self._faults, seed=self._seed)

    def after_busy(self, asked_s: float | None) -> float | None:
        """Seconds to wait for a busy server; None when it asks for more than there is patience for.

        Args:
            asked_s: What the server asks for; None when it does not say.
        """
        self._put_off += 1
        wait = pause(self._schedule, failures=self._put_off, seed=self._seed)
        if asked_s is not None:
            wait = asked_s + min(1.0, 0.1 * wait)
        self._waited += wait
        return wait if self._waited <= self._schedule.patience_s else None
