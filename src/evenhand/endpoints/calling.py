"""Calls into code of the user's: plain functions in threads, coroutines in the loop, each with a time limit."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from evenhand.endpoints.base import AskError
from evenhand.errors import EvenhandError

__all__ = ["THREADS", "Caller"]

THREADS = 8
"""Calls at a time, where the user names no number."""


class Caller:
    """Calls functions of one assistant.

    Args:
        name: The assistant, for errors.
        concurrency: Threads for plain functions.
    """

    def __init__(self, name: str, *, concurrency: int) -> None:
        self._name = name
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="evenhand-assistant")

    async def call(self, function: Callable[..., object], *arguments: object, limit_s: float, doing: str) -> object:
        """What a function returns.

        Args:
            function: A function or a coroutine function; what it returns may be waited for.
            arguments: Given to it.
            limit_s: Seconds that it may take.
            doing: What it is asked for, as in "did not ... within 2 s".

        Raises:
            AskError: It raised, tried to end the process, or ran longer than the time limit.
            EvenhandError: It raised one itself.
        """
        call = asyncio.ensure_future(self._called(function, arguments))
        try:
            await asyncio.wait((call,), timeout=limit_s)
        finally:
            done = call.done()
            call.cancel()
        if not done:
            raise AskError(f"{self._name} did not {doing} within {limit_s:g} s.")
        error = call.exception()
        if isinstance(error, EvenhandError):
            raise error
        if error is not None:
            raise AskError(f"{self._name} raised {type(error).__name__}: {error}") from error
        return call.result()

    def close(self) -> None:
        """Let the threads go; a call that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _called(self, function: Callable[..., object], arguments: tuple[object, ...]) -> object:
        """What the function returns; one that tries to end the process fails like any other."""
        try:
            if inspect.iscoroutinefunction(function):
                answer: object = function(*arguments)
            else:
                answer = await asyncio.wrap_future(self._threads.submit(partial(function, *arguments)))
            return (await answer) if isinstance(answer, Awaitable) else answer
        except SystemExit as error:
            raise AskError(f"{self._name} tried to end the process (exit code {error.code!r}).") from error
