"""The seam to a memory store: written, searched, listed and cleared, one user at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from evenhand.errors import UsageError, near_miss
from evenhand.records.message import ProductUser

__all__ = ["MemoryStore", "StoreAdapter", "checked_options", "positive"]


class MemoryStore(Protocol):
    """A store of facts about users."""

    async def write(self, user: ProductUser) -> None:
        """Store a user's facts, or what the user says in a conversation.

        Raises:
            AskError: It was not stored.
        """
        ...

    async def find(self, user: str, query: str) -> tuple[str, ...]:
        """What fits a message best, best first; a message that nothing fits may find nothing.

        Raises:
            AskError: It could not be searched.
        """
        ...

    async def everything(self, user: str) -> tuple[str, ...]:
        """All that is stored of a user.

        Raises:
            AskError: It could not be listed.
        """
        ...

    async def clear(self, user: str) -> None:
        """Delete everything of a user; a user that is not known is no error.

        Raises:
            AskError: It was not deleted.
        """
        ...

    async def aclose(self) -> None:
        """Release connections, files and threads."""
        ...


class StoreAdapter(Struct, frozen=True, kw_only=True):
    """One kind of store. Another package registers its own under the entry point group `evenhand.stores`."""

    name: str
    """As in `--store NAME`."""
    open: Callable[[Mapping[str, str]], MemoryStore]
    """Makes the store from its options. Heavy imports happen in here."""
    check: Callable[[Mapping[str, str]], None]
    """Raises `UsageError` for options that cannot be meant; opens nothing."""
    about: Callable[[Mapping[str, str]], dict[str, str]]
    """Versions, hashes of prompts, and what is switched off, for the plan. Raises `MissingExtraError`."""
    write_tokens: int = 0
    """Tokens of prompt that writing one fact sends to a model, about; 0 where no model is asked."""


def checked_options(
    options: Mapping[str, str], *, store: str, needed: tuple[str, ...], known: Mapping[str, str]
) -> dict[str, str]:
    """The options with defaults for those that are not given.

    Args:
        options: As given.
        store: Name of the adapter.
        needed: Options that must be given.
        known: Options that may be given -> their default.

    Raises:
        UsageError: One is not known, or lacks.
    """
    names = (*needed, *known)
    for name in options:
        if name not in names:
            raise UsageError(
                f"the store {store!r} has no option {name!r}{near_miss(name, names)}; it takes {', '.join(names)}"
            )
    for name in needed:
        if not options.get(name):
            example = "&".join(f"{one}=..." for one in needed)
            raise UsageError(f"the store {store!r} needs the option {name!r}: --store '{store}?{example}'")
    return {**known, **options}


def positive(options: Mapping[str, str], name: str, *, store: str) -> int:
    """An option that is a whole number from 1.

    Raises:
        UsageError: It is none.
    """
    text = options[name]
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"the option {name} of the store {store!r} is {text!r}; write a whole number from 1")
    return int(text)
