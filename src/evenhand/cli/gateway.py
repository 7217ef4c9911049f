"""`evenhand gateway`: a measured policy in front of a live assistant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.output import say

__all__ = ["register"]

_HELP = """Put a policy of an audit between an application and its assistant.

The gateway speaks the OpenAI protocol. It finds the memory of each chat request (a block between marks, a retrieved
block, the result of a tool), applies the policy to the facts in it, and passes everything else through as it is,
streams included. It keeps no content; /metrics counts in the text format of Prometheus.

It listens on 127.0.0.1. On any other address it needs a token in the environment variable EVENHAND_GATEWAY_TOKEN, which
clients send as their key; the key of the upstream then comes from --api-key-env. Forms of memory of your own come
from a file (--memory); docs/gateway.md shows one.

Examples:

  evenhand gateway --policy gate --upstream http://127.0.0.1:8000/v1

  evenhand gateway --policy 'redact?by=words' --upstream http://127.0.0.1:8000/v1 --memory memory.toml --port 0

  evenhand gateway --policy none --upstream http://127.0.0.1:8000/v1 --port 0        counts, and changes nothing
"""
_TOKEN = "EVENHAND_GATEWAY_TOKEN"
_MB = 1024 * 1024


def gateway(
    policy: Annotated[str, typer.Option(help="NAME or NAME?option=value, as in --mitigation of an audit; or none.")],
    upstream: Annotated[str, typer.Option(help="Base URL of the assistant's server, such as http://HOST:PORT/v1.")],
    memory: Annotated[
        Path | None, typer.Option(help="TOML file with the forms of memory of your application.", dir_okay=False)
    ] = None,
    host: Annotated[str, typer.Option(help="Name or address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8124,
    token_env: Annotated[str, typer.Option(help="Environment variable of the token that clients send.")] = _TOKEN,
    api_key_env: Annotated[
        str | None, typer.Option(help="Environment variable of the upstream's key (never the key itself).")
    ] = None,
    max_body: Annotated[int, typer.Option(min=1, max=1024, help="Megabytes of a request at most.")] = 20,
    patience: Annotated[float, typer.Option(min=0.1, help="Seconds for which the upstream may say nothing.")] = 600.0,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.endpoints.context import Connection
    from evenhand.endpoints.kinds import check_model
    from evenhand.mitigate.policy import AskedPolicy
    from evenhand.serve.deployed import deployed
    from evenhand.serve.form import shipped_forms
    from evenhand.serve.form_file import read_forms
    from evenhand.serve.gateway import GatewaySpec, make_app
    from evenhand.serve.guard import read_token
    from evenhand.serve.listen import serve_until_stopped
    from evenhand.serve.upstream import read_upstream

    forms = shipped_forms() if memory is None else read_forms(memory)
    applied = deployed(policy, forms)
    if isinstance(applied.policy, AskedPolicy):
        check_model(applied.policy.model, connection=Connection())
    spec = GatewaySpec(
        deployed=applied,
        upstream=read_upstream(upstream, key_env=api_key_env, patience_s=patience),
        token=read_token(host, variable=token_env),
        largest=max_body * _MB,
    )

    def ready(url: str) -> None:
        say(f"Serving at {url}")
        say(f"Policy {policy}, in front of {spec.upstream.base_url}; forms of memory: {', '.join(forms.names)}")

    serve_until_stopped(make_app(spec), host=host, port=port, ready=ready)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("gateway", help=_HELP)(gateway)
