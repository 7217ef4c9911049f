"""What a model's name says: its prefix, its options, whether asking costs money. Light to import, opens nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl

from msgspec import Struct, structs
from yarl import URL

from evenhand.endpoints.context import Connection
from evenhand.endpoints.effects import read_respondent
from evenhand.endpoints.file_handles import room_for
from evenhand.endpoints.providers import PROVIDERS, is_local, normalised_url
from evenhand.endpoints.specimen_names import chosen_folder, specimen_name
from evenhand.endpoints.target import check_one_server, read_target, usual_concurrency
from evenhand.errors import EndpointError
from evenhand.plugins import near_miss, plugin_names
from evenhand.records.plan import ModelSpec

__all__ = [
    "PLUGIN_GROUP",
    "ModelName",
    "check_connection",
    "check_model",
    "endpoint_kind",
    "fitted",
    "is_paid",
    "is_simulated",
    "read_name",
]

PLUGIN_GROUP = "evenhand.endpoints"
"""Entry point group of third-party endpoints: a name is a prefix, its value a callable
`(spec: ModelSpec, context: EndpointContext) -> Endpoint`."""

_OWN = ("simulated", "specimen", "replay", "python", "hf", "inspect")
_LOCAL_INSPECT = ("mockllm", "hf", "vllm", "ollama", "llama-cpp-python", "sglang", "transformer_lens")


class ModelName(Struct, frozen=True):
    """A model's name, taken apart."""

    kind: str
    """The prefix: which endpoint."""
    rest: str
    """What follows the prefix, without options."""
    options: dict[str, str]
    """Options from the name (`?gap=0.05&seed=1`) and from the spec, which wins."""


def read_name(spec: ModelSpec) -> ModelName:
    """The parts of a model's name.

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
        return ModelName(kind, rest, dict(spec.options))
    rest, _, query = rest.partition("?")
    return ModelName(kind, rest, dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)) | spec.options)


def check_model(
    spec: ModelSpec,
    *,
    connection: Connection | None = None,
    levels: frozenset[str] | None = None,
    keyed: bool = True,
) -> None:
    """Raise what opening the endpoint would raise for a name, a key or options, without opening anything.

    Args:
        spec: The model.
        connection: Where the key is.
        levels: Level ids of the plan, for the effects of a simulated respondent; None accepts any.
        keyed: Whether the key must be there already; a plan needs none.

    Raises:
        EndpointError: Unknown prefix, no key, no run to replay, options that cannot be meant.
    """
    name = read_name(spec)
    if name.kind in PROVIDERS:
        connection = (connection or Connection()) if keyed else None
        read_target(spec, provider=name.kind, model=name.rest, connection=connection)
    elif name.kind == "simulated":
        read_respondent(name.rest, name.options, levels=levels)
    elif name.kind == "specimen":
        specimen_name(name.rest, chosen_folder(name.options))
    elif name.kind == "replay" and not (Path(name.rest) / "trials.sqlite").is_file():
        raise EndpointError(
            f"There is no run to replay at {name.rest!r}; name a run directory that holds trials.sqlite."
        )


def check_connection(specs: Iterable[ModelSpec], connection: Connection) -> None:
    """Raise what asking these models together would raise: a missing key, a key that several servers would see.

    Args:
        specs: Every model of a run, a reader or judge among them.
        connection: Keys and headers.

    Raises:
        EndpointError: The models cannot be asked so.
    """
    specs = tuple(specs)
    served = [spec for spec in specs if _split(spec.name)[0] in PROVIDERS]
    check_one_server(map(_url, served), connection)
    for spec in served:
        check_model(spec, connection=connection)


def fitted(specs: Iterable[ModelSpec], connection: Connection) -> tuple[Connection, str | None]:
    """The connection with no more requests in flight than this process may open connections for.

    Returns:
        (connection, what to tell the user); None where everything has room. Raises the soft limit of open files first.
    """
    served = [spec for spec in specs if _split(spec.name)[0] in PROVIDERS]
    wished = sum(connection.concurrency or usual_concurrency(_url(spec)) for spec in served)
    room = room_for(wished)
    if room.connections >= wished:
        return connection, room.note
    return structs.replace(connection, concurrency=max(1, room.connections // len(served))), room.note


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
        return not is_local(_url(spec))
    return kind == "inspect" and rest.partition("/")[0] not in _LOCAL_INSPECT


def _url(spec: ModelSpec) -> URL:
    return normalised_url(spec.base_url or PROVIDERS[_split(spec.name)[0]].base_url)


def _split(name: str) -> tuple[str, str]:
    if name.startswith("python:"):
        return "python", name.removeprefix("python:")
    kind, _, rest = name.partition("/")
    return kind, rest
