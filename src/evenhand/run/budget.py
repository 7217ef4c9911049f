"""Counts what a run uses and says when a stated budget is used up."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.records.message import Reply
from evenhand.records.trial import Failed, Outcome
from evenhand.run.cost import Price, cost_of
from evenhand.run.work import Limits, StopReason

__all__ = ["Budget"]


class Budget:
    """What was used, against the limits.

    Args:
        limits: The limits.
        prices: Model -> price; a model that is not there has no known price.
    """

    def __init__(self, limits: Limits, *, prices: Mapping[str, Price]) -> None:
        self.calls = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.in_flight = 0
        self._limits = limits
        self._prices = prices
        self._cost = 0.0
        self._priced = 0
        self._unpriced = False
        self._finished = 0
        self._failures = 0

    @property
    def cost_usd(self) -> float | None:
        """US dollars so far; None when a model without a known price was asked."""
        return None if self._unpriced or not self._priced else self._cost

    def used_up(self) -> StopReason | None:
        """The budget that leaves no room for one more cell, if there is one."""
        limits = self._limits
        if limits.max_calls is not None and self.calls >= limits.max_calls:
            return "max_calls"
        tokens = self.input_tokens + self.output_tokens
        if limits.max_tokens is not None and tokens + self._reserve(tokens) >= limits.max_tokens:
            return "max_tokens"
        if limits.max_cost is not None and self._cost + self._reserve(self._cost) >= limits.max_cost:
            return "max_cost"
        if limits.max_failures_in_a_row is not None and self._failures >= limits.max_failures_in_a_row:
            return "failing"
        return None

    def started(self) -> None:
        """One cell is asked."""
        self.calls += 1
        self.in_flight += 1

    def finished(self, model: str, outcome: Outcome, reply: Reply | None) -> None:
        """A cell came back, with or without an answer."""
        self.in_flight -= 1
        self._finished += 1
        if reply is None:
            self._failures += 1
            self.calls += outcome.attempts - 1 if isinstance(outcome, Failed) else 0
            return
        self._failures = 0
        self.calls += reply.attempts - 1
        self.input_tokens += reply.usage.input_tokens or 0
        self.output_tokens += reply.usage.output_tokens or 0
        price = self._prices.get(model)
        if price is None:
            self._unpriced = True
        else:
            self._priced += 1
            self._cost += cost_of(price, reply.usage)

    def abandoned(self) -> None:
        """A cell was given up without an outcome; it will be asked again by the next run."""
        self.in_flight -= 1

    def _reserve(self, used: float) -> float:
        """What the cells in flight will use, at the mean so far."""
        return used / self._finished * self.in_flight if self._finished else 0.0
