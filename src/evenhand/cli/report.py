"""`evenhand report`: write the page again from the findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import say
from evenhand.errors import InputError
from evenhand.records.findings import Findings

__all__ = ["read_findings", "register"]

_HELP = """Write report.html and report.md from the findings.json of a run directory.

Examples:

  evenhand report runs/2026-11-23-gpt

  evenhand report runs/2026-11-23-gpt --out public/
"""


def report(
    directory: Annotated[Path, typer.Argument(help="Run directory with a findings.json.")],
    out: Annotated[Path | None, typer.Option(help="Where to write; default: the run directory.")] = None,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.report.write import write_report

    say(f"Report: {write_report(read_findings(directory), out or directory)}")


def read_findings(directory: Path) -> Findings:
    """The findings of a run directory.

    Raises:
        InputError: There are none, or this version cannot read them.
    """
    import msgspec

    path = directory / "findings.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Findings)
    except OSError as error:
        raise InputError(
            f"no findings at {str(path)!r} ({error.strerror}); make them with `evenhand analyse {directory}`"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{str(path)!r} is not findings this version can read ({error}); "
            f"make them anew with `evenhand analyse {directory}`"
        ) from error


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report", help=_HELP)(report)
