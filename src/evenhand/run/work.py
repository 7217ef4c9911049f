"""What the runner is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

from evenhand.records.cell import Cell
from evenhand.records.message import Reply, Request
from evenhand.records.trial import Outcome, OutcomeName

__all__ = ["Judge", "Limits", "Listener", "Progress", "RunReport", "StopReason", "Work"]

StopReason = Literal["done", "max_calls", "max_cost", "max_tokens", "max_seconds", "failing", "interrupted"]
"""Why a run ended. `failing`: too many cells failed in a row; `interrupted`: the user asked for it (Ctrl-C)."""


class Work(Struct, frozen=True, kw_only=True):
    """One cell, ready to be asked."""

    cell: Cell
    request: Request
    retrieved: tuple[int, ...] | None = None
    """Indices of the facts that the retrieved placement showed; None for the other placements."""


Judge = Callable[[Work, Reply], Outcome | Awaitable[Outcome]]
"""From a reply to its outcome; may be a coroutine function, for extractors that ask a model."""


class Limits(Struct, frozen=True, kw_only=True):
    """Budgets. A run that reaches one starts nothing new, keeps what is in flight, and can be resumed."""

    max_calls: int | None = None
    """Requests sent, retries included as far as they are known when the next cell is started."""
    max_cost: float | None = None
    """US dollars, by the price table; what is in flight is counted at the mean price so far."""
    max_tokens: int | None = None
    """Input and output tokens together, as the servers report them."""
    max_seconds: float | None = None
    """Wall time. What is in flight then has `evenhand.run.execute.GRACE_S` seconds left."""
    max_failures_in_a_row: int | None = 50
    """Stop when so many cells in a row got no answer: the server is gone, and asking on would only fail more."""


class Progress(Struct, frozen=True, kw_only=True):
    """Where a run stands. Everything counted here is durable."""

    done: int
    """Cells saved by this run."""
    skipped: int
    """Cells that were answered before."""
    outcomes: dict[OutcomeName, int]
    in_flight: int
    calls: int
    cost_usd: float | None
    """None when no price is known."""
    seconds: float
    ended: StopReason | None = None
    """Set in the last report only."""


Listener = Callable[[Progress], None]


class RunReport(Struct, frozen=True, kw_only=True):
    """What one run did. Totals over several runs of one store: `evenhand.run.reading`."""

    stopped: StopReason
    skipped: int
    """Cells that were answered before."""
    asked: int
    outcomes: dict[OutcomeName, int]
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    """None when no price is known for one of the models that were asked."""
    seconds: float
