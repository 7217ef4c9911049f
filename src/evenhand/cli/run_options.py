"""Options of a run that do not decide its result: budgets, connection, what is printed; for `run` and `audit`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from evenhand.endpoints.context import Connection
from evenhand.errors import UsageError

__all__ = ["RunOptions", "connection_of"]

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
