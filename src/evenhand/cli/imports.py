"""`evenhand items import` and `evenhand profiles import`: other people's items and personas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from evenhand.cli.output import counted, print_json, say

__all__ = ["COHORT_HELP", "ITEMS_HELP", "import_cohort", "import_items", "with_progress"]

ITEMS_HELP = """Import a bank from another format; what may not be redistributed stays marked so.

Formats: columns (CSV or JSONL with a column map), emobench, eqbench (EQ-Bench v2), steu, stem (text, DOCX or
PDF of the published protocol).

Examples:

  evenhand items import EU.jsonl --format emobench --option language=en --out emobench.yaml

  evenhand items import q.csv --format columns --option stem=text --option options=A,B,C --option key=gold --out q.yaml

  evenhand items import protocol.pdf --format steu --out steu.yaml
"""
COHORT_HELP = """Import personas as a cohort.

Formats: personahub (one persona per line), prism (survey rows).

Examples:

  evenhand profiles import persona.jsonl --format personahub --option limit=60 --out personas.yaml

  evenhand profiles import survey.jsonl --format prism --option factors=gender,age --out prism.yaml
"""

T = TypeVar("T")

Source = Annotated[Path, typer.Argument(help="File to import.")]
Format = Annotated[str, typer.Option("--format", "-f", help="Format of the file.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="File to write, .yaml or .json.")]
Options = Annotated[list[str] | None, typer.Option("--option", help="NAME=VALUE of the format; may be repeated.")]
Json = Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")]


def import_items(source: Source, format_: Format, out: Out, option: Options = None, json: Json = False) -> None:
    """Filled from `ITEMS_HELP`."""
    from evenhand.bank.importers.registry import import_bank, parse_options
    from evenhand.bank.load import bank_sha256
    from evenhand.bank.write import write_bank

    options = parse_options(option or [])
    bank = with_progress(lambda advance: import_bank(source, format=format_, options=options, progress=advance))
    write_bank(bank, out)
    if json:
        print_json({"name": bank.name, "items": len(bank.items), "sha256": bank_sha256(bank), "out": str(out)})
        return
    passed_on = "may" if bank.redistribute else "may not"
    written = f"{counted(len(bank.items), 'item')} written to {out}"
    say(f"{written} (licence {bank.licence}; the text {passed_on} be passed on).")
    say(f"Check them with `evenhand items check {out}`, ask them with `evenhand audit MODEL --bank {out}`.")


def import_cohort(source: Source, format_: Format, out: Out, option: Options = None, json: Json = False) -> None:
    """Filled from `COHORT_HELP`."""
    from evenhand.bank.cohorts import cohort_sha256
    from evenhand.bank.importers.registry import import_cohort as read
    from evenhand.bank.importers.registry import parse_options
    from evenhand.bank.write import write_cohort

    options = parse_options(option or [])
    cohort = with_progress(lambda advance: read(source, format=format_, options=options, progress=advance))
    write_cohort(cohort, out)
    if json:
        print_json({"name": cohort.name, "profiles": len(cohort.profiles), "sha256": cohort_sha256(cohort)})
        return
    say(f"{counted(len(cohort.profiles), 'profile')} written to {out} (licence {cohort.licence}).")


def with_progress(work: Callable[[Callable[[int], None]], T]) -> T:
    """Run `work` with a progress line on standard error; it is told how many rows were read."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=None)
        return work(lambda rows: progress.update(task, completed=rows))
