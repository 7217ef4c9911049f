"""A memory store between an assistant and its users, as a plan names it."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["StoreSpec"]


class StoreSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A store with all that decides what it keeps and finds."""

    name: str
    """Name of its adapter, such as `mem0`."""
    options: dict[str, str] = {}
    """Options of the adapter: models, addresses, numbers. Of a key it is the variable's name, never the key."""
    about: dict[str, str] = {}
    """Versions, hashes of its prompts, and what is switched off; filled in when the plan is made."""
