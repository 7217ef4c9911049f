"""`evenhand analyse`: findings from a run directory, a score table, or a plain table of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.verdicts import say_verdicts
from evenhand.errors import InputError, UsageError

__all__ = ["register"]

_HELP = """Analyse a run directory, a score table (scores.parquet, CSV, JSONL) or a plain table of predictions.

Examples:

  evenhand analyse runs/2026-11-23-gpt

  evenhand analyse predictions.csv --item question --profile user --correct right --factors gender,age --out out/

  evenhand analyse rows.csv --out out/                  the reference row format: question_id, gold_label, gender ...
"""

_COLUMNS = "Columns of a table of predictions"


def analyse(
    source: Annotated[Path, typer.Argument(help="Run directory or table.")],
    out: Annotated[Path | None, typer.Option(help="Where findings and report go; default: the run directory.")] = None,
    item: Annotated[str | None, typer.Option(help="Item.", rich_help_panel=_COLUMNS)] = None,
    profile: Annotated[str | None, typer.Option(help="Profile.", rich_help_panel=_COLUMNS)] = None,
    correct: Annotated[str | None, typer.Option(help="1/0 or true/false.", rich_help_panel=_COLUMNS)] = None,
    prediction: Annotated[str | None, typer.Option(help="Answer given.", rich_help_panel=_COLUMNS)] = None,
    gold: Annotated[str | None, typer.Option(help="Right answer.", rich_help_panel=_COLUMNS)] = None,
    model: Annotated[str | None, typer.Option(help="Model.", rich_help_panel=_COLUMNS)] = None,
    matched_set: Annotated[str | None, typer.Option(help="Matched set.", rich_help_panel=_COLUMNS)] = None,
    factors: Annotated[str, typer.Option(help="Factors, separated by commas.", rich_help_panel=_COLUMNS)] = "",
    covariates: Annotated[str, typer.Option(help="Covariates, likewise.", rich_help_panel=_COLUMNS)] = "",
    margin: Annotated[float | None, typer.Option(min=0.0001, max=0.5, help="Equivalence margin, points / 100.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    if not source.exists():
        raise InputError(f"there is no file or directory {str(source)!r}; give a run directory or a table")
    if source.is_dir():
        _analyse_run(source, out, margin=margin)
        say_verdicts(out or source, json=json)
        return
    if out is None:
        raise UsageError("a table needs a place for its findings; name one with --out DIR")
    named = {
        "item": item,
        "profile": profile,
        "correct": correct,
        "prediction": prediction,
        "gold": gold,
        "model": model,
        "matched_set": matched_set,
    }
    lists = {"factors": _names(factors), "covariates": _names(covariates)}
    _analyse_table(source, out, named=named, lists=lists, margin=margin)
    say_verdicts(out, json=json)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _analyse_run(directory: Path, out: Path | None, *, margin: float | None) -> None:
    from evenhand.audit import analyse_run, publish
    from evenhand.plan.file import read_plan

    plan = read_plan(directory)
    if margin is not None and margin != plan.analysis.margin:
        raise UsageError(
            f"the margin of this run was fixed in its plan at {plan.analysis.margin}, not {margin}; "
            "a margin chosen after the answers are seen proves nothing; plan a new run with --margin"
        )
    publish(analyse_run(plan, directory, out=out), out or directory)


def _analyse_table(
    source: Path,
    out: Path,
    *,
    named: dict[str, str | None],
    lists: dict[str, tuple[str, ...]],
    margin: float | None,
) -> None:
    from evenhand.analysis.analyse import analyse as find
    from evenhand.analysis.table.predictions import PredictionColumns, read_predictions
    from evenhand.analysis.table.scores import is_score_table, read_scores
    from evenhand.audit import publish
    from evenhand.records.settings import AnalysisSettings

    settings = AnalysisSettings() if margin is None else AnalysisSettings(margin=margin)
    if not any((*named.values(), *lists.values())) and is_score_table(source):
        scores = read_scores(source, settings=settings)
    else:
        columns = PredictionColumns(**named, factors=lists["factors"], covariates=lists["covariates"])
        scores = read_predictions(source, columns=columns, settings=settings)
    publish(find(scores), out)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("analyse", help=_HELP)(analyse)
