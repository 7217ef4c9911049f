"""`evenhand judge`: which of two answers to one prompt is better?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.consent import agree_to_spend
from evenhand.cli.output import counted, print_json, say
from evenhand.cli.run_options import CONNECTION
from evenhand.records.model_spec import ModelSpec

__all__ = ["register"]

_HELP = """Have a model compare what the two users of a matched pair were told, and analyse the run again.

The judge sees the situation and both answers, never the memory. Every pair is asked twice, with the answers in opposite
places. What it says is kept in RUN/pairwise.jsonl; a second start asks only what is missing. The report then shows
whose answers are preferred, how far the judge agrees with itself, and whether it prefers a place or a length.

Examples:

  evenhand judge runs/2026-11-23-gpt --judge openai/gpt-5.1-mini

  evenhand judge runs/2026-11-23-gpt --judge vllm/my-judge --judge-url http://localhost:8000/v1 --pairs 100

  evenhand judge runs/2026-11-23-gpt --judge openai/gpt-5.1-mini --rubric rubric.yaml
"""


def compare_pairs(
    run: Annotated[Path, typer.Argument(help="Run directory with written answers of matched pairs.")],
    model: Annotated[str, typer.Option("--judge", help="Model that compares.")],
    rubric: Annotated[Path | None, typer.Option(help="What is compared; none: the shipped rubric.")] = None,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs at most; a seeded choice where there are more.")] = 400,
    seed: Annotated[int, typer.Option(help="Seed of that choice.")] = 20251009,
    judge_url: Annotated[
        str | None, typer.Option(help="Address of the judge's server.", rich_help_panel=CONNECTION)
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Requests in flight at most.", rich_help_panel=CONNECTION)
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            help="Environment variable that holds the key (never the key itself).", rich_help_panel=CONNECTION
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending money.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print how far the judge can be relied on as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from rich.console import Console
    from rich.progress import Progress

    from evenhand.audit import analyse_run, publish
    from evenhand.endpoints.connections import check_connection
    from evenhand.endpoints.context import Connection
    from evenhand.pairwise import judge_pairs
    from evenhand.plan.file import read_plan
    from evenhand.plan.make import check_reads_texts
    from evenhand.records.message import ModelSettings
    from evenhand.records.pairwise import PairwiseRater
    from evenhand.scoring.judging.endpoint import JUDGE_TOKENS
    from evenhand.scoring.judging.rubric import load_rubric
    from evenhand.scoring.templates import pair_prompt

    plan = read_plan(run)
    spec = ModelSpec(name=model, base_url=judge_url, settings=ModelSettings(max_tokens=JUDGE_TOKENS))
    check_reads_texts(spec)
    wanted = PairwiseRater(model=spec, criteria=load_rubric(rubric), pairs=pairs, seed=seed, prompt=pair_prompt())
    connection = Connection(concurrency=concurrency, api_key_env=api_key_env)
    check_connection([spec], connection)
    question = f"Judging asks up to {2 * pairs:,} times and may cost money. Start?"
    agree_to_spend([spec], yes=yes, doing="judging", question=question)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("pairs", total=None)
        done = judge_pairs(
            plan,
            run,
            wanted,
            connection=connection,
            advance=lambda count, total: progress.update(task, completed=count, total=total),
        )
    findings = analyse_run(plan, run)
    page = publish(findings, run)
    if json:
        print_json(findings.pairwise)
    say(f"{counted(done.kept, 'pair')} of {done.found:,} compared.", error=json)
    if done.failed:
        say(f"{counted(done.failed, 'pair')} got no answer of the judge; repeat the command to ask again.", error=True)
    say(f"Report: {page}", error=json)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("judge", help=_HELP)(compare_pairs)
