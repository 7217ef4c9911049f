"""The endpoint kinds: ours, one line each, and those of installed plug-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

from msgspec.structs import replace

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.batch import BatchEndpoint
from evenhand.endpoints.callable import CALLABLE
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.hf.kind import HUGGING_FACE
from evenhand.endpoints.inspect_ai import INSPECT
from evenhand.endpoints.kind import EndpointKind, ModelCheck, ModelName, named_with_options
from evenhand.endpoints.openai.kind import PROVIDER_KINDS
from evenhand.endpoints.replay import REPLAY
from evenhand.endpoints.service.kind import SERVICE
from evenhand.endpoints.simulated.endpoint import SIMULATED
from evenhand.endpoints.specimen.kind import SPECIMEN
from evenhand.errors import EndpointError, near_miss
from evenhand.plugins import load_plugin, plugin_names
from evenhand.records.plan import ModelSpec

__all__ = [
    "PLUGIN_GROUP",
    "check_batches",
    "check_model",
    "kind_named",
    "kind_of",
    "open_batch_endpoint",
    "open_endpoint",
    "read_name",
    "reported_kind",
]

PLUGIN_GROUP = "evenhand.endpoints"
"""Entry point group of third-party endpoints: a name is a prefix, its value an `EndpointKind`, or a callable
`(spec: ModelSpec, context: EndpointContext) -> Endpoint`, which is then taken to be paid and to need cells."""

_OWN: tuple[EndpointKind, ...] = (
    *PROVIDER_KINDS,
    SIMULATED,
    SPECIMEN,
    REPLAY,
    CALLABLE,
    SERVICE,
    HUGGING_FACE,
    INSPECT,
)


def kind_of(spec: ModelSpec) -> EndpointKind:
    """The kind of a model.

    Raises:
        EndpointError: No kind has this prefix.
    """
    prefix, _ = _split(spec.name)
    found = kind_named(prefix)
    if found is None:
        known = (*_prefixes(), *plugin_names(PLUGIN_GROUP))
        raise EndpointError(
            f"No endpoint is called {prefix!r} (in the model name {spec.name!r}){near_miss(prefix, known)}; "
            f"allowed prefixes: {', '.join(sorted(known))}; "
            "for any other OpenAI-compatible server use openai/NAME with --base-url."
        )
    return found


def kind_named(prefix: str) -> EndpointKind | None:
    """The kind with this prefix, a plug-in's too; None where there is none."""
    own = _prefixes().get(prefix)
    if own is not None:
        return own
    return _plugin(prefix) if prefix in plugin_names(PLUGIN_GROUP) else None


def reported_kind(name: str) -> EndpointKind | None:
    """The kind that a server says is behind it, such as a specimen served over HTTP; None where it names none."""
    prefix, rest = _split(name)
    return kind_named(prefix) if rest else None


def read_name(spec: ModelSpec) -> ModelName:
    """The parts of a model's name.

    Raises:
        EndpointError: The prefix is not known, or nothing follows it.
    """
    kind = kind_of(spec)
    _, rest = _split(spec.name)
    if not rest:
        raise EndpointError(f"The model name {spec.name!r} stops after its prefix; write {kind.prefix}/NAME.")
    return kind.named(rest, spec)


def check_model(spec: ModelSpec, *, connection: Connection | None = None, levels: frozenset[str] | None = None) -> None:
    """Raise what opening the endpoint would raise for a name, a key or options, without opening anything.

    Args:
        spec: The model.
        connection: Where the key is, when it must be there; None: a plan needs no key.
        levels: Level ids of the plan, for the effects of a simulated respondent; None accepts any.

    Raises:
        EndpointError: Unknown prefix, no key, no run to replay, options that cannot be meant.
    """
    kind_of(spec).check(ModelCheck(name=read_name(spec), spec=spec, connection=connection, levels=levels))


def open_endpoint(spec: ModelSpec, *, context: EndpointContext | None = None) -> Endpoint:
    """The endpoint for a model; nothing is sent yet.

    Raises:
        EndpointError: Unknown prefix, no key, bad options, or nothing there to be asked.
        MissingExtraError: The endpoint needs an extra that is not installed.
    """
    return kind_of(spec).open(read_name(spec), spec, context or EndpointContext())


def check_batches(spec: ModelSpec) -> None:
    """Raise where a model cannot be asked by batches.

    Raises:
        EndpointError: It cannot, with the prefixes that can.
    """
    _batch_opener(spec)


def open_batch_endpoint(spec: ModelSpec, *, context: EndpointContext | None = None) -> BatchEndpoint:
    """What asks a model by batches; nothing is sent yet.

    Raises:
        EndpointError: The model takes no batches; unknown prefix, no key, or bad options.
    """
    return _batch_opener(spec)(read_name(spec), spec, context or EndpointContext())


def _batch_opener(spec: ModelSpec) -> Callable[[ModelName, ModelSpec, EndpointContext], BatchEndpoint]:
    kind = kind_of(spec)
    if kind.batch is not None:
        return kind.batch
    known = ", ".join(f"{prefix}/" for prefix, one in sorted(_prefixes().items()) if one.batch is not None)
    raise EndpointError(
        f"The model {spec.name!r} cannot be asked with --batch: {kind.prefix!r} takes no batches; these do: {known} "
        "(openai/NAME with --base-url for any other server with OpenAI's batches); leave --batch out to ask one by one."
    )


@cache
def _prefixes() -> Mapping[str, EndpointKind]:
    return {kind.prefix: kind for kind in _OWN}


def _plugin(prefix: str) -> EndpointKind:
    plugin = load_plugin(PLUGIN_GROUP, prefix)
    if isinstance(plugin, EndpointKind):
        return replace(plugin, prefix=prefix)
    if not callable(plugin):
        raise EndpointError(
            f"The plug-in {prefix!r} is a {type(plugin).__name__}, neither an EndpointKind nor a callable that makes "
            "an endpoint."
        )
    make = plugin

    def opened(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
        return cast(Endpoint, make(spec, context))

    return EndpointKind(
        prefix=prefix,
        open=opened,
        check=lambda check: None,
        paid=lambda spec: True,
        named=lambda rest, spec: named_with_options(rest, spec, kind=prefix),
        needs_cells=True,
    )


def _split(name: str) -> tuple[str, str]:
    """Prefix and rest: `python:module:function`, `http:FILE.toml` and `prefix/rest`."""
    for own in ("python", "http"):
        if name.startswith(f"{own}:"):
            return own, name.removeprefix(f"{own}:")
    prefix, _, rest = name.partition("/")
    return prefix, rest
