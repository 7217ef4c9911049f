"""`evenhand run`: ask what a plan has not asked yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.batch_options import BatchOptions
from evenhand.cli.config import ConfigOptions, say_settings
from evenhand.cli.engine_options import EngineOptions
from evenhand.cli.groups import takes
from evenhand.cli.run_options import RunOptions

__all__ = ["register"]

_HELP = """Ask every cell of a planned run that is not answered yet, then write findings and report.

A model is given up early, in its server's own words, when 5 requests were declined the same way (exit code 9), when
none of 50 cells has a usable answer (10), or when 50 cells in a row or more than half of the last 200 failed (11).

Budgets and connection are read from an evenhand.toml in the working directory, too.

Examples:

  evenhand run runs/2026-11-23-gpt

  evenhand run runs/2026-11-23-gpt --batch              ask what is left by batches, and collect those that are out

  evenhand run runs/2026-11-23-gpt --max-cost 5         stop cleanly at five dollars; run again to go on

  evenhand run runs/2026-11-23-gpt --engine ray --store shared/gpt      on a cluster: needs the extra ray; docs/scale.md
"""


@takes(RunOptions, BatchOptions, EngineOptions, ConfigOptions)
def run(
    running: RunOptions,
    batches: BatchOptions,
    engine: EngineOptions,
    _: ConfigOptions,
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(help="Run directory with a plan.json.")],
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.plan.file import read_plan

    say_settings(ctx, quiet=running.quiet)
    chosen = engine.chosen()
    plan = read_plan(directory)
    # The statistics are loaded only for a plan that can be read: loading them takes longer than a refusal may.
    from evenhand.cli.carry_out import carry_out

    carry_out(plan, directory, running, json=json, batches=batches, engine=None if chosen == "local" else engine)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", help=_HELP)(run)
