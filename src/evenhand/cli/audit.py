"""`evenhand audit`: plan, run, score, analyse, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.batch_options import BatchOptions
from evenhand.cli.config import ConfigOptions, command_line, say_settings
from evenhand.cli.consent import agree_to_spend
from evenhand.cli.design_options import DesignOptions, build_plan
from evenhand.cli.groups import takes
from evenhand.cli.output import say
from evenhand.cli.plan import show_preview
from evenhand.cli.run_options import RunOptions
from evenhand.records.plan import Plan

__all__ = ["register"]

_HELP = """Audit one or several assistants and write a report.

A model is given up early, in its server's own words, when 5 requests were declined the same way (exit code 9), when
none of 50 cells has a usable answer (10), or when 50 cells in a row or more than half of the last 200 failed (11). A
product whose memory leaks between users is asked nothing (14).

Examples:

  evenhand audit                                        the shipped specimen, offline

  evenhand audit openai/gpt-5.1                         a hosted model; the key is read from OPENAI_API_KEY

  evenhand audit vllm/Qwen3-4B --base-url http://localhost:8000/v1

  evenhand audit python:myapp.assistant:reply           your own function of the messages

  evenhand audit python:app.py:Assistant --yes          your own product, with its own memory

  evenhand audit openai/a openai/b --preset standard --out runs/compare --yes

  evenhand audit openai/gpt-5.1 --batch                 by batches: half the price, within a day

  evenhand audit --config evenhand.toml                 all of this in a file (found here by itself)

  evenhand audit --config evenhand.toml --profile nightly     with the settings of [profile.nightly] in it
"""


@takes(DesignOptions, RunOptions, BatchOptions, ConfigOptions)
def audit(
    design: DesignOptions,
    running: RunOptions,
    batches: BatchOptions,
    _: ConfigOptions,
    ctx: typer.Context,
    models: Annotated[list[str] | None, typer.Argument(help="Models; none: the shipped specimen.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory; default: runs/DATE-MODEL.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending money.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.cli.carry_out import carry_out
    from evenhand.plan.settling import default_directory

    say_settings(ctx, quiet=running.quiet)
    plan = build_plan(
        design,
        models or [],
        connection=running.connection(),
        command=command_line(ctx),
        batch=batches.batch or False,
    )
    directory = out or default_directory(plan)
    _agree(plan, running, yes=yes)
    if not running.quiet:
        say(f"Run directory: {directory}", error=True)
    carry_out(plan, directory, running, json=json, batches=batches)


def _agree(plan: Plan, running: RunOptions, *, yes: bool) -> None:
    """Show what a paid run costs and ask.

    Raises:
        UsageError: Nobody is there to ask and `--yes` was not given.
    """
    from evenhand.plan.second_models import every_model

    agree_to_spend(
        every_model(plan),
        yes=yes,
        doing="this run",
        question="Start?",
        preview=lambda: show_preview(plan, concurrency=running.concurrency or 32, json=False, error=True),
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit", help=_HELP)(audit)
