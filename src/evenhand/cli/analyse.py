"""`evenhand analyse`: findings from a run directory, a score table, a table of predictions, or a log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.verdicts import say_verdicts
from evenhand.errors import InputError, UsageError
from evenhand.interop.log import ToolLog

__all__ = ["register"]

_HELP = """Analyse a run directory, a score table, a plain table of predictions, or the log of another tool.

Tables are CSV, JSONL or Parquet. Logs: Inspect (.eval, .json, samples_df), lm-eval (--log_samples), promptfoo (.json,
.jsonl), DeepEval (.json), OpenAI's evals (.jsonl).

Examples:

  evenhand analyse runs/2026-11-23-gpt

  evenhand analyse predictions.csv --item question --profile user --correct right --factors gender,age --out out/

  evenhand analyse rows.csv --out out/                  the reference row format: question_id, gold_label, gender ...

  evenhand analyse log.jsonl --profile user --correct ok --factors role --none-arm nobody --missing NA --out out/

  evenhand analyse promptfoo.json --profile user --factors gender --none-arm nobody --out out/

  evenhand analyse lm-eval/ --profile user --factors gender,age --none-arm nobody --out out/

  evenhand analyse samples_evenhand.jsonl --plan runs/gpt --out out/            questions of `evenhand export`

  evenhand analyse pairs.csv --profile who --correct ok --contrast status=high,low --matched-set pair --out out/
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
    replicate: Annotated[str | None, typer.Option(help="Number of the repeat.", rich_help_panel=_COLUMNS)] = None,
    factors: Annotated[str | None, typer.Option(help="Factors, separated by commas.", rich_help_panel=_COLUMNS)] = None,
    covariates: Annotated[str | None, typer.Option(help="Covariates, likewise.", rich_help_panel=_COLUMNS)] = None,
    contrast: Annotated[
        str | None, typer.Option(help="FACTOR=A,B: levels compared within matched sets.", rich_help_panel=_COLUMNS)
    ] = None,
    none_arm: Annotated[
        str | None, typer.Option(help="Entry of the profile column without memory.", rich_help_panel=_COLUMNS)
    ] = None,
    placebo_arms: Annotated[
        str | None, typer.Option(help="Entries that are placebo arms, by commas.", rich_help_panel=_COLUMNS)
    ] = None,
    missing: Annotated[
        str | None, typer.Option(help="Words for an empty cell, by commas.", rich_help_panel=_COLUMNS)
    ] = None,
    answers: Annotated[
        str | None, typer.Option(help="All possible answers, by commas.", rich_help_panel=_COLUMNS)
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=VALUE: only these rows of a log; may be repeated.", rich_help_panel=_COLUMNS),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Run directory whose plan a log's questions were exported from.")
    ] = None,
    margin: Annotated[float | None, typer.Option(min=0.0001, max=0.5, help="Equivalence margin, points / 100.")] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="CSV of people's ratings of some written answers (cell_key, criterion, rating): corrects the judge."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    if not source.exists():
        raise InputError(f"there is no file or directory {str(source)!r}; give a run directory or a table")
    given = {
        "item": item,
        "profile": profile,
        "correct": correct,
        "prediction": prediction,
        "gold": gold,
        "model": model,
        "matched_set": matched_set,
        "replicate": replicate,
        "factors": factors,
        "covariates": covariates,
        "contrast": contrast,
        "none_arm": none_arm,
        "placebo_arms": placebo_arms,
        "missing": missing,
        "answers": answers,
    }
    if source.is_dir() and not _holds_a_log(source):
        _refuse_columns(given)
        if where or plan is not None:
            raise UsageError("--where and --plan go with the log of another tool; leave them out for a run directory")
        _analyse_run(source, out, margin=margin, labels=labels)
        say_verdicts(out or source, json=json)
        return
    if labels is not None:
        raise UsageError("--labels names ratings of the answers of a run; a table holds no answers, leave it out")
    if out is None:
        raise UsageError("a table needs a place for its findings; name one with --out DIR")
    _analyse_file(source, out, given=given, where=where or [], plan=plan, margin=margin)
    say_verdicts(out, json=json)


def _holds_a_log(folder: Path) -> bool:
    """Whether a folder without a plan holds what another tool logged."""
    if (folder / "plan.json").is_file():
        return False
    return any(folder.glob("*.eval")) or any(folder.rglob("samples_*.jsonl"))


def _refuse_columns(given: dict[str, str | None]) -> None:
    named = next((name for name, value in given.items() if value is not None), None)
    if named is not None:
        raise UsageError(
            f"--{named.replace('_', '-')} names a column of a table, and a run directory needs none; leave it out, or "
            "name its scores.parquet instead"
        )


def _analyse_run(directory: Path, out: Path | None, *, margin: float | None, labels: Path | None) -> None:
    from evenhand.plan.file import read_plan

    plan = read_plan(directory)
    if margin is not None and margin != plan.analysis.margin:
        raise UsageError(
            f"the margin of this run was fixed in its plan at {plan.analysis.margin}, not {margin}; "
            "a margin chosen after the answers are seen proves nothing; plan a new run with --margin"
        )
    # The statistics are loaded only for a plan that can be read: loading them takes longer than a refusal may.
    from evenhand.audit import analyse_run, publish

    publish(analyse_run(plan, directory, out=out, labels=labels), out or directory)


def _analyse_file(
    source: Path,
    out: Path,
    *,
    given: dict[str, str | None],
    where: list[str],
    plan: Path | None,
    margin: float | None,
) -> None:
    from evenhand.cli.table_options import columns_of, read_log_table, read_table
    from evenhand.interop.open_log import open_log
    from evenhand.records.settings import AnalysisSettings

    columns = columns_of(given)
    log = open_log(source)
    if log is not None and _of_plan(log, given, plan=plan):
        _analyse_answers(log, out, plan=plan, model=given["model"], margin=margin)
        return
    settings = AnalysisSettings() if margin is None else AnalysisSettings(margin=margin)
    if log is not None:
        table = read_log_table(log, columns=columns, where=where, settings=settings)
    elif where or plan is not None:
        raise UsageError("--where and --plan go with the log of another tool, and this is a table; leave them out")
    else:
        table = read_table(source, columns=columns, settings=settings)
    # The statistics are loaded only for a table that can be read.
    from evenhand.analysis.analyse import analyse as find
    from evenhand.audit import publish

    publish(find(table), out)


def _of_plan(log: ToolLog, given: dict[str, str | None], *, plan: Path | None) -> bool:
    """Whether answers are those to the questions of a plan, and nobody said otherwise by naming columns."""
    from evenhand.interop.plan_answers import names_cells

    columns = any(value is not None for name, value in given.items() if name != "model")
    if plan is not None:
        if columns:
            raise UsageError("--plan says what every answer is; leave out the options that name columns")
        return True
    return log.plan is not None and names_cells(log) and not columns


def _analyse_answers(log: ToolLog, out: Path, *, plan: Path | None, model: str | None, margin: float | None) -> None:
    from msgspec.structs import replace

    from evenhand.interop.plan_answers import record_answers
    from evenhand.plan.file import parse_plan, read_plan

    made = parse_plan(log.plan or b"", source=log.name) if plan is None else read_plan(plan)
    if margin is not None and margin != made.analysis.margin:
        raise UsageError(
            f"the margin was fixed in the plan at {made.analysis.margin}, not {margin}; leave --margin out"
        )
    read = record_answers(log, made, out, model=model)
    from evenhand.audit import analyse_run, publish

    publish(replace(analyse_run(made, out), as_read=read), out)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("analyse", help=_HELP)(analyse)
