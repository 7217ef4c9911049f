"""A model with a memory store between it and its users: what the store finds for a message goes into the prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TypeVar

from msgspec.structs import replace

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.memory.remember import notes_message
from evenhand.memory.stores.store import MemoryStore
from evenhand.records.message import ProductUser, Reply, Request

__all__ = ["StoreAssistant"]

_Result = TypeVar("_Result")


class StoreAssistant:
    """A model that is asked with what a store finds.

    Args:
        model: The model.
        store: The store.
        templates: Template name -> text, as frozen in the plan.
    """

    def __init__(self, model: Endpoint, store: MemoryStore, *, templates: Mapping[str, str]) -> None:
        self._model = model
        self._store = store
        self._templates = templates

    @property
    def concurrency(self) -> int:
        """As the model's."""
        return self._model.concurrency

    @property
    def locality(self) -> Locality:
        """Memory differs from question to question."""
        return "any"

    @property
    def recalls(self) -> bool:
        """A store shows what it holds."""
        return True

    async def remember(self, user: ProductUser, *, limit_s: float) -> None:
        """Write a user's facts into the store.

        Raises:
            AskError: It was not stored, or not in time.
        """
        await _within(self._store.write(user), limit_s, doing="write")

    async def forget(self, user: str, *, limit_s: float) -> None:
        """Clear a user in the store.

        Raises:
            AskError: It was not cleared, or not in time.
        """
        await _within(self._store.clear(user), limit_s, doing="clear")

    async def recall(self, user: str, query: str | None, *, limit_s: float) -> tuple[str, ...]:
        """What the store finds, or everything.

        Raises:
            AskError: It could not be searched, or not in time.
        """
        found = self._store.everything(user) if query is None else self._store.find(user, query)
        return await _within(found, limit_s, doing="search")

    async def reply(self, request: Request) -> Reply:
        """The model's reply to the question with what the store finds for it.

        Raises:
            AskError: The store could not be searched, or the model gave no answer.
        """
        if request.user is None:
            raise AskError("a model with a memory store was asked on behalf of nobody", kind="request")
        question = request.messages[-1].content
        limit_s = request.settings.timeout_s
        found = await _within(self._store.find(request.user.id, question), limit_s, doing="search")
        messages = (notes_message(self._templates, found), *request.messages)
        reply = await self._model.reply(replace(request, messages=messages))
        return replace(reply, memories=found, sent=messages)

    async def aclose(self) -> None:
        """Close the store, then the model."""
        try:
            await self._store.aclose()
        finally:
            await self._model.aclose()


async def _within(work: Awaitable[_Result], limit_s: float, *, doing: str) -> _Result:
    try:
        return await asyncio.wait_for(work, limit_s)
    except TimeoutError as error:
        raise AskError(f"the memory store did not {doing} within {limit_s:g} s") from error
