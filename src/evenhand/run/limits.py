"""What the runner is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

from evenhand.records.batch_job import BatchesOut
from evenhand.records.message import Reply
from evenhand.records.trial import Outcome, OutcomeName
from evenhand.records.work import Work

__all__ = [
    "BudgetReason",
    "Halt",
    "HaltReason",
    "Limits",
    "Listener",
    "OutcomeOf",
    "Progress",
    "RunReport",
    "StopReason",
]

BudgetReason = Literal["max_calls", "max_cost", "max_tokens", "max_seconds"]
HaltReason = Literal["same_error", "no_answers", "failing", "mostly_failed"]
"""Why a model is not asked on. `same_error`: the server declined several requests in the same words; `no_answers`: no
cell of it has a usable answer; `failing`: many cells in a row got no answer; `mostly_failed`: more than half of its
last cells got none."""
StopReason = Literal["done", "interrupted", "decided"] | BudgetReason | HaltReason
"""Why a run ended. `interrupted`: the user asked for it (Ctrl-C). `decided`: a planned look settled the
answer. A run that gave up one of several models and asked the others to the end has that model's reason."""


class Halt(Struct, frozen=True, kw_only=True):
    """A model that was not asked on."""

    model: str
    reason: HaltReason
    said: str
    """The last cell in the words of the server, or of the assistant; keys removed."""


OutcomeOf = Callable[[Work, Reply], Outcome | Awaitable[Outcome]]
"""From a reply to its outcome; may be a coroutine function, for extractors that ask a model."""


class Limits(Struct, frozen=True, kw_only=True):
    """Budgets. A run that reaches one starts nothing new, keeps what is in flight, and can be resumed.

    Example:
        >>> import evenhand
        >>> evenhand.Limits(max_calls=500, max_cost=2.0).max_cost
        2.0
    """

    max_calls: int | None = None
    """Requests sent, retries included as far as they are known when the next cell is started."""
    max_cost: float | None = None
    """US dollars, by the price table; what is in flight is counted at the most it can cost."""
    max_tokens: int | None = None
    """Input and output tokens together, as the servers report them."""
    max_seconds: float | None = None
    """Wall time. What is in flight then has `evenhand.run.execute.GRACE_S` seconds left."""
    max_same_error: int | None = 5
    """Give a model up when so many requests were declined in the same words, with no answer between them."""
    max_without_answer: int | None = 50
    """Give a model up when so many cells ended and none, in this run or before, has a usable answer."""
    max_failures_in_a_row: int | None = 50
    """Give a model up when so many cells in a row got no answer: the server is gone."""
    max_failed_in: int | None = 200
    """Give a model up when more than half of its last so many cells got no answer."""


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run has come. Everything counted here is durable."""

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
    out: BatchesOut | None = None
    """What is with providers in batches; None where nothing is."""
    ended: StopReason | None = None
    """Set in the last report only."""


Listener = Callable[[Progress], None]


class RunReport(Struct, frozen=True, kw_only=True):
    """What one run did. Totals over several runs of one store: `evenhand.store.reading`."""

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
    halts: tuple[Halt, ...] = ()
    """Models that were not asked on."""
    out: BatchesOut | None = None
    """What is still with providers in batches; None where nothing is."""
    repeated: int = 0
    """Answers of a cluster that were left out, for a lost worker had answered the same cell before."""
    workers_lost: int = 0
    """Workers of a cluster that were lost while the run lasted."""
