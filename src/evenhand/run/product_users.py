"""The users of a product during a run: made when their first question comes, and cleared when the run ends.

A user's name is on disk before the product hears of it, so that a run that was killed is cleared by the next one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.endpoints.product import ProductEndpoint
from evenhand.errors import EndpointError, EvenhandError
from evenhand.plan.canary import Canary, canary_of
from evenhand.records.message import ProductUser, Reply, Request
from evenhand.records.model_spec import ModelSpec
from evenhand.records.plan import Plan
from evenhand.records.product_memory import UserCleared, UserOpened, UserStored
from evenhand.run.canary import CanaryRun, ask_canary
from evenhand.run.patiently import gathered, patiently
from evenhand.store.memory_journal import MemoryJournal

__all__ = ["ProductUsers", "product_users", "told_what_is_left"]

_WRITING = 5
"""Writing a user's memory may take so many times what one answer may."""


class ProductUsers:
    """An endpoint that makes and clears the users of a product.

    The canary is asked before the first question, once in a run directory.

    Args:
        product: The product.
        model: The product as planned.
        plan: Hash of the plan.
        canary: What is asked before the first question; made when it is needed. None: it was asked before.
        journal: Where users and answers of the canary are written.
    """

    def __init__(
        self,
        product: ProductEndpoint,
        *,
        model: ModelSpec,
        plan: str,
        canary: Callable[[], Canary] | None,
        journal: MemoryJournal,
    ) -> None:
        self._product = product
        self._model = model
        self._plan = plan
        self._canary = canary
        self._journal = journal
        self._checked: asyncio.Task[None] | None = None
        self._users: dict[str, asyncio.Task[None]] = {}
        self._opened = dict.fromkeys(journal.open_users(model.name))
        self.left: dict[str, str] = {}
        """Users that could not be cleared -> what the product said."""

    @property
    def concurrency(self) -> int:
        """As the product's."""
        return self._product.concurrency

    @property
    def locality(self) -> Locality:
        """As the product's."""
        return self._product.locality

    async def reply(self, request: Request) -> Reply:
        """The product's reply, with what its memory gave for the question where it shows that.

        Raises:
            AskError: There was none, or the user's memory could not be written.
            MemoryLeak: The canary came back where it was not stored.
        """
        user = request.user
        if user is None:
            raise AskError(f"{self._model.name!r} was asked on behalf of nobody.", kind="request")
        await self._check()
        await self._make(user)
        reply = await self._product.reply(request)
        if reply.memories is None and self._product.recalls:
            query = request.messages[-1].content
            limit_s = request.settings.timeout_s
            found = await patiently(lambda: self._product.recall(user.id, query, limit_s=limit_s))
            reply = replace(reply, memories=found)
        return reply

    async def aclose(self) -> None:
        """Clear every user of this run and of runs before it, then close the product."""
        going = [task for task in (self._checked, *self._users.values()) if task is not None]
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        try:
            await gathered((self._cleared(user) for user in tuple(self._opened)), most=self._product.concurrency)
        finally:
            await self._product.aclose()

    async def _check(self) -> None:
        if self._canary is None:
            return
        if self._checked is None:
            run = CanaryRun(
                product=self._product,
                model=self._model.name,
                settings=replace(self._model.settings, logprobs=False),
                plan=self._plan,
                journal=self._journal,
                store=self._stored,
                clear=self._opened_and_cleared,
            )
            self._checked = asyncio.create_task(ask_canary(run, self._canary()))
        await asyncio.shield(self._checked)

    async def _make(self, user: ProductUser) -> None:
        """Make a user once, whoever asks for it first; a user that could not be made is tried again by the next."""
        task = self._users.get(user.id)
        if task is None:
            task = self._users[user.id] = asyncio.create_task(self._written(user))
        try:
            await asyncio.shield(task)
        except EvenhandError:
            if self._users.get(user.id) is task:
                del self._users[user.id]
            raise

    async def _written(self, user: ProductUser) -> None:
        """Store what a user is to be remembered by, and write down what the product then has of it."""
        began = time.perf_counter()
        await self._renewed(user)
        seconds = time.perf_counter() - began
        kept = await self._held(user.id) if self._product.recalls else None
        event = UserStored(
            plan=self._plan,
            user=user.id,
            model=user.model,
            arm=user.arm,
            item=user.item,
            placement=user.placement,
            given=user.facts,
            kept=kept,
            seconds=seconds,
        )
        await asyncio.to_thread(self._journal.add, event)

    async def _renewed(self, user: ProductUser) -> None:
        """Clear a user of what an earlier run may have left, and store its facts."""

        async def attempt() -> None:
            await self._opened_and_cleared(user)
            if user.facts:
                await self._product.remember(user, limit_s=_WRITING * self._model.settings.timeout_s)

        await patiently(attempt)

    async def _opened_and_cleared(self, user: ProductUser) -> None:
        """Clear a user whose name was written down before."""
        if user.id not in self._opened:
            self._opened[user.id] = None
            await asyncio.to_thread(self._journal.add, UserOpened(user=user.id, model=self._model.name))
        await self._forgotten(user.id)

    async def _stored(self, user: ProductUser) -> None:
        limit_s = _WRITING * self._model.settings.timeout_s
        await patiently(lambda: self._product.remember(user, limit_s=limit_s))

    async def _forgotten(self, user: str) -> None:
        await patiently(lambda: self._forget(user))

    async def _forget(self, user: str) -> None:
        await self._product.forget(user, limit_s=self._model.settings.timeout_s)

    async def _held(self, user: str) -> tuple[str, ...]:
        return await patiently(
            lambda: self._product.recall(user, None, limit_s=self._model.settings.timeout_s),
        )

    async def _clear(self, user: str) -> None:
        """Clear a user, and make sure of it where the product shows what it holds.

        Raises:
            AskError: The product did not clear it.
        """
        await self._forgotten(user)
        if self._product.recalls and (held := await self._held(user)):
            raise AskError(f"after forget it still shows {held[0][:100]!r} ({len(held)} in all)")
        self._opened.pop(user, None)
        await asyncio.to_thread(self._journal.add, UserCleared(user=user, model=self._model.name))

    async def _cleared(self, user: str) -> None:
        """Clear a user at the end; what cannot be cleared is kept for the caller to tell."""
        try:
            await self._clear(user)
        except EvenhandError as error:
            self.left[user] = str(error)


