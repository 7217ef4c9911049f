"""`evenhand view`: a local page over a folder of runs."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import say

__all__ = ["register"]

_HELP = """Open a local page over a folder of runs: progress, verdicts, trials, pairs, notes, changes over time.

The page follows a run that is asking now. Trials can be filtered and searched for words; for that an index is made in
the cache folder, and nothing is written into a run but the notes that you write yourself (annotations.jsonl). The
server listens on 127.0.0.1 only and ends with Ctrl-C.

Examples:

  evenhand view                                  the runs of runs/

  evenhand view runs/2026-11-23-gpt              one run

  evenhand view runs --port 0 --no-browser       takes a free port, prints the address only
"""


def view(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Folder of run directories, or one run directory.")
    ] = Path("runs"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes a free one.")] = 8125,
    browser: Annotated[
        bool, typer.Option("--open/--no-browser", help="Whether a browser is opened; never where there is no terminal.")
    ] = True,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.serve.listen import serve_until_stopped
    from evenhand.view.run_folder import RunFolder
    from evenhand.view.site import view_app

    folder = RunFolder(directory)

    def ready(url: str) -> None:
        say(f"Serving at {url}")
        say(f"Folder {folder.root}; Ctrl-C ends it")
        if browser and sys.stdout.isatty():
            import webbrowser

            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    serve_until_stopped(view_app(folder), host="127.0.0.1", port=port, ready=ready, path="/")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("view", help=_HELP)(view)
