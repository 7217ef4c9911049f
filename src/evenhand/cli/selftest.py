"""`evenhand selftest`: does the whole pipeline find bias that is there, and clear what has none?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import print_json, print_table, say
from evenhand.errors import EvenhandError

__all__ = ["register"]

_HELP = """Run models of known bias, and of none, through plan, run, score and analyse.

Prints the power at the planted effects, the false-alarm rate under none with its Monte Carlo error, and the coverage
of the intervals, and whether each respondent of the gallery gets the answer that is right for it; ends with exit code 1
when the pipeline's own calibration is off.

Examples:

  evenhand selftest                                     a minute or two

  evenhand selftest --no-gallery                        without the gallery of respondents

  evenhand selftest --full                              200 null audits

  evenhand selftest --folder build/seed-2               specimens built with another seed

  evenhand selftest --json
"""


def selftest(
    full: Annotated[bool, typer.Option("--full", help="200 null and 100 planted audits.")] = False,
    seed: Annotated[int, typer.Option(help="Root seed.")] = 20251009,
    specimens: Annotated[bool, typer.Option(help="Audit the specimens too.")] = True,
    gallery: Annotated[bool, typer.Option(help="Audit the gallery of respondents too.")] = True,
    folder: Annotated[Path | None, typer.Option(help="Specimens built anew; none: the shipped ones.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from rich.console import Console
    from rich.progress import Progress

    from evenhand.endpoints.specimen.names import chosen_folder
    from evenhand.selftest.audits import FULL, QUICK, run_selftest
    from evenhand.selftest.gallery import GALLERY

    chosen_folder({} if folder is None else {"folder": str(folder)})
    size = FULL if full else QUICK
    with Progress(console=Console(stderr=True)) as progress:
        cases = GALLERY if gallery else ()
        total = size.null + size.planted + size.margin + 2 * specimens + len(cases)
        task = progress.add_task("audits", total=total)
        checks = run_selftest(
            size, seed=seed, specimens=specimens, folder=folder, cases=cases, advance=lambda: progress.advance(task)
        )
    if json:
        print_json(checks)
    else:
        print_table(
            ("check", "audits", "found", "wanted", "holds"),
            [(check.name, check.audits, check.found, check.wanted, check.holds) for check in checks],
        )
    wrong = [check.name for check in checks if not check.holds]
    if wrong:
        raise EvenhandError(f"the pipeline's calibration is off: {'; '.join(wrong)}")
    say("Every check holds.", error=json)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("selftest", help=_HELP)(selftest)
