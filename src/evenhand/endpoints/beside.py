"""Requests beside a plan: a judge's, or those for preference data. They have no cells, so no store keeps their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

from evenhand.endpoints.base import AskError, Endpoint
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.errors import EndpointError, EvenhandError
from evenhand.records.model_spec import ModelSpec

__all__ = ["ask_each"]

T = TypeVar("T")

_MOST_FAILED = 0.5
_FEWEST = 8
"""Failures from which on their share is looked at."""


def ask_each(
    spec: ModelSpec,
    waiting: Iterable[T],
    ask: Callable[[Endpoint, T], Awaitable[None]],
    *,
    connection: Connection,
    advance: Callable[[], None],
) -> int:
    """Ask a model for each, as many at a time as its endpoint takes.

    Args:
        spec: The model.
        waiting: What is asked for, in turn.
        ask: Asks for one and keeps the answer; an `AskError` means that there is none.
        connection: Keys, and how many at a time.
        advance: Called after each.

    Returns:
        How many got no answer.

    Raises:
        EndpointError: The model cannot be asked, or most requests fail.
    """
    return asyncio.run(_each(spec, iter(waiting), ask, connection=connection, advance=advance))


async def _each(
    spec: ModelSpec,
    waiting: Iterator[T],
    ask: Callable[[Endpoint, T], Awaitable[None]],
    *,
    connection: Connection,
    advance: Callable[[], None],
) -> int:
    endpoint = open_endpoint(spec, context=EndpointContext(connection=connection))
    tally = _Tally()

    async def work() -> None:
        for one in waiting:
            try:
                await ask(endpoint, one)
            except AskError as error:
                tally.fail(error)
            else:
                tally.answered += 1
            advance()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(endpoint.concurrency):
                group.create_task(work())
    except* EvenhandError as errors:
        raise errors.exceptions[0] from None
    finally:
        await endpoint.aclose()
    return tally.failed


class _Tally:
    """Answers and failures so far."""

    def __init__(self) -> None:
        self.answered = self.failed = 0

    def fail(self, error: AskError) -> None:
        """Count a failure; raise where most requests fail."""
        self.failed += 1
        if self.failed >= _FEWEST and self.failed > _MOST_FAILED * (self.answered + self.failed):
            raise EndpointError(f"most requests got no answer (the last: {error}); mend that and repeat") from error