def product_users(endpoint: Endpoint, *, model: ModelSpec, plan: Plan, journal: MemoryJournal) -> ProductUsers:
    """The product behind an endpoint, with its users.

    Raises:
        EndpointError: The endpoint is none of a product.
    """
    if not all(hasattr(endpoint, hook) for hook in ("remember", "forget", "recall", "recalls")):
        raise EndpointError(
            f"the endpoint of {model.name!r} says that it keeps memory itself and has no remember, forget and recall; "
            "see evenhand.endpoints.product"
        )
    asked_before = journal.passed(model.name, plan=plan.sha256)
    return ProductUsers(
        cast(ProductEndpoint, endpoint),
        model=model,
        plan=plan.sha256,
        canary=None if asked_before else lambda: canary_of(plan, model.name),
        journal=journal,
    )


@contextmanager
def told_what_is_left(products: Sequence[ProductUsers], directory: Path) -> Iterator[None]:
    """Say after the block which users a product did not clear, beside whatever else went wrong.

    Raises:
        EndpointError: There are such users; the answers are safe.
    """
    try:
        yield
    except EvenhandError as error:
        if said := _left(products, directory):
            error.args = (f"{error} {said}", *error.args[1:])
        raise
    if said := _left(products, directory):
        raise EndpointError(said)


def _left(products: Sequence[ProductUsers], directory: Path) -> str:
    left = [(user, said) for product in products for user, said in product.left.items()]
    if not left:
        return ""
    user, said = left[0]
    many = "1 user" if len(left) == 1 else f"{len(left)} users"
    return (
        f"The product still holds {many} of this run, the first is {user!r} ({said}). Answers are safe; "
        f"the next run in {str(directory)!r} tries to clear them again."
    )
