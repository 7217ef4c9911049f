"""How a budget is shared among workers, so that all of them together keep it."""

from __future__ import annotations

import math
from collections.abc import Hashable

from msgspec.structs import replace

from evenhand.run.limits import BudgetReason, Limits, RunReport

__all__ = ["Shares"]

_ROUNDING = 1e-9


class Shares:
    """Lends each worker a share of the budget for one part; what was not used comes back with it.

    A worker that is lost takes its whole share along: how much of it was used nobody knows, so all of it counts as
    used. The budget therefore holds, whatever happens.

    Args:
        limits: The budget of the run.
        workers: How many workers share it.
    """

    def __init__(self, limits: Limits, *, workers: int) -> None:
        self._limits = limits
        self._workers = max(1, workers)
        given: tuple[tuple[BudgetReason, float | None], ...] = (
            ("max_calls", limits.max_calls),
            ("max_cost", limits.max_cost),
            ("max_tokens", limits.max_tokens),
        )
        self._left = {name: float(most) for name, most in given if most is not None}
        self._lent: dict[Hashable, dict[BudgetReason, float]] = {}
        self._alone = False
        """Whether a share was too small for a single cell: then one worker at a time is lent everything."""
        self._whole: Hashable | None = None
        """The worker that was lent everything."""
        self.used_up: BudgetReason | None = None
        """The budget that ended the run."""

    def lend(self, worker: Hashable, *, seconds_left: float | None) -> Limits | None:
        """A share for one part; None where none can be lent now, or none ever (see `used_up`)."""
        if self.used_up is None and seconds_left is not None and seconds_left <= 0:
            self.used_up = "max_seconds"
        if self.used_up is not None or (self._alone and self._lent):
            return None
        empty = next((name for name, left in self._left.items() if left <= _ROUNDING), None)
        if empty is not None:
            if not self._lent:
                self.used_up = empty
            return None
        share = {name: left if self._alone else self._fair(name, left) for name, left in self._left.items()}
        for name, size in share.items():
            self._left[name] -= size
        self._lent[worker] = share
        self._whole = worker if self._alone else None
        calls, tokens = share.get("max_calls"), share.get("max_tokens")
        return replace(
            self._limits,
            max_calls=None if calls is None else int(calls),
            max_cost=share.get("max_cost"),
            max_tokens=None if tokens is None else int(tokens),
            max_seconds=seconds_left,
        )

    def returned(self, worker: Hashable, report: RunReport | None) -> None:
        """A worker is done with a part; None where it could not begin."""
        share = self._lent.pop(worker)
        for name, size in share.items():
            self._left[name] += max(0.0, size - _used(name, report))
        if report is None or report.stopped not in ("max_calls", "max_cost", "max_tokens", "max_seconds"):
            return
        if report.stopped == "max_seconds":
            self.used_up = "max_seconds"
        elif report.asked == 0 and worker == self._whole:
            self.used_up = report.stopped
        elif report.asked == 0:
            self._alone = True

    def lost(self, worker: Hashable) -> None:
        """A worker is gone, with its share."""
        self._lent.pop(worker, None)

    def _fair(self, name: BudgetReason, left: float) -> float:
        share = left / max(1, self._workers - len(self._lent))
        return float(math.ceil(share)) if name in ("max_calls", "max_tokens") else share


def _used(name: BudgetReason, report: RunReport | None) -> float:
    if report is None:
        return 0.0
    match name:
        case "max_calls":
            return report.calls
        case "max_cost":
            return report.cost_usd or 0.0
        case _:
            return report.input_tokens + report.output_tokens
