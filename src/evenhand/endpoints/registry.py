"""From a model's name to the endpoint that can be asked."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.callable import CallableEndpoint
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.effects import read_respondent
from evenhand.endpoints.openai_chat import OpenAIChatEndpoint
from evenhand.endpoints.providers import PROVIDERS, is_local, normalised_url
from evenhand.endpoints.replay import ReplayEndpoint
from evenhand.endpoints.simulated import SimulatedEndpoint
from evenhand.endpoints.target import read_target
from evenhand.errors import EndpointError
from evenhand.plugins import load_plugin, near_miss, plugin_names
from evenhand.records.plan import ModelSpec

__all__ = ["PLUGIN_GROUP", "check_model", "endpoint_kind", "is_paid", "is_simulated", "open_endpoint"]

PLUGIN_GROUP = "evenhand.endpoints"
"""Entry point group of third-party endpoints: a name is a prefix, its value a callable
`(spec: ModelSpec, context: EndpointContext) -> Endpoint`."""

_OWN = ("simulated", "specimen", "replay", "python", "hf", "inspect")
_LOCAL_INSPECT = ("mockllm", "hf", "vllm", "ollama", "llama-cpp-python", "sglang", "transformer_lens")


def open_endpoint(spec: ModelSpec, *, context: EndpointContext | None = None) -> Endpoint:
    """The endpoint for a model; nothing is sent yet.

    Raises:
        EndpointError: Unknown prefix, no key, bad options, or nothing there to be asked.
        MissingExtraError: The endpoint needs an extra that is not installed.
    """
    context = context or EndpointContext()
    kind, rest, options = _parts(spec)
    if kind in PROVIDERS:
        return OpenAIChatEndpoint(read_target(spec, provider=kind, model=rest, connection=context.connection))
    match kind:
        case "simulated":
            if context.cells is None:
                raise EndpointError(
                    f"{spec.name!r} answers cells of a plan only; run it through `evenhand audit` or `run`."
                )
            return SimulatedEndpoint(rest, options=options, cells=context.cells, levels=context.levels)
        case "replay":
            if context.recorded is None:
                raise EndpointError(f"{spec.name!r} needs a reader of run directories; run it through `evenhand run`.")
            return ReplayEndpoint(
                context.recorded(Path(rest), options.get("model")), name=spec.name, cells=context.cells
            )
        case "python":
            return CallableEndpoint(rest, concurrency=context.connection.concurrency)
        case "specimen" | "hf" | "inspect":
            return _imported(kind, rest, spec=spec, context=context)
        case _:
            return _plugged(kind, spec=spec, context=context)


def check_model(spec: ModelSpec, *, connection: Connection | None = None) -> None:
    """Raise what `open_endpoint` would raise for a name, a key or options, without opening anything."""
    kind, rest, options = _parts(spec)
    if kind in PROVIDERS:
        read_target(spec, provider=kind, model=rest, connection=connection or Connection())
    elif kind == "simulated":
        read_respondent(rest, options)
    elif kind == "replay" and not (Path(rest) / "trials.sqlite").is_file():
        raise EndpointError(f"There is no run to replay at {rest!r}; name a run directory that holds trials.sqlite.")


def endpoint_kind(name: str) -> str:
    """The prefix of a model's name: `openai`, `simulated`, `python`..."""
    return _split(name)[0]


def is_simulated(name: str) -> bool:
    """Whether the answers are drawn from a simulated respondent."""
    return endpoint_kind(name) == "simulated"


def is_paid(spec: ModelSpec) -> bool:
    """Whether asking this model may cost money: a provider's server that is not in a private network."""
    kind, rest = _split(spec.name)
    if kind in PROVIDERS:
        return not is_local(normalised_url(spec.base_url or PROVIDERS[kind].base_url))
    return kind == "inspect" and rest.partition("/")[0] not in _LOCAL_INSPECT


def _parts(spec: ModelSpec) -> tuple[str, str, dict[str, str]]:
    """(prefix, what follows it, options from the name and the spec).

    Raises:
        EndpointError: The prefix is not known, or nothing follows it.
    """
    kind, rest = _split(spec.name)
    known = (*PROVIDERS, *_OWN, *plugin_names(PLUGIN_GROUP))
    if kind not in known:
        raise EndpointError(
            f"No endpoint is called {kind!r} (in the model name {spec.name!r}){near_miss(kind, known)}; "
            f"allowed prefixes: {', '.join(sorted(known))}; "
            "for any other OpenAI-compatible server use openai/NAME with --base-url."
        )
    if not rest:
        raise EndpointError(f"The model name {spec.name!r} stops after its prefix; write {kind}/NAME.")
    if kind in PROVIDERS:
        return kind, rest, dict(spec.options)
    rest, _, query = rest.partition("?")
    return kind, rest, dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)) | spec.options


def _split(name: str) -> tuple[str, str]:
    if name.startswith("python:"):
        return "python", name.removeprefix("python:")
    kind, _, rest = name.partition("/")
    return kind, rest


def _imported(kind: str, rest: str, *, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    """An endpoint whose module needs an extra, or is heavy to import."""
    if kind == "specimen":
        return cast(Endpoint, import_module("evenhand.endpoints.specimen").SpecimenEndpoint(rest))
    module, name = {"hf": ("hf", "HuggingFaceEndpoint"), "inspect": ("inspect_ai", "InspectEndpoint")}[kind]
    made = getattr(import_module(f"evenhand.endpoints.{module}"), name)
    return cast(Endpoint, made(rest, spec=spec, connection=context.connection))


def _plugged(kind: str, *, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    plugin = load_plugin(PLUGIN_GROUP, kind)
    if not callable(plugin):
        raise EndpointError(
            f"The plug-in {kind!r} is {type(plugin).__name__!r}, not a callable that makes an endpoint."
        )
    return cast(Endpoint, plugin(spec, context))
