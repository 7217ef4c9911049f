"""`evenhand report`: write the page again from the findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import say

__all__ = ["register"]

_HELP = """Write report.html, report.md and model-card.md from the findings.json of a run directory.

Examples:

  evenhand report runs/2026-11-23-gpt

  evenhand report runs/2026-11-23-gpt --out public/
"""


def report(
    directory: Annotated[Path, typer.Argument(help="Run directory with a findings.json.")],
    out: Annotated[Path | None, typer.Option(help="Where to write; default: the run directory.")] = None,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.report.findings_file import read_findings
    from evenhand.report.write import write_report

    say(f"Report: {write_report(read_findings(directory), out or directory)}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report", help=_HELP)(report)
