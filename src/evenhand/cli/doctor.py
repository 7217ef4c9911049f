"""`evenhand doctor`: can a model be audited, before a plan is made?"""

from __future__ import annotations

from typing import Annotated

import typer

from evenhand.cli.config import ConfigOptions, say_settings
from evenhand.cli.design_options import DEFAULT_MODEL, pairs_of
from evenhand.cli.groups import takes
from evenhand.cli.output import print_json, say
from evenhand.cli.run_options import connection_of
from evenhand.errors import EndpointError
from evenhand.records.checkup import DoctorCheck
from evenhand.records.message import USUAL_SETTINGS
from evenhand.records.plan import ModelSpec

__all__ = ["register"]

_HELP = """Look whether a model can be audited, with ten calls, before a plan is made.

Checks the name, the key, the way to the server, whether answers can be read, log-probabilities, the system role,
whether temperature 0 repeats, speed, and what ten calls cost. Every check says what it means and what to do.
Ends with exit code 5 where the model cannot be audited as it stands. In a folder with an evenhand.toml, that names the
model.

Examples:

  evenhand doctor                                       the shipped specimen, or the model of evenhand.toml

  evenhand doctor openai/gpt-5.1                        a hosted model; the key is read from OPENAI_API_KEY

  evenhand doctor vllm/Qwen3-4B --base-url http://localhost:8000/v1 --json
"""


@takes(ConfigOptions)
def doctor(
    _: ConfigOptions,
    ctx: typer.Context,
    models: Annotated[list[str] | None, typer.Argument(help="Models; none: the shipped specimen.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    api_key_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds the key (never the key itself).")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="NAME=VARIABLE: a header with the value of an environment variable.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Endpoint option NAME=VALUE.")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Completion limit.")] = USUAL_SETTINGS.max_tokens,
    patience: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait for the first answer, and then for all others.")
    ] = 60.0,
    json: Annotated[bool, typer.Option("--json", help="Print what was seen and the checks as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from msgspec.structs import replace

    from evenhand.doctor.checks import checks_of
    from evenhand.doctor.examine import examine

    say_settings(ctx)
    connection = connection_of(header or [], api_key_env=api_key_env)
    options = pairs_of(set_ or [], option="--set")
    settings = replace(USUAL_SETTINGS, max_tokens=max_tokens)
    seen = [
        examine(
            ModelSpec(name=name, base_url=base_url, settings=settings, options=options),
            connection=connection,
            patience_s=patience,
        )
        for name in models or [DEFAULT_MODEL]
    ]
    checked = [(one, checks_of(one)) for one in seen]
    if json:
        print_json([{"model": one.model, "checks": checks, "seen": one} for one, checks in checked])
    else:
        for one, checks in checked:
            _show(one.model, checks)
    failed = {one.model: [check.name for check in checks if check.result == "failed"] for one, checks in checked}
    bad = {model: names for model, names in failed.items() if names}
    if bad:
        told = "; ".join(f"{model!r} ({', '.join(names)})" for model, names in bad.items())
        raise EndpointError(f"what cannot be audited as it stands, and the checks that failed: {told}")


def _show(model: str, checks: tuple[DoctorCheck, ...]) -> None:
    say(model)
    for check in checks:
        say(f"  {check.result}: {check.name}. {check.found}")
        say(f"      {check.means}")
        if check.do is not None:
            say(f"      What to do: {check.do}.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", help=_HELP)(doctor)
