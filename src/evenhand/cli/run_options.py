"""Options of a run that do not decide its result: budgets and connection; shared by `run` and `audit`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import say
from evenhand.cli.verdicts import say_verdicts
from evenhand.endpoints.context import Connection
from evenhand.errors import BudgetExceeded, UsageError
from evenhand.records.plan import Plan

__all__ = ["RunOptions", "carry_out"]

BUDGET, CONNECTION = "Budgets", "Connection"


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

    def connection(self) -> Connection:
        """How the servers are reached.

        Raises:
            UsageError: A header has no equals sign.
        """
        for text in self.header:
            if "=" not in text:
                raise UsageError(
                    "--header takes NAME=VARIABLE, where VARIABLE is an environment variable that holds the value, for "
                    "example --header api-key=AZURE_OPENAI_KEY"
                )
        headers = {name.strip(): variable.strip() for name, _, variable in (one.partition("=") for one in self.header)}
        return Connection(concurrency=self.concurrency, api_key_env=self.api_key_env, headers=headers)


def carry_out(plan: Plan, directory: Path, options: RunOptions, *, json: bool) -> None:
    """Ask, analyse, report and say the verdicts, with a progress bar on standard error.

    Raises:
        KeyboardInterrupt: The user stopped the run; everything answered is on disk.
        BudgetExceeded: A budget stopped the run; the report shows what was asked so far.
        RunHalted: A model was given up; the report, where there are answers, shows what was asked so far.
    """
    from rich.console import Console

    from evenhand.audit import audit
    from evenhand.design.cells import Crossing
    from evenhand.endpoints.connections import check_connection, fitted
    from evenhand.plan.second_models import every_model
    from evenhand.run.halted import halted
    from evenhand.run.limits import Limits
    from evenhand.run.progress import ProgressBar

    limits = Limits(max_calls=options.max_calls, max_cost=options.max_cost, max_seconds=options.max_seconds)
    connection = options.connection()
    models = every_model(plan)
    check_connection(models, connection)
    connection, room = fitted(models, connection)
    if room is not None:
        say(f"Note: {room}.", error=True)
    again = f"go on with `evenhand run {directory}`"
    with ProgressBar(total=Crossing(plan).size(), console=Console(stderr=True)) as bar:
        run = audit(plan, directory, connection=connection, limits=limits, listener=bar.update)
    say_verdicts(directory, json=json)
    match run.asked.stopped:
        case "done" | "interrupted":
            return
        case "decided":
            say(f"A planned look settled the answer, so no more was asked; to ask the rest: `evenhand run {directory}`")
        case "same_error" | "no_answers" | "failing" | "mostly_failed":
            raise halted(run.asked, again=again)
        case reason:
            option = "--" + reason.replace("_", "-")
            raise BudgetExceeded(f"the budget {option} ended the run; the report shows what was asked; {again}")
