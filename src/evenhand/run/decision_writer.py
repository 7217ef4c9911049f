"""Keeps decisions on facts while a run asks: those that come in while the disk is busy go there together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from evenhand.records.decision import FactDecision
from evenhand.records.trial import Failed
from evenhand.store.gate import failed

__all__ = ["DecisionSink", "DecisionWriter", "without_keys"]


class DecisionSink(Protocol):
    """Where decisions go."""

    def known(self) -> Iterable[FactDecision]:
        """What was kept before, the oldest first."""
        ...

    def keep(self, decisions: Sequence[FactDecision]) -> None:
        """Write decisions together; when this returns they are durable.

        Raises:
            StoreError: Nothing of these was written.
        """
        ...


class DecisionWriter:
    """A `DecisionBook` over the store of a run. A decision is on disk before anything rests on it.

    Args:
        sink: Where decisions go.
        secrets: Keys that are kept out of errors; answers come without them.
    """

    def __init__(self, sink: DecisionSink, *, secrets: tuple[str, ...] = ()) -> None:
        self._sink = sink
        self._secrets = secrets
        self._waiting: list[tuple[FactDecision, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    def known(self) -> Iterable[FactDecision]:
        """What was kept before, the oldest first."""
        return self._sink.known()

    async def keep(self, decision: FactDecision) -> None:
        """Return when the decision is on disk. It gets there also where the caller is cancelled while it waits.

        Raises:
            StoreError: It was not written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((without_keys(decision, secrets=self._secrets), done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def settle(self) -> None:
        """Return when everything that came in is on disk, or could not be written."""
        while self._writing is not None and not self._writing.done():
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: BaseException | None = None
            try:
                await asyncio.to_thread(self._sink.keep, [decision for decision, _ in batch])
            except Exception as raised:  # told to each who waits; nobody waits for ever
                error = raised
            for _, done in batch:
                if done.done():  # who waited was cancelled
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)


def without_keys(decision: FactDecision, *, secrets: tuple[str, ...]) -> FactDecision:
    """The decision as it may be kept: no key in the words of a failure; answers come without them."""
    outcome = decision.outcome
    if not isinstance(outcome, Failed):
        return decision
    return replace(decision, outcome=failed(outcome.error, attempts=outcome.attempts, secrets=secrets))
