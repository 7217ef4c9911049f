"""Processor time as it is on a quiet machine: other work disturbs a single reading."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["quickest"]


def quickest(work: Callable[[], object], *, times: int = 3) -> float:
    """Seconds of processor time of the quickest of some runs."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)
