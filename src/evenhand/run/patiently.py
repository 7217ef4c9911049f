"""A few attempts at what may fail once, and a few things at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from evenhand.endpoints.base import AskError

__all__ = ["ATTEMPTS", "gathered", "patiently"]

ATTEMPTS = 3
"""How often something is tried that fails for a reason that may pass."""
_PAUSE_S = 0.5

_Result = TypeVar("_Result")


async def patiently(attempt: Callable[[], Awaitable[_Result]]) -> _Result:
    """What an attempt gives, of which there are up to `ATTEMPTS`, with growing pauses.

    Raises:
        AskError: The last one failed, or one failed for a reason that stays.
    """
    for number in range(1, ATTEMPTS):
        try:
            return await attempt()
        except AskError as error:
            if error.kind == "request":
                raise
            await asyncio.sleep(_PAUSE_S * number)
    return await attempt()


async def gathered(work: Iterable[Awaitable[_Result]], *, most: int) -> list[_Result]:
    """What all of them give, in their order; the first error gives up the rest.

    Args:
        work: Started at most `most` at a time.
        most: How many.
    """
    gate = asyncio.Semaphore(max(1, most))

    async def one(awaited: Awaitable[_Result]) -> _Result:
        async with gate:
            return await awaited

    tasks = [asyncio.ensure_future(one(awaited)) for awaited in work]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
