"""`evenhand serve`: a shipped specimen behind an OpenAI-compatible server on loopback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from evenhand.cli.output import say

__all__ = ["register"]

_HELP = """Serve a specimen over the OpenAI protocol, so that any tool can be pointed at a model whose bias is known.

The server binds to 127.0.0.1 and offers chat completions (with top_logprobs and streaming) and /v1/models. It prints
its address and the names of its models, and ends with Ctrl-C. A field of a request that a specimen cannot honour, such
as tools or logit_bias, is refused. Without a seed every draw is a new one.

Examples:

  evenhand serve specimen/tilted --port 8123

  evenhand serve specimen/level --port 0                 takes a free port

  evenhand audit openai/specimen-tilted --base-url http://127.0.0.1:8123/v1 --bank situations
"""


def serve(
    name: Annotated[str, typer.Argument(help="specimen/tilted or specimen/level.")] = "specimen/tilted",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes a free one.")] = 8123,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.endpoints.specimen.server import serve as run

    run(name, port=port, ready=_say_ready)
    sys.stdout.flush()
    os._exit(0)  # an answer that nobody waits for any more may still be computed in a thread; it holds nothing open


def _say_ready(url: str, models: Sequence[str]) -> None:
    say(f"Serving at {url}")
    say(f"Models: {', '.join(models)}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve", help=_HELP)(serve)
