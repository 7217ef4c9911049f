"""A shipped specimen as an endpoint: a small real language model, computed here, with known bias or none.

Requests that wait are gathered: those behind one memory are answered together, the memory is read once, and a few
threads share the cores. The answer to a request does not depend on what is asked beside it, up to rounding.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from threadpoolctl import threadpool_limits

from evenhand.endpoints.base import AskError, Locality
from evenhand.endpoints.specimen.batch import Answer, Asked, PromptedNetwork
from evenhand.endpoints.specimen.names import specimen_name
from evenhand.endpoints.specimen.store import load_network, load_tokens
from evenhand.records.message import Reply, Request, Usage

__all__ = ["SpecimenEndpoint"]

_BATCH_TOKENS = 2048
"""Question tokens that one thread reads at a time: activations stay near the processor."""


class SpecimenEndpoint:
    """A shipped specimen.

    Args:
        name: `level` or `tilted`, with or without `specimen/` in front.
        folder: Where specimens built anew are; None: the shipped ones.
        concurrency: Requests that it wants in flight; more to choose from means larger batches.
        threads: Threads that compute; None: one a core.

    Raises:
        EndpointError: There is no such specimen, or its files are not what was shipped.
    """

    def __init__(
        self, name: str, *, folder: Path | None = None, concurrency: int = 1024, threads: int | None = None
    ) -> None:
        self.name = specimen_name(name, folder)
        self._tokens = load_tokens(folder)
        self._respondent = PromptedNetwork(load_network(self.name, folder), self._tokens)
        self._concurrency = concurrency
        self._threads = threads or os.cpu_count() or 1
        self._pool: ThreadPoolExecutor | None = None
        self._limits: threadpool_limits | None = None
        self._waiting: OrderedDict[tuple[int, ...], list[tuple[Asked, asyncio.Future[Answer]]]] = OrderedDict()
        self._busy: set[asyncio.Task[None]] = set()
        self._stirring: asyncio.Handle | None = None

    @property
    def concurrency(self) -> int:
        """Requests that it wants in flight at most."""
        return self._concurrency

    @property
    def locality(self) -> Locality:
        """Faster when requests with the same memory come close together."""
        return "prefix"

    async def reply(self, request: Request) -> Reply:
        """The answer; waits until a batch has room for it.

        Raises:
            AskError: The request has more tokens than a specimen can read.
        """
        started = time.perf_counter()
        asked = self.asked(request)
        answer = await self.answer(asked)
        usage = Usage(
            input_tokens=len(asked.prefix) + len(asked.suffix),
            output_tokens=len(answer.pieces) + (answer.finish == "stop"),
        )
        return Reply(
            text=answer.text,
            finish=answer.finish,
            top=answer.top,
            usage=usage,
            latency_s=time.perf_counter() - started,
            model=f"specimen/{self.name}",
        )

    def asked(self, request: Request) -> Asked:
        """A request as token ids.

        Raises:
            AskError: It has more tokens than a specimen can read.
        """
        prefix, suffix = self._tokens.split(request.messages)
        seed = request.seed if request.settings.seed is None else request.settings.seed
        asked = Asked(prefix=prefix, suffix=suffix, settings=request.settings, seed=seed)
        if self._respondent.too_long(asked):
            size = len(prefix) + len(suffix)
            raise AskError(f"The request has {size} tokens, more than a specimen can read; shorten the memory.")
        return asked

    async def answer(self, asked: Asked) -> Answer:
        """The answer to a request in token ids."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.setdefault(asked.prefix, []).append((asked, future))
        if self._stirring is None:
            self._stirring = loop.call_soon(self._stir)
        return await future

    async def aclose(self) -> None:
        """Let the threads go; requests that wait for one are given up."""
        for group in self._waiting.values():
            for _, future in group:
                future.cancel()
        self._waiting.clear()
        if self._busy:
            await asyncio.wait(self._busy)
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None
        if self._limits is not None:
            self._limits.restore_original_limits()
            self._limits = None

    def _stir(self) -> None:
        """Hand batches to idle threads."""
        self._stirring = None
        while self._waiting and len(self._busy) < self._threads:
            task = asyncio.get_running_loop().create_task(self._work(self._take()))
            self._busy.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if self._waiting and self._stirring is None:
            self._stirring = asyncio.get_running_loop().call_soon(self._stir)

    def _take(self) -> list[tuple[Asked, asyncio.Future[Answer]]]:
        """The oldest requests, prefix by prefix, up to a batch of tokens; a fair share when little is waiting."""
        waiting = sum(len(asked.suffix) for group in self._waiting.values() for asked, _ in group)
        budget = max(256, min(_BATCH_TOKENS, waiting // self._threads + 1))
        taken: list[tuple[Asked, asyncio.Future[Answer]]] = []
        while self._waiting and budget > 0:
            prefix, group = self._waiting.popitem(last=False)
            group.sort(key=lambda pair: len(pair[0].suffix))
            count = 0
            while count < len(group) and budget > 0:
                budget -= len(group[count][0].suffix)
                count += 1
            taken.extend(group[:count])
            if count < len(group):
                self._waiting[prefix] = group[count:]
                self._waiting.move_to_end(prefix, last=False)
        return taken

    async def _work(self, taken: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="specimen")
            self._limits = threadpool_limits(limits=1, user_api="blas")
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._pool, self._respondent.answer, [asked for asked, _ in taken])
        except (ArithmeticError, MemoryError, ValueError) as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(AskError(f"{type(error).__name__}: {error}"))
            return
        for (_, future), answer in zip(taken, answers, strict=True):
            if not future.done():
                future.set_result(answer)
