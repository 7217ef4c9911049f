"""`evenhand compare`: what changed between two runs of the same questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import print_json, print_table, say
from evenhand.errors import InputError

__all__ = ["register"]

_HELP = """Compare two runs, cell by cell: how gaps and effects of memory changed, with intervals.

The second run minus the first. Both must have asked the same questions; the command says where they did not.

Examples:

  evenhand compare runs/before runs/after

  evenhand compare runs/before runs/after --out runs/change            a report of the change

  evenhand compare before.parquet after.parquet --json
"""


def compare(
    first: Annotated[Path, typer.Argument(help="Run directory, score table or table of predictions.")],
    second: Annotated[Path, typer.Argument(help="Run directory, score table or table of predictions.")],
    out: Annotated[Path | None, typer.Option(help="Where findings and report of the change go.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    for path in (first, second):
        if not path.exists():
            raise InputError(f"there is no run or table {str(path)!r}; name a run directory or a table")
    from evenhand.cli.compared import compared

    tables = compared(first, second)
    # The statistics are loaded only for what can be read: loading them takes longer than a refusal may.
    from evenhand.analysis.findings.compare import compare as changed
    from evenhand.audit import publish
    from evenhand.report.answer import answers_of
    from evenhand.report.change_page import CHANGE_COLUMNS, change_rows
    from evenhand.report.findings_file import findings_document
    from evenhand.report.source import source_of

    findings = changed(*tables)
    if out is not None:
        publish(findings, out)
    if json:
        print_json(findings_document(findings))
        return
    for answer in answers_of(findings).models:
        say(f"{answer.model}: {answer.short}")
    if findings.comparison is not None:
        print_table(CHANGE_COLUMNS, change_rows(source_of(findings), findings.comparison))
    if out is not None:
        say(f"Report: {out / 'report.html'}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", help=_HELP)(compare)
