"""`--store langgraph`: the store of LangGraph, in this process, with its own vector search.

Facts are stored as they are; of a conversation, what the user says. A user is a namespace of its own: the search of an
empty namespace would find every user's. The search has no threshold of relevance: it always gives as many notes as are
asked for, where there are so many.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from evenhand.errors import MissingExtraError
from evenhand.memory.stores.store import MemoryStore, StoreAdapter, checked_options, positive
from evenhand.records.message import ProductUser

__all__ = ["LANGGRAPH"]

_NAME = "langgraph"
_ROOT = "evenhand"
_NEEDED = ("embedder", "dims")
_KNOWN = {"base_url": "", "key_env": "", "k": "5"}
_MOST = 10_000
"""Notes of one user that are listed."""


class LangGraphStore:
    """LangGraph's store with vectors of an embedding model.

    Args:
        options: `embedder`, `dims`, and perhaps `base_url`, `key_env` and `k`.

    Raises:
        MissingExtraError: It is not installed.
        EndpointError: The embedding model cannot be asked.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        try:
            from langgraph.store.memory import InMemoryStore
        except ImportError as error:
            raise _missing() from error
        from evenhand.endpoints.openai.embeddings import Embedder  # the HTTP client

        given = _options(options)
        self._k = positive(given, "k", store=_NAME)
        self._embedder = Embedder(
            given["embedder"], base_url=given["base_url"] or None, key_env=given["key_env"] or None
        )
        index: Any = {"dims": positive(given, "dims", store=_NAME), "embed": self._embedder.embed, "fields": ["text"]}
        self._store: Any = InMemoryStore(index=index)

    async def write(self, user: ProductUser) -> None:
        """Put every fact, or every turn of the user, as a note of its own."""
        texts = [turn.content for turn in user.turns if turn.role == "user"] or list(user.facts)
        for number, text in enumerate(texts):
            await self._store.aput(_space(user.id), f"{number:05}", {"text": text})

    async def find(self, user: str, query: str) -> tuple[str, ...]:
        """The notes nearest to a message."""
        return _texts(await self._store.asearch(_space(user), query=query, limit=self._k))

    async def everything(self, user: str) -> tuple[str, ...]:
        """Every note, in the order in which they were written."""
        found = await self._store.asearch(_space(user), limit=_MOST)
        return _texts(sorted(found, key=lambda item: item.key))

    async def clear(self, user: str) -> None:
        """Delete every note."""
        for item in await self._store.asearch(_space(user), limit=_MOST):
            await self._store.adelete(item.namespace, item.key)

    async def aclose(self) -> None:
        """Close the connections; the notes are gone with the process."""
        await self._embedder.aclose()


def _space(user: str) -> tuple[str, ...]:
    return (_ROOT, user)


def _texts(items: Any) -> tuple[str, ...]:
    return tuple(str(item.value["text"]) for item in items)


def _options(options: Mapping[str, str]) -> dict[str, str]:
    return checked_options(options, store=_NAME, needed=_NEEDED, known=_KNOWN)


def _check(options: Mapping[str, str]) -> None:
    given = _options(options)
    for name in ("dims", "k"):
        positive(given, name, store=_NAME)


def _about(options: Mapping[str, str]) -> dict[str, str]:
    try:
        return {"langgraph-checkpoint": version("langgraph-checkpoint"), "threshold": "none"}
    except PackageNotFoundError as error:
        raise _missing() from error


def _missing() -> MissingExtraError:
    return MissingExtraError(
        f"--store {_NAME} needs the extra 'stores'; install it with: pip install 'evenhand[stores]'."
    )


def _open(options: Mapping[str, str]) -> MemoryStore:
    return LangGraphStore(options)


LANGGRAPH = StoreAdapter(name=_NAME, open=_open, check=_check, about=_about)
