"""What a run in batches may still send: what is out is counted at the most that it can cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evenhand.endpoints.batch import BATCH_SHARE
from evenhand.plan.cost import Price, batch_price
from evenhand.records.message import Request
from evenhand.run.budget import Budget
from evenhand.run.limits import BudgetReason, Limits, RunReport

__all__ = ["BatchBudget"]

_ROUNDING = 1e-9


class BatchBudget:
    """What was used and what is out, against the limits. Batches that an earlier run sent count, too.

    Args:
        limits: The limits.
        prices: Model -> price of asking one by one.
        batched: Models that are asked by batches.
        second: Models that are asked about every answer, one by one.
    """

    def __init__(
        self, limits: Limits, *, prices: Mapping[str, Price], batched: Sequence[str], second: Sequence[str] = ()
    ) -> None:
        self._limits = limits
        due = {model: batch_price(price) if model in batched else price for model, price in prices.items()}
        self._prices = Budget(limits, prices=due, second=second)
        self._second = len(second)
        self._calls = self._tokens = self._asked = 0
        self._cost = 0.0
        self._out: dict[str, list[float]] = {}
        """Batch -> [calls, US dollars]."""

    def closed(self, job: str, request: Request, *, model: str, live: bool = False) -> BudgetReason | None:
        """Why one more question may not go into a batch; None where it may, and is counted in it from now on.

        Args:
            job: The batch.
            request: The question.
            model: Its model.
            live: Whether it is asked one by one instead.
        """
        limits, calls = self._limits, request.calls + self._second
        out_calls, out_cost = (sum(one[part] for one in self._out.values()) for part in (0, 1))
        if limits.max_calls is not None and self._calls + out_calls + calls > limits.max_calls:
            return "max_calls"
        if limits.max_tokens is not None:
            mean = self._tokens / self._asked if self._asked else 0.0
            if self._tokens + mean * out_calls >= limits.max_tokens:
                return "max_tokens"
        dearest = self.dearest(request, model=model) / (BATCH_SHARE if live else 1.0)
        if limits.max_cost is not None and self._cost + out_cost + dearest > limits.max_cost + _ROUNDING:
            return "max_cost"
        self.add(job, calls=calls, dearest=dearest)
        return None

    def add(self, job: str, *, calls: int, dearest: float) -> None:
        """Count questions that go into a batch, or went into one in an earlier run."""
        held = self._out.setdefault(job, [0.0, 0.0])
        held[0] += calls
        held[1] += dearest

    def dearest(self, request: Request, *, model: str) -> float:
        """What a question in a batch can cost at most, in US dollars; 0 where no budget in dollars is set."""
        return self._prices.dearest(request, model=model) if self._limits.max_cost is not None else 0.0

    def each(self, request: Request) -> int:
        """Calls that a question takes."""
        return request.calls + self._second

    def back(self, job: str) -> None:
        """A batch is out no more."""
        self._out.pop(job, None)

    def paid(self, report: RunReport) -> None:
        """Count what was asked one by one, or came back."""
        self._calls += report.calls
        self._tokens += report.input_tokens + report.output_tokens
        self._asked += report.asked
        self._cost += report.cost_usd or 0.0
