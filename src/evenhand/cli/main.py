"""The command line: `evenhand COMMAND`; `evenhand COMMAND --help` shows examples."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from evenhand.cli import (
    analyse,
    audit,
    compare,
    doctor,
    export,
    gate,
    gateway,
    init,
    items,
    judge,
    plan,
    power,
    preferences,
    profiles,
    report,
    run,
    selftest,
    serve,
    status,
    train,
    view,
)
from evenhand.errors import EvenhandError

__all__ = ["app", "main"]

_EPILOG = (
    "Exit codes: 0 done; 1 other error; 2 usage; 3 unusable input; 4 run directory; 5 endpoint; 6 stopped by a "
    "budget, resume to go on; 7 gate not met; 8 gate inconclusive; 9 the same request error again and again; 10 no "
    "usable answer of a model; 11 most cells failed; 12 this machine ran out of something; 13 gate not assessable; 14 "
    "memory leaked between users; 130 interrupted."
)

app = typer.Typer(
    name="evenhand",
    help="Audit what stored user memory does to an LLM assistant's emotional reasoning.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"evenhand {version('evenhand')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Audit what stored user memory does to an LLM assistant's emotional reasoning."""


COMMANDS = (
    init,
    doctor,
    audit,
    plan,
    run,
    status,
    analyse,
    report,
    export,
    compare,
    judge,
    gate,
    view,
    power,
    selftest,
    serve,
    gateway,
)
for module in COMMANDS:
    module.register(app)
app.add_typer(items.app, name="items")
app.add_typer(profiles.app, name="profiles")
app.add_typer(preferences.app, name="preferences")
app.add_typer(train.app, name="train")


def main() -> None:
    """Run the command line; a foreseen error is one sentence on standard error and its own exit code.

    The matrices of an analysis are small: threads inside the linear algebra only wait for each other, so one is the
    default unless the user's environment says otherwise.
    """
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    try:
        app()
    except EvenhandError as error:
        typer.echo(f"evenhand: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)


if __name__ == "__main__":
    main()
