"""From a model's name to the endpoint that can be asked."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.callable import CallableEndpoint
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.names import (
    PLUGIN_GROUP,
    ModelName,
    read_name,
)
from evenhand.endpoints.openai_chat import OpenAIChatEndpoint
from evenhand.endpoints.providers import PROVIDERS
from evenhand.endpoints.replay import ReplayEndpoint
from evenhand.endpoints.simulated import SimulatedEndpoint
from evenhand.endpoints.specimen_names import chosen_folder
from evenhand.endpoints.target import read_target
from evenhand.errors import EndpointError
from evenhand.plugins import load_plugin
from evenhand.records.plan import ModelSpec

__all__ = ["open_endpoint"]

_LATE = {
    "specimen": ("evenhand.endpoints.specimen", "SpecimenEndpoint"),
    "hf": ("evenhand.endpoints.hf", "HuggingFaceEndpoint"),
    "inspect": ("evenhand.endpoints.inspect_ai", "InspectEndpoint"),
}
"""Endpoints that are heavy to import, or need an extra; imported when one of them is opened."""


def open_endpoint(spec: ModelSpec, *, context: EndpointContext | None = None) -> Endpoint:
    """The endpoint for a model; nothing is sent yet.

    Raises:
        EndpointError: Unknown prefix, no key, bad options, or nothing there to be asked.
        MissingExtraError: The endpoint needs an extra that is not installed.
    """
    context = context or EndpointContext()
    name = read_name(spec)
    if name.kind in PROVIDERS:
        target = read_target(spec, provider=name.kind, model=name.rest, connection=context.connection)
        return OpenAIChatEndpoint(target)
    match name.kind:
        case "simulated":
            if context.cells is None:
                raise EndpointError(
                    f"{spec.name!r} answers the cells of a plan only; use it with `evenhand audit` or `run`."
                )
            return SimulatedEndpoint(name.rest, options=name.options, cells=context.cells, levels=context.levels)
        case "replay":
            if context.recorded is None:
                raise EndpointError(
                    f"{spec.name!r} needs a reader of run directories; use it with `evenhand audit` or `run`."
                )
            recorded = context.recorded(Path(name.rest), name.options.get("model"))
            return ReplayEndpoint(recorded, name=spec.name, cells=context.cells)
        case "python":
            return CallableEndpoint(name.rest, concurrency=context.connection.concurrency)
        case "specimen" | "hf" | "inspect":
            return _opened_late(name, spec=spec, context=context)
        case _:
            return _opened_plugin(name.kind, spec=spec, context=context)


def _opened_late(name: ModelName, *, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    module, member = _LATE[name.kind]
    make = getattr(import_module(module), member)
    if name.kind == "specimen":
        return cast(Endpoint, make(name.rest, folder=chosen_folder(name.options)))
    return cast(Endpoint, make(name.rest, spec=spec, connection=context.connection))


def _opened_plugin(kind: str, *, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    plugin = load_plugin(PLUGIN_GROUP, kind)
    if not callable(plugin):
        raise EndpointError(
            f"The plug-in {kind!r} is a {type(plugin).__name__}, not a callable that makes an endpoint."
        )
    return cast(Endpoint, plugin(spec, context))
