"""Counts what a run uses and says when a stated budget is used up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from evenhand.endpoints.billed import billed_tokens
from evenhand.errors import UsageError
from evenhand.plan.cost import Price, batch_price, estimate
from evenhand.records.message import Request
from evenhand.run.ledger import Call, characters_of
from evenhand.run.limits import BudgetReason, Limits

__all__ = ["Budget", "Room", "refuse_unpriced"]

Room = Literal["yes", "wait"] | BudgetReason
"""Whether one more cell may be started: yes, not before something in flight has ended, or no more at all."""
_FIRST_RATIO = 0.5
"""Tokens for a character, taken on the safe side until an answer has shown how many there are."""
_LEAST_RATIO = 0.25
_ROUNDING = 1e-9


def refuse_unpriced(limits: Limits, models: Iterable[str], *, prices: Mapping[str, Price]) -> None:
    """Refuse a budget in dollars that cannot be kept.

    Raises:
        UsageError: There is such a budget, and the price of one of the models is not known.
    """
    if limits.max_cost is None:
        return
    for model in models:
        if model not in prices:
            raise UsageError(
                f"The price of {model!r} is not known, so that a budget in dollars cannot be kept; "
                "set a budget in calls, tokens or seconds instead (--max-calls)."
            )


class Budget:
    """What was used, against the limits.

    A budget in dollars holds because every cell in flight has its dearest case set aside: what it sends at the most
    tokens for a character seen so far, and an answer as long as its settings allow. Retries that a server bills
    without answering are not seen.

    Args:
        limits: The limits.
        prices: Model -> price; a model that is not there has no known price.
        second: Models that are asked about every answer.
    """

    def __init__(self, limits: Limits, *, prices: Mapping[str, Price], second: Sequence[str] = ()) -> None:
        self.calls = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.in_flight = 0
        self._limits = limits
        self._prices = prices
        self._second = tuple(second)
        self._cost = 0.0
        self._priced = 0
        self._unpriced = False
        self._tokens = 0
        """Reported, or counted from the characters."""
        self._finished = 0
        self._ratio: float | None = None
        self._set_aside: dict[str, float] = {}
        """Cell -> dollars."""

    @property
    def cost_usd(self) -> float | None:
        """US dollars so far; None when a model without a known price was asked."""
        return None if self._unpriced or not self._priced else self._cost

    def room(self, request: Request, *, model: str) -> Room:
        """Whether a cell may be started now."""
        recalled = 0 if request.recall is None else request.recall.calls
        limits, each = self._limits, request.calls + len(self._second) + recalled
        if limits.max_calls is not None:
            if self.calls + each > limits.max_calls - (self.in_flight if each == 1 else 0):
                return "max_calls"
            if self.calls + each * (self.in_flight + 1) > limits.max_calls:
                return "wait"
        if limits.max_tokens is not None:
            mean = self._tokens / self._finished if self._finished else 0.0
            if self._tokens + mean * self.in_flight >= limits.max_tokens:
                return "max_tokens"
        if limits.max_cost is not None:
            dearest = self.dearest(request, model=model)
            if self._cost + dearest > limits.max_cost + _ROUNDING:
                return "max_cost"
            if self._cost + dearest + sum(self._set_aside.values()) > limits.max_cost + _ROUNDING:
                return "wait"
        return "yes"

    def started(self, request: Request, *, model: str) -> None:
        """One cell is asked."""
        self.in_flight += 1
        if self._limits.max_cost is not None:
            self._set_aside[request.cell_key] = self.dearest(request, model=model)

    def finished(self, cell: str, calls: Sequence[Call]) -> None:
        """A cell came back, with or without an answer, after these calls."""
        self.in_flight -= 1
        self._finished += 1
        self._set_aside.pop(cell, None)
        for call in calls:
            self.calls += call.attempts
            if call.answered:
                self._count(call)

    def abandoned(self, cell: str) -> None:
        """A cell was given up without an outcome; it will be asked again by the next run."""
        self.in_flight -= 1
        self.calls += 1
        self._set_aside.pop(cell, None)

    def dearest(self, request: Request, *, model: str) -> float:
        """What a cell can cost at most, in US dollars.

        A second model reads the question and the whole answer; a policy may send a whole answer back, or ask a model
        about every fact.
        """
        longest = max(characters_of(messages) for messages in (request.messages, *request.others))
        read = longest * (self._ratio or _FIRST_RATIO)
        written = request.settings.max_tokens
        again = written if request.calls > 1 else 0
        dollars = request.calls * estimate(self._prices[model], input_tokens=read + again, output_tokens=written)
        if request.recall is not None:
            asked = request.recall.characters * (self._ratio or _FIRST_RATIO)
            price = self._prices[request.recall.model]
            most = request.recall.most_tokens
            dollars += request.recall.calls * estimate(price, input_tokens=asked, output_tokens=most)
        for name in self._second:
            dollars += estimate(self._prices[name], input_tokens=read + written, output_tokens=written)
        return dollars

    def _count(self, call: Call) -> None:
        self.input_tokens += call.usage.input_tokens or 0
        self.output_tokens += call.usage.output_tokens or 0
        read, written = billed_tokens(
            call.usage,
            input_characters=call.input_characters,
            output_characters=call.output_characters,
            cut=call.cut,
        )
        self._tokens += read + written
        if call.input_characters:
            self._ratio = max(self._ratio or _LEAST_RATIO, read / call.input_characters)
        price = self._prices.get(call.model)
        if price is None:
            self._unpriced = True
        else:
            self._priced += 1
            due = batch_price(price) if call.batched else price
            self._cost += estimate(due, input_tokens=read, output_tokens=written)
