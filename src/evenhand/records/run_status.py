"""A run directory as it stands: what was asked, what it cost, what comes next."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.batch_job import BatchJob
from evenhand.records.decision import DecisionCount
from evenhand.records.trial import OutcomeName

__all__ = ["FindingsState", "ModelStatus", "NextStep", "RunState", "RunStatus"]

RunState = Literal["planned", "running", "waiting", "stopped", "done"]
"""`planned`: nothing was asked; `running`: a run holds the lock; `waiting`: batches are with providers, and
nobody is at it; `stopped`: nobody is at it, and cells are left; `done`: every cell was asked."""
FindingsState = Literal["none", "stale", "fresh"]
"""`stale`: made before the last answers, or by another version."""
NextStep = Literal["run", "wait", "collect", "analyse", "report", "gate", "ask_failed_again", "doctor"]
"""`collect`: fetch the answers of batches; `ask_failed_again`: run again for the cells that got no answer; `doctor`:
look why nothing is answered."""


class ModelStatus(Struct, frozen=True, kw_only=True):
    """One model of the plan."""

    model: str
    """As named in the plan."""
    planned: int
    """Cells."""
    asked: int
    """Cells with an outcome, failed ones included."""
    outcomes: dict[OutcomeName, int]
    """Outcome -> cells; every outcome is there."""
    cost_usd: float | None
    """What its answers cost so far, by the price table; 0 where nobody bills; None where no price is known."""


class RunStatus(Struct, frozen=True, kw_only=True):
    """A run directory as it stands."""

    directory: str
    """As the user named it."""
    plan_sha256: str
    """Hash of its plan."""
    state: RunState
    """What is going on."""
    planned: int
    """Cells of all models."""
    asked: int
    """Cells with an outcome, failed ones included."""
    failed: int
    """Cells that got no answer; the next run asks them again."""
    models: tuple[ModelStatus, ...]
    """In the order of the plan."""
    batches: tuple[BatchJob, ...] = ()
    """Batches that are with providers, the oldest first."""
    decisions: tuple[DecisionCount, ...] = ()
    """How often the models of policies were asked about facts in memory, and what came of it."""
    second_usd: float | None = None
    """What a judge, a second reader or the model of a policy cost so far; None where there is none, or no price is
    known."""
    per_second: float | None = None
    """Cells per second, over the time for which a running audit was watched; None where nothing runs."""
    seconds_left: float | None = None
    """None where nothing runs, or nothing was answered while it was watched."""
    findings: FindingsState
    """Whether they speak of the answers that are there."""
    report: bool
    """Whether there is a page."""
    next: tuple[NextStep, ...]
    """What to do, the most useful first."""
