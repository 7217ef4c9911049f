"""Ask every cell once, keep every answer, stop cleanly.

A cell counts as done when its row is on disk. What is in flight, or being written, when the process is killed is
asked again by the next run; nothing else is.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from evenhand.endpoints.base import AskError, Endpoint
from evenhand.endpoints.redact import redact
from evenhand.errors import EvenhandError, StoreError, UsageError
from evenhand.records.message import Reply
from evenhand.records.trial import OUTCOMES, Failed, Outcome, OutcomeName, outcome_name
from evenhand.run.budget import Budget
from evenhand.run.committer import Committer
from evenhand.run.cost import Price
from evenhand.run.feed import Feed
from evenhand.run.loop import new_event_loop
from evenhand.run.rows import Row, row_of
from evenhand.run.store import Store
from evenhand.run.work import Judge, Limits, Listener, Progress, RunReport, StopReason, Work

__all__ = ["GRACE_S", "execute", "execute_async"]

GRACE_S = 30.0
"""How long what is in flight may take to finish once the time budget is used up; then it is given up."""
_UNSAVED = 1024
"""Answers that may wait for the disk before no more cells are started."""
_AHEAD = 1024
"""Cells that may wait for each model."""


def execute(
    work: Iterable[Work],
    *,
    endpoints: Mapping[str, Endpoint],
    store: Store,
    judge: Judge,
    limits: Limits | None = None,
    listener: Listener | None = None,
    prices: Mapping[str, Price] | None = None,
) -> RunReport:
    """Ask every cell of `work` that is not in the store, and save what comes back.

    Ctrl-C (or a termination signal) starts nothing new and waits for what is in flight; a second one gives that up.
    The endpoints are closed at the end.

    Args:
        work: The cells, consumed lazily. Models may be interleaved; they are asked side by side.
        endpoints: Model -> its endpoint.
        store: Where rows go; open for writing.
        judge: From a reply to its outcome.
        limits: Budgets; none by default. They end the run without an error: see the report.
        listener: Told after every transaction where the run stands.
        prices: Model -> price, for the cost budget and the report: see `evenhand.run.cost.prices_of`.

    Raises:
        UsageError: A budget in dollars is set, and a model's price is not known.
        EndpointError: The assistant cannot be asked at all.
        StoreError: The store can take no more rows.
    """
    run = _Run(
        endpoints=endpoints, store=store, judge=judge, limits=limits or Limits(), listener=listener, prices=prices or {}
    )
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(run.guarded(work))


async def execute_async(
    work: Iterable[Work],
    *,
    endpoints: Mapping[str, Endpoint],
    store: Store,
    judge: Judge,
    limits: Limits | None = None,
    listener: Listener | None = None,
    prices: Mapping[str, Price] | None = None,
) -> RunReport:
    """The same as `execute` inside a running event loop, without its signal handling."""
    run = _Run(
        endpoints=endpoints, store=store, judge=judge, limits=limits or Limits(), listener=listener, prices=prices or {}
    )
    return await run.whole(work)


class _Run:
    """The state of one run."""

    def __init__(
        self,
        *,
        endpoints: Mapping[str, Endpoint],
        store: Store,
        judge: Judge,
        limits: Limits,
        listener: Listener | None,
        prices: Mapping[str, Price],
    ) -> None:
        unpriced = [model for model in endpoints if model not in prices]
        if limits.max_cost is not None and unpriced:
            raise UsageError(
                f"The price of {unpriced[0]!r} is not known, so that a budget in dollars cannot be kept; "
                "set a budget in calls, tokens or seconds instead (--max-calls)."
            )
        self._endpoints = endpoints
        self._store = store
        self._judge = judge
        self._limits = limits
        self._listener = listener
        self._budget = Budget(limits, prices=prices)
        self._outcomes: Counter[OutcomeName] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._stopped: StopReason | None = None
        self._error: BaseException | None = None
        self._unsaved = 0
        self._interrupted = False
        self._workers: list[asyncio.Task[None]] = []

    async def guarded(self, work: Iterable[Work]) -> RunReport:
        with _signals(self._interrupt):
            return await self.whole(work)

    async def whole(self, work: Iterable[Work]) -> RunReport:
        self._began, self._before = time.monotonic(), self._store.count()
        self._room = asyncio.Event()
        self._feed = Feed(work, models=self._endpoints, present=self._store.has, ahead=_AHEAD)
        self._committer = Committer(self._store, saved=self._saved, broken=self._broken)
        timers = self._timers()
        try:
            self._workers = [
                asyncio.create_task(self._worker(model, endpoint))
                for model, endpoint in self._endpoints.items()
                for _ in range(max(1, endpoint.concurrency))
            ]
            for worker in self._workers:
                worker.add_done_callback(self._ended)
            await asyncio.gather(*self._workers, return_exceptions=True)
        finally:
            for timer in timers:
                timer.cancel()
            await self._committer.close()
            for endpoint in self._endpoints.values():
                await endpoint.aclose()
        if self._error is not None:
            raise self._error
        report = self._report()
        self._tell(ended=report.stopped)
        return report

    async def _worker(self, model: str, endpoint: Endpoint) -> None:
        """Ask one cell after the other until there are none, or a budget is used up."""
        while self._stopped is None:
            work = await self._feed.take(model)
            if work is None:
                return
            while self._unsaved >= _UNSAVED:
                self._room.clear()
                await self._room.wait()
            reason = self._stopped or self._budget.used_up()
            if reason is not None:
                self._stop(reason)
                return
            await self._ask(work, endpoint)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        """An error that is not one cell's ends the run."""
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            self._fail(error)

    async def _ask(self, work: Work, endpoint: Endpoint) -> None:
        self._budget.started()
        try:
            outcome, reply = await self._outcome(work, endpoint)
        except BaseException:
            self._budget.abandoned()
            raise
        self._budget.finished(work.cell.model, outcome, reply)
        self._unsaved += 1
        self._committer.put(_row(work, outcome, reply))

    async def _outcome(self, work: Work, endpoint: Endpoint) -> tuple[Outcome, Reply | None]:
        """The border of a trial: whatever goes wrong with one cell is that cell's outcome."""
        try:
            reply = await endpoint.reply(work.request)
            outcome = self._judge(work, reply)
            if not isinstance(outcome, Outcome):
                outcome = await outcome
        except AskError as error:
            return Failed(error=redact(str(error)), attempts=error.attempts), None
        except EvenhandError:
            raise
        except Exception as error:  # the one place where anything may be caught: see the docstring
            return Failed(error=redact(f"{type(error).__name__}: {error}"), attempts=1), None
        return outcome, reply

    def _saved(self, rows: list[Row]) -> None:
        self._unsaved -= len(rows)
        self._room.set()
        for row in rows:
            self._outcomes[outcome_name(row.outcome)] += 1
        self._tell()

    def _broken(self, error: StoreError) -> None:
        """Nothing can be kept any more: give up what is in flight."""
        self._fail(error)
        self._cancel()

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self._stop("failing")

    def _stop(self, reason: StopReason) -> None:
        if self._stopped is None:
            self._stopped = reason
        self._feed.close()
        self._room.set()

    def _interrupt(self) -> None:
        """The first time: start nothing new. The second time: give up what is in flight."""
        if self._interrupted:
            self._cancel()
        self._interrupted = True
        self._stop("interrupted")

    def _cancel(self) -> None:
        for worker in self._workers:
            worker.cancel()

    def _timers(self) -> list[asyncio.TimerHandle]:
        if self._limits.max_seconds is None:
            return []
        loop = asyncio.get_running_loop()
        return [
            loop.call_later(self._limits.max_seconds, self._stop, "max_seconds"),
            loop.call_later(self._limits.max_seconds + GRACE_S, self._cancel),
        ]

    def _tell(self, ended: StopReason | None = None) -> None:
        if self._listener is None:
            return
        self._listener(
            Progress(
                done=self._outcomes.total(),
                skipped=self._before,
                outcomes=dict(self._outcomes),
                in_flight=self._budget.in_flight,
                calls=self._budget.calls,
                cost_usd=self._budget.cost_usd,
                seconds=time.monotonic() - self._began,
                ended=ended,
            )
        )

    def _report(self) -> RunReport:
        return RunReport(
            stopped=self._stopped or "done",
            skipped=self._before,
            asked=self._outcomes.total(),
            outcomes=dict(self._outcomes),
            calls=self._budget.calls,
            input_tokens=self._budget.input_tokens,
            output_tokens=self._budget.output_tokens,
            cost_usd=self._budget.cost_usd,
            seconds=time.monotonic() - self._began,
        )


def _row(work: Work, outcome: Outcome, reply: Reply | None) -> Row:
    """The row of a cell; a reply that no file can hold (half a character, from a user's own function) is a failure."""
    try:
        return row_of(work, outcome, reply)
    except UnicodeEncodeError as error:
        return row_of(work, Failed(error=f"the answer is not valid text ({error.reason})", attempts=1), None)


@contextmanager
def _signals(interrupt: Callable[[], None]) -> Iterator[None]:
    """Call `interrupt` on Ctrl-C and on termination, where the platform and the thread allow it."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    taken = (signal.SIGINT, signal.SIGTERM)
    for number in taken:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
