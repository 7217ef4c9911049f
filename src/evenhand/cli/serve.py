"""`evenhand serve`: a shipped specimen behind an OpenAI-compatible server on loopback."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["register"]

_HELP = """Serve a specimen over the OpenAI protocol, so that any tool can be pointed at a model whose bias is known.

The server binds to 127.0.0.1 and offers chat completions (with top_logprobs and streaming) and /v1/models.

Examples:

  evenhand serve specimen/tilted --port 8123

  evenhand audit openai/specimen-tilted --base-url http://127.0.0.1:8123/v1 --bank situations
"""


def serve(
    name: Annotated[str, typer.Argument(help="specimen/tilted or specimen/level.")] = "specimen/tilted",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes a free one.")] = 8123,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.endpoints.specimen_server import serve as run

    run(name, port=port)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve", help=_HELP)(serve)
