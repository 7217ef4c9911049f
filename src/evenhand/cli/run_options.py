"""Options of a run that do not decide its result: budgets and connection; shared by `run` and `audit`."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import say
from evenhand.cli.verdicts import say_verdicts
from evenhand.endpoints.context import Connection
from evenhand.errors import BudgetExceeded, UsageError
from evenhand.records.plan import Plan
from evenhand.run.event_log import EventLog
from evenhand.run.limits import Listener, Progress, RunReport

__all__ = ["RunOptions", "carry_out", "connection_of"]

BUDGET, CONNECTION, PRINTED = "Budgets", "Connection", "What is printed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Budgets and connection."""

    max_calls: Annotated[
        int | None, typer.Option(min=1, help="Stop cleanly after so many calls.", rich_help_panel=BUDGET)
    ] = None
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Stop cleanly at so many US dollars.", rich_help_panel=BUDGET)
    ] = None
    max_seconds: Annotated[
        float | None, typer.Option(min=0, help="Stop cleanly after so many seconds.", rich_help_panel=BUDGET)
    ] = None
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Requests in flight at most.", rich_help_panel=CONNECTION)
    ] = None
    api_key_env: Annotated[
        str | None,
        typer.Option(
            help="Environment variable that holds the key (never the key itself).", rich_help_panel=CONNECTION
        ),
    ] = None
    header: Annotated[
        list[str],
        typer.Option(
            help="NAME=VARIABLE: a header with the value of an environment variable; may be repeated.",
            rich_help_panel=CONNECTION,
        ),
    ] = dataclasses.field(default_factory=list)

    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print nothing but the result and errors.", rich_help_panel=PRINTED),
    ] = False
    log: Annotated[
        Path | None,
        typer.Option(
            help="Add events of the run to this file as JSON lines: times and numbers, no texts.",
            rich_help_panel=PRINTED,
        ),
    ] = None

    def connection(self) -> Connection:
        """How the servers are reached.

        Raises:
            UsageError: A header has no equals sign.
        """
        return connection_of(self.header, api_key_env=self.api_key_env, concurrency=self.concurrency)


def connection_of(headers: list[str], *, api_key_env: str | None, concurrency: int | None = None) -> Connection:
    """How servers are reached, from options.

    Raises:
        UsageError: A header has no equals sign.
    """
    for text in headers:
        if "=" not in text:
            raise UsageError(
                "--header takes NAME=VARIABLE, where VARIABLE is an environment variable that holds the value, for "
                "example --header api-key=AZURE_OPENAI_KEY"
            )
    named = {name.strip(): variable.strip() for name, _, variable in (one.partition("=") for one in headers)}
    return Connection(concurrency=concurrency, api_key_env=api_key_env, headers=named)


def carry_out(plan: Plan, directory: Path, options: RunOptions, *, json: bool) -> None:
    """Ask, analyse, report and say the verdicts, with the progress on standard error.

    Raises:
        KeyboardInterrupt: The user stopped the run; everything answered is on disk.
        BudgetExceeded: A budget stopped the run; the report shows what was asked so far.
        RunHalted: A model was given up; the report, where there are answers, shows what was asked so far.
    """
    from evenhand.audit import audit
    from evenhand.design.cells import Crossing
    from evenhand.endpoints.connections import check_connection, fitted
    from evenhand.plan.second_models import every_model
    from evenhand.run.limits import Limits

    limits = Limits(max_calls=options.max_calls, max_cost=options.max_cost, max_seconds=options.max_seconds)
    connection = options.connection()
    models = every_model(plan)
    check_connection(models, connection)
    connection, room = fitted(models, connection)
    if room is not None and not options.quiet:
        say(f"Note: {room}.", error=True)
    with ExitStack() as open_:
        listener, log = _followed(plan, Crossing(plan).size(), options, open_)
        run = audit(plan, directory, connection=connection, limits=limits, listener=listener)
        if log is not None:
            log.asked(run.asked)
    if log is not None and log.trouble is not None:
        say(f"Note: {log.trouble}.", error=True)
    say_verdicts(directory, json=json)
    _end(run.asked, directory)


def _followed(plan: Plan, total: int, options: RunOptions, stack: ExitStack) -> tuple[Listener, EventLog | None]:
    """Who is told how far the run has come: a bar on a terminal, lines elsewhere, and the log."""
    from rich.console import Console

    from evenhand.run.progress import ProgressBar
    from evenhand.run.progress_lines import ProgressLines

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
    from evenhand.run.halted import halted

    again = f"go on with `evenhand run {directory}`"
    match asked.stopped:
        case "done" | "interrupted":
            return
        case "decided":
            say(f"A planned look settled the answer, so no more was asked; to ask the rest: `evenhand run {directory}`")
        case "same_error" | "no_answers" | "failing" | "mostly_failed":
            raise halted(asked, again=again)
        case reason:
            option = "--" + reason.replace("_", "-")
            raise BudgetExceeded(f"the budget {option} ended the run; the report shows what was asked; {again}")
