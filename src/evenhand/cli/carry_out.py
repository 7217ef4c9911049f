"""How `run` and `audit` do what a plan says: who follows the run, what is said of it, how it ends."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from evenhand.audit import Asking, audit, usual_asking
from evenhand.batched import is_batched
from evenhand.cli.batch_options import BatchOptions
from evenhand.cli.engine_options import EngineOptions
from evenhand.cli.output import say
from evenhand.cli.run_options import RunOptions
from evenhand.cli.verdicts import say_verdicts
from evenhand.design.cells import Crossing
from evenhand.endpoints.connections import check_connection, fitted
from evenhand.endpoints.context import Connection
from evenhand.errors import BudgetExceeded, UsageError
from evenhand.plan.second_models import every_model
from evenhand.records.plan import Plan
from evenhand.run.event_log import EventLog
from evenhand.run.halted import halted
from evenhand.run.limits import Limits, Listener, Progress, RunReport
from evenhand.run.progress import ProgressBar, out_words
from evenhand.run.progress_lines import ProgressLines

__all__ = ["carry_out"]


def carry_out(
    plan: Plan,
    directory: Path,
    options: RunOptions,
    *,
    json: bool,
    batches: BatchOptions,
    engine: EngineOptions | None = None,
) -> None:
    """Ask, analyse, report and say the verdicts, with the progress on standard error.

    Args:
        plan: The plan.
        directory: The run directory.
        options: Budgets, connection, and what is printed.
        json: Print the findings as JSON.
        batches: Whether and how questions are asked by batches.
        engine: The cluster that asks; None: this process does.

    Raises:
        KeyboardInterrupt: The user stopped the run; everything answered is on disk.
        BudgetExceeded: A budget stopped the run; the report shows what was asked so far.
        RunHalted: A model was given up; the report, where there are answers, shows what was asked so far.
    """
    limits = Limits(max_calls=options.max_calls, max_cost=options.max_cost, max_seconds=options.max_seconds)
    connection = options.connection()
    if engine is None:
        connection = _checked(plan, connection, quiet=options.quiet)
    with ExitStack() as open_:
        listener, log = _followed(plan, Crossing(plan).size(), options, open_)
        asking = _asking(plan, directory, batches, engine)
        try:
            run = audit(plan, directory, connection=connection, limits=limits, listener=listener, asking=asking)
        except KeyboardInterrupt as stopped:
            if str(stopped):  # typer ends the process without a word of its own
                say(f"evenhand: {stopped}", error=True)
            raise
        if log is not None:
            log.asked(run.asked)
    if log is not None and log.trouble is not None:
        say(f"Note: {log.trouble}.", error=True)
    if run.asked.workers_lost and not options.quiet:
        say(f"Note: {_losses(run.asked)}.", error=True)
    say_verdicts(directory, json=json)
    _end(run.asked, directory)


def _checked(plan: Plan, connection: Connection, *, quiet: bool) -> Connection:
    """The connection with as many requests in flight as this process has room for."""
    models = every_model(plan)
    check_connection(models, connection)
    connection, room = fitted(models, connection)
    if room is not None and not quiet:
        say(f"Note: {room}.", error=True)
    return connection


def _asking(plan: Plan, directory: Path, batches: BatchOptions, engine: EngineOptions | None) -> Asking:
    """Who asks the cells of a run.

    Raises:
        UsageError: A run by batches is to be asked on a cluster.
        MissingExtraError: Ray is not installed.
    """
    if engine is None:
        return usual_asking(batch=batches.batch, batch_rows=batches.batch_rows, drop_unknown=batches.drop_unknown)
    if is_batched(plan, directory, wish=batches.batch):
        raise UsageError(
            "this run is asked by batches, which a cluster does not do; leave --engine ray out, or add --no-batch to "
            "ask it on the cluster at the full price"
        )
    return _cluster(engine)


def _cluster(engine: EngineOptions) -> Asking:
    """Who asks the cells of a run on a cluster.

    Raises:
        MissingExtraError: Ray is not installed.
    """
    from evenhand.cluster.asking import Cluster, ClusterAsking, ray_crew

    cluster = Cluster(store=engine.shared or "", part_cells=engine.part)
    return ClusterAsking(cluster, crew=ray_crew(address=engine.address, workers=engine.workers))


def _losses(asked: RunReport) -> str:
    """What the loss of workers meant."""
    workers = "1 worker was" if asked.workers_lost == 1 else f"{asked.workers_lost} workers were"
    cells = "1 cell was" if asked.repeated == 1 else f"{asked.repeated:,} cells were"
    return (
        f"{workers} lost, and others took over; {cells} answered twice, and the first answer counts. What a lost "
        "worker had in flight, or had not written yet, was asked again"
    )


def _followed(plan: Plan, total: int, options: RunOptions, stack: ExitStack) -> tuple[Listener, EventLog | None]:
    """Who is told how far the run has come: a bar on a terminal, lines elsewhere, and the log."""
    told: list[Listener] = []
    log = None
    if options.log is not None:
        names = tuple(model.name for model in plan.models)
        log = stack.enter_context(EventLog(options.log, plan=plan.sha256, models=names, planned=total))
        told.append(log.update)
    console = Console(stderr=True)
    if not options.quiet and console.is_terminal:
        told.append(stack.enter_context(ProgressBar(total=total, console=console)).update)
    elif not options.quiet:
        lines = ProgressLines(total, write=lambda line: say(line, error=True))
        told.append(stack.enter_context(lines).update)

    def listener(progress: Progress) -> None:
        for tell in told:
            tell(progress)

    return listener, log


def _end(asked: RunReport, directory: Path) -> None:
    """Say how asking ended, where it did not come to its end.

    Raises:
        BudgetExceeded: A budget was used up.
        RunHalted: A model was given up.
    """
    again = f"go on with `evenhand run {directory}`"
    if asked.out is not None:
        again = f"{out_words(asked.out)}; {again}"
    match asked.stopped:
        case "done" | "interrupted":
            if asked.out is not None:
                say(f"Answers of some batches were not all read; to read them: {again}")
            return
        case "decided":
            say(f"A planned look settled the answer, so no more was asked; to ask the rest: `evenhand run {directory}`")
        case "same_error" | "no_answers" | "failing" | "mostly_failed":
            raise halted(asked, again=again)
        case reason:
            option = "--" + reason.replace("_", "-")
            raise BudgetExceeded(f"the budget {option} ended the run; the report shows what was asked; {again}")
