"""The connections of a whole run: which server may know the key, and how many requests have room at a time."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs
from yarl import URL

from evenhand.endpoints.context import Connection
from evenhand.endpoints.file_handles import room_for
from evenhand.endpoints.kinds import check_model, read_name
from evenhand.endpoints.openai.providers import PROVIDERS, normalised_url
from evenhand.endpoints.openai.target import check_one_server, usual_concurrency
from evenhand.records.plan import ModelSpec

__all__ = ["check_connection", "fitted"]


def check_connection(specs: Iterable[ModelSpec], connection: Connection) -> None:
    """Raise what asking these models together would raise: a missing key, a key that several servers would see.

    Args:
        specs: Every model of a run, a reader or judge among them.
        connection: Keys and headers.

    Raises:
        EndpointError: The models cannot be asked so.
    """
    served = _served(specs)
    check_one_server((url for _, url in served), connection)
    for spec, _ in served:
        check_model(spec, connection=connection)


def fitted(specs: Iterable[ModelSpec], connection: Connection) -> tuple[Connection, str | None]:
    """The connection with no more requests in flight than this process may open connections for.

    Returns:
        (connection, what to tell the user); None where everything has room. Raises the soft limit of open files first.
    """
    served = _served(specs)
    wished = sum(connection.concurrency or usual_concurrency(url) for _, url in served)
    room = room_for(wished)
    if room.connections >= wished:
        return connection, room.note
    return structs.replace(connection, concurrency=max(1, room.connections // len(served))), room.note


def _served(specs: Iterable[ModelSpec]) -> list[tuple[ModelSpec, URL]]:
    """The models behind a chat server, each with its address."""
    kinds = ((spec, read_name(spec).kind) for spec in specs)
    return [
        (spec, normalised_url(spec.base_url or PROVIDERS[kind].base_url)) for spec, kind in kinds if kind in PROVIDERS
    ]
