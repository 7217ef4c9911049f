"""`evenhand export`: a run, or its questions, in the form of another tool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, assert_never, get_args

import typer

from evenhand.cli.output import counted, say
from evenhand.errors import StoreError, UsageError, near_miss
from evenhand.records.plan import Plan

__all__ = ["register"]

Form = Literal["inspect", "lm-eval", "csv", "parquet", "hf"]
FORMS: tuple[Form, ...] = get_args(Form)
TableRows = Literal["answers", "decisions"]
ROWS: tuple[TableRows, ...] = get_args(TableRows)

_HELP = """Write a run, or the questions of its plan, in the form of another tool.

inspect: a log that `inspect view` opens. lm-eval: a task folder with the questions. csv, parquet: a row for each
answer, with what was sent; with --rows decisions a row for each time a policy's model was asked about a stored fact.
hf: a dataset folder with card and questions, and .eval_results for the model's repository.

Examples:

  evenhand export runs/2026-11-23-gpt --to csv --out trials.csv

  evenhand export runs/2026-11-23-gpt --to parquet --out trials.parquet

  evenhand export runs/2026-11-23-gpt --to csv --rows decisions --out decisions.csv

  evenhand export runs/2026-11-23-gpt --to inspect --out run.eval            needs the extra inspect

  evenhand export runs/gpt --to lm-eval --out task/                          the questions of a plan

  evenhand export runs/gpt --to hf --dataset my-org/memory --out hub/
"""


def export(
    source: Annotated[Path, typer.Argument(help="Run directory; for lm-eval and hf a plan is enough.")],
    to: Annotated[str, typer.Option(help=f"Form: {', '.join(FORMS)}.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File or folder to write.")],
    model: Annotated[str | None, typer.Option(help="Model of the plan, where it has several.")] = None,
    rows: Annotated[str, typer.Option(help=f"csv, parquet: rows of the table: {', '.join(ROWS)}.")] = "answers",
    dataset: Annotated[str | None, typer.Option(help="hf: name of the dataset repository, ORG/NAME.")] = None,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.interop.exported_cells import model_of
    from evenhand.plan.file import read_plan

    form = _form(to)
    if dataset is not None and form != "hf":
        raise UsageError(f"--dataset names a repository of Hugging Face; leave it out with --to {form}")
    table = _rows(rows)
    if table != "answers" and form not in ("csv", "parquet"):
        raise UsageError(f"--rows {table} makes a table; use --to csv or --to parquet, or leave it out")
    if table != "answers" and model is not None:
        raise UsageError("--rows decisions writes those of all models; leave --model out")
    plan = read_plan(source)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(f"{str(out)!r} is there already; remove it, or name another with --out")
    match form:
        case "csv" | "parquet":
            written = _table(plan, source, model, out, packed=form == "parquet", rows=table)
            say(f"{counted(written, table.removesuffix('s'))} written to {out}")
        case "inspect":
            say(f"{counted(_inspect(plan, source, model_of(plan, model), out), 'answer')} written to {out}")
        case "lm-eval":
            _lm_eval(plan, source, model_of(plan, model), out)
        case "hf":
            _hf(plan, source, model_of(plan, model), out, dataset=dataset)
        case _:
            assert_never(form)


def _form(given: str) -> Form:
    for form in FORMS:
        if form == given:
            return form
    raise UsageError(f"there is no form {given!r}{near_miss(given, FORMS)}; allowed: {', '.join(FORMS)}")


def _rows(given: str) -> TableRows:
    for rows in ROWS:
        if rows == given:
            return rows
    raise UsageError(f"there are no rows {given!r}{near_miss(given, ROWS)}; allowed: {', '.join(ROWS)}")


def _inspect(plan: Plan, source: Path, model: str, out: Path) -> int:
    from evenhand.interop.inspect_export import write_inspect_log
    from evenhand.rundir import TRIALS_FILE
    from evenhand.store.reading import open_trials

    if out.suffix not in (".eval", ".json"):
        raise UsageError(f"--out is {str(out)!r}; a log of Inspect ends in .eval or .json")
    with open_trials(source / TRIALS_FILE) as trials:
        return write_inspect_log(plan, trials, model=model, path=out)


def _lm_eval(plan: Plan, source: Path, model: str, out: Path) -> None:
    from evenhand.interop.lm_eval_task import write_lm_eval_task

    written, left = write_lm_eval_task(plan, model=model, out=out)
    say(f"{counted(written, 'question')} written to {out}; README.md there says how lm-eval asks them.")
    if left:
        say(f"Left out: {counted(left, 'question')} that are not answered by a letter.")
    say(f"Then: evenhand analyse ANSWERS --plan {source} --out DIR")


def _hf(plan: Plan, source: Path, model: str, out: Path, *, dataset: str | None) -> None:
    from evenhand.interop.hf_dataset import write_hf_dataset, write_hf_results
    from evenhand.report.findings_file import read_findings
    from evenhand.rundir import FINDINGS_FILE

    if dataset is None:
        raise UsageError("name the dataset repository with --dataset ORG/NAME")
    written = write_hf_dataset(plan, model=model, dataset=dataset, out=out / "dataset")
    say(f"{counted(written, 'question')} and a card written to {out / 'dataset'}.")
    if not (source / FINDINGS_FILE).is_file():
        say("No .eval_results: this plan has no findings yet.")
        return
    findings = read_findings(source)
    if findings.run is None or findings.run.simulated or findings.run.specimen:
        say("No .eval_results: the answers are of no model.")
        return
    entries = write_hf_results(findings, model=model, dataset=dataset, out=out / "model")
    say(f"{entries} {'entry' if entries == 1 else 'entries'} written to {out / 'model' / '.eval_results'}.")


def _table(plan: Plan, source: Path, model: str | None, out: Path, *, packed: bool, rows: TableRows) -> int:
    from evenhand.interop.exported_cells import model_of
    from evenhand.rundir import TRIALS_FILE
    from evenhand.store.reading import open_trials
    from evenhand.view.exported_decisions import DECISION_COLUMNS, DecisionRows
    from evenhand.view.exporting import exported_trial, lines_of, trial_columns, trial_frame
    from evenhand.view.known_plan import KnownPlan

    chosen = None if model is None else model_of(plan, model)
    known, count = KnownPlan(plan), 0
    columns = trial_columns(known) if rows == "answers" else DECISION_COLUMNS

    def made(trials: Any) -> Iterator[dict[str, Any]]:
        if rows == "decisions":
            yield from map(DecisionRows(known, trials).row, trials.decisions())
            return
        for stored in trials.rows(chosen):
            yield exported_trial(stored, known, trials)

    def counting(found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        nonlocal count
        for row in found:
            count += 1
            yield row

    try:
        with open_trials(source / TRIALS_FILE) as trials:
            out.parent.mkdir(parents=True, exist_ok=True)
            if packed:
                trial_frame(counting(made(trials)), columns).write_parquet(out)
            else:
                with out.open("wb") as file:
                    file.writelines(lines_of(counting(made(trials)), columns, form="csv"))
    except OSError as error:
        raise StoreError(f"cannot write {str(out)!r} ({error.strerror or error}); choose another with --out") from error
    return count


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export", help=_HELP)(export)
