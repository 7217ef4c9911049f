"""The memory stores by name: ours, and those of installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from msgspec.structs import replace

from evenhand.errors import UsageError, near_miss
from evenhand.memory.stores.langgraph import LANGGRAPH
from evenhand.memory.stores.mem0 import MEM0
from evenhand.memory.stores.store import MemoryStore, StoreAdapter
from evenhand.plugins import load_plugin, plugin_names
from evenhand.records.store_spec import StoreSpec

__all__ = ["STORE_GROUP", "frozen_store", "open_store_named", "read_store", "store_adapter"]

STORE_GROUP = "evenhand.stores"
"""Entry point group of third-party stores: a name, and a `StoreAdapter`."""
_OWN: Mapping[str, StoreAdapter] = {adapter.name: adapter for adapter in (MEM0, LANGGRAPH)}


def read_store(text: str) -> StoreSpec:
    """The store in `NAME` or `NAME?option=value&option=value`.

    Raises:
        UsageError: There is no such store, or its options cannot be meant.
    """
    name, _, query = text.partition("?")
    spec = StoreSpec(name=name, options=dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)))
    store_adapter(name).check(spec.options)
    return spec


def store_adapter(name: str) -> StoreAdapter:
    """The adapter with a name.

    Raises:
        UsageError: There is none, or a package's is none.
    """
    if name in _OWN:
        return _OWN[name]
    known = (*_OWN, *plugin_names(STORE_GROUP))
    if name not in known:
        raise UsageError(f"there is no store {name!r}{near_miss(name, known)}; allowed are {', '.join(sorted(known))}")
    plugin = load_plugin(STORE_GROUP, name)
    if not isinstance(plugin, StoreAdapter):
        raise UsageError(f"the store {name!r} is registered as a {type(plugin).__name__}, not as a StoreAdapter")
    return plugin


def frozen_store(spec: StoreSpec) -> StoreSpec:
    """The store with what is to be known of it: versions, hashes of prompts, what is switched off.

    Raises:
        UsageError: Its options cannot be meant.
        MissingExtraError: It is not installed.
    """
    adapter = store_adapter(spec.name)
    adapter.check(spec.options)
    return replace(spec, about=adapter.about(spec.options))


def open_store_named(spec: StoreSpec) -> MemoryStore:
    """The store, open.

    Raises:
        MissingExtraError: It is not installed.
        EndpointError: It cannot be asked.
    """
    return store_adapter(spec.name).open(spec.options)
