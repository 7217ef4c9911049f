"""An audit whose questions are asked by batches: which runs are, and how their answers are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evenhand.assistants import behind_of, outcomes_of, with_readers
from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.connections import check_connection
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kinds import open_batch_endpoint
from evenhand.errors import UsageError
from evenhand.plan.batchable import check_batchable
from evenhand.plan.cost import prices_of
from evenhand.plan.file import PLAN_FILE, read_plan
from evenhand.plan.placements import check_sources
from evenhand.plan.questions import Questions
from evenhand.plan.second_models import every_model, second_models
from evenhand.plan.settling import TRIALS_FILE
from evenhand.records.batch_job import BatchJob
from evenhand.records.plan import Plan
from evenhand.records.work import Work
from evenhand.run.batch_watch import BatchPace
from evenhand.run.batches import Batches
from evenhand.run.execute import execute
from evenhand.run.ledger import Ledger
from evenhand.run.limits import Limits, Listener, RunReport
from evenhand.store.reading import open_trials
from evenhand.store.store import open_store

__all__ = ["ask_in_batches", "batches_out", "is_batched"]


def batches_out(directory: Path) -> tuple[BatchJob, ...]:
    """The batches of a run directory of which answers may still come, the oldest first."""
    path = directory / TRIALS_FILE
    if not path.is_file() or path.stat().st_size == 0:
        return ()
    with open_trials(path) as trials:
        return tuple(job for job in trials.batches() if job.is_out)


def is_batched(plan: Plan, directory: Path, *, wish: bool | None) -> bool:
    """Whether a run goes by batches: as is wished; else as its directory says, and while batches are out.

    Args:
        plan: The plan.
        directory: Its run directory.
        wish: What was said now; None: nothing.

    Raises:
        UsageError: Questions that are out in batches would be asked again one by one.
    """
    out = batches_out(directory)
    if wish is False and out:
        rows = sum(job.rows for job in out)
        raise UsageError(
            f"{'1 batch is' if len(out) == 1 else f'{len(out):,} batches are'} out, with {rows:,} questions that would "
            f"be asked and paid for twice; collect first with `evenhand run {directory}`"
        )
    if wish is not None:
        return wish
    known = (directory / PLAN_FILE).is_file() and read_plan(directory).batch
    return plan.batch or known or bool(out)


def ask_in_batches(
    plan: Plan,
    directory: Path,
    *,
    connection: Connection,
    limits: Limits,
    listener: Listener | None,
    rows: int | None = None,
    drop: bool = False,
    pace: BatchPace | None = None,
) -> RunReport:
    """Ask every cell that the store does not hold yet, by batches, and collect those that are out.

    Args:
        plan: The plan.
        directory: Its run directory.
        connection: How servers are reached.
        limits: Budgets.
        listener: Told how far the run is.
        rows: Questions in a batch at most; None: the usual number.
        drop: Whether questions of a batch that its provider does not know are asked again.
        pace: How often batches are looked at; None: the usual pace.

    Raises:
        EndpointError: A model takes no batches, or a provider cannot be asked.
        UsageError: The plan cannot be asked by batches.
        StoreError: The store can take no more.
    """
    check_batchable(plan)
    check_connection(every_model(plan), connection)
    check_sources(plan)
    context = EndpointContext(connection=connection)
    outcome_of = outcomes_of(plan)
    endpoints = {model.name: open_batch_endpoint(model, context=context) for model in plan.models}
    with open_store(directory / TRIALS_FILE, plan_sha256=plan.sha256) as store:

        def ask(
            model: str, endpoint: Endpoint, work: Iterable[Work], *, limits: Limits, listener: Listener
        ) -> RunReport:
            ledger = Ledger()
            return execute(
                {model: work},
                endpoints={model: with_readers(endpoint, model, plan=plan, context=context, ledger=ledger)},
                store=store,
                outcome_of=outcome_of,
                limits=limits,
                listener=listener,
                behind=behind_of(plan, connection=connection, ledger=ledger),
            )

        return Batches(
            Questions(plan),
            store,
            endpoints=endpoints,
            ask=ask,
            limits=limits,
            listener=listener,
            prices=prices_of(every_model(plan)),
            second=tuple(model.name for model in second_models(plan)),
            rows=rows,
            drop=drop,
            pace=pace,
        ).whole()
