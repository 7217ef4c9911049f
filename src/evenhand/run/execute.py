"""Ask every cell once, keep every answer, stop cleanly.

A cell counts as done when its row is on disk. What is in flight, or waits for the disk, when the process is killed is
asked again by the next run; nothing else is. At most `UNSAVED` answers wait for the disk beyond what is in flight, on a
slow disk too: then no more cells are started.
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

from msgspec import Struct
from msgspec.structs import replace

from evenhand.endpoints.base import AskError, AskErrorKind, Endpoint
from evenhand.endpoints.local_faults import as_local
from evenhand.errors import EvenhandError, StoreError, UsageError
from evenhand.plan.cost import Price
from evenhand.records.message import Reply
from evenhand.records.trial import OUTCOMES, Outcome, OutcomeName, outcome_name
from evenhand.records.work import Work
from evenhand.run.budget import Budget, refuse_unpriced
from evenhand.run.committer import UNSAVED, Committer, Sink, WritePace
from evenhand.run.feed import Feed
from evenhand.run.health import Health
from evenhand.run.ledger import Call, Ledger, call_of, second_calls, sound_or_bare
from evenhand.run.limits import Limits, Listener, OutcomeOf, Progress, RunReport, StopReason
from evenhand.run.loop import run_to_end
from evenhand.store.gate import Unfit, admitted, failed
from evenhand.store.rows import Row, row_of

__all__ = ["GRACE_S", "UNSAVED", "Behind", "Run", "execute"]

GRACE_S = 30.0
"""How long what is in flight may take to finish once the time budget is used up; then it is given up."""


class Behind(Struct, frozen=True, kw_only=True):
    """What the endpoints are given of a run."""

    prices: Mapping[str, Price] = {}
    """Model -> price, for the cost budget and the report: see `evenhand.plan.cost.prices_of`."""
    ledger: Ledger
    """Where metered endpoints write their calls."""
    second: tuple[str, ...] = ()
    """Models that are asked about every answer."""
    deciders: tuple[str, ...] = ()
    """Models that policies ask about facts in memory."""
    secrets: tuple[str, ...] = ()
    """Keys known to this process; they are in no row."""


class _Settled(Struct, frozen=True, kw_only=True):
    """How a cell ended."""

    outcome: Outcome
    reply: Reply | None
    kind: AskErrorKind = "fault"


def execute(
    work: Mapping[str, Iterable[Work]],
    *,
    endpoints: Mapping[str, Endpoint],
    store: Sink,
    outcome_of: OutcomeOf,
    limits: Limits | None = None,
    listener: Listener | None = None,
    behind: Behind | None = None,
) -> RunReport:
    """Ask every cell of `work` that is not in the store, and save what comes back.

    Ctrl-C (or a termination signal) starts nothing new and waits for what is in flight; a second one gives that up.
    The endpoints are closed at the end. Where an event loop runs already (a notebook), the work is done in a thread.

    Args:
        work: Model -> its cells, consumed lazily. Models are asked side by side, each with its own window.
        endpoints: Model -> its endpoint.
        store: Where rows go; open for writing.
        outcome_of: From a reply to its outcome.
        limits: Budgets; none by default. They end the run without an error: see the report.
        listener: Told after every transaction how far the run has come.
        behind: Prices, the ledger of second models, and keys to keep out of rows.

    Raises:
        UsageError: A budget in dollars is set, and a model's price is not known; or cells name a model that has no
            endpoint.
        EndpointError: The assistant cannot be asked at all.
        StoreError: The store can take no more rows.
    """
    run = Run(
        endpoints=endpoints,
        store=store,
        outcome_of=outcome_of,
        limits=limits or Limits(),
        listener=listener,
        behind=behind or Behind(ledger=Ledger()),
    )
    return run_to_end(lambda: run.guarded(work), interrupt=run.interrupt)


class Run:
    """The state of one run.

    `execute` makes one and an event loop for it. A caller with a loop of its own, which asks part after part of the
    same endpoints, makes it itself and awaits `whole`.

    Args:
        endpoints: Model -> its endpoint.
        store: Where rows go.
        outcome_of: From a reply to its outcome.
        limits: Budgets.
        listener: Told after every transaction how far the run has come.
        behind: Prices, the ledger of second models, and keys to keep out of rows.
        pace: How many rows are written together, and how many may wait.
        keep_open: Leave the endpoints open at the end.

    Raises:
        UsageError: A budget in dollars is set, and a model's price is not known.
    """

    def __init__(
        self,
        *,
        endpoints: Mapping[str, Endpoint],
        store: Sink,
        outcome_of: OutcomeOf,
        limits: Limits,
        listener: Listener | None,
        behind: Behind,
        pace: WritePace = WritePace(),
        keep_open: bool = False,
    ) -> None:
        refuse_unpriced(limits, (*endpoints, *behind.second, *behind.deciders), prices=behind.prices)
        self._endpoints = endpoints
        self._store = store
        self._outcome_of = outcome_of
        self._limits = limits
        self._listener = listener
        self._behind = behind
        self._pace = pace
        self._keep_open = keep_open
        self._budget = Budget(limits, prices=behind.prices, second=behind.second)
        self._health = Health(limits, answered=store.answered_models())
        self._outcomes: Counter[OutcomeName] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._stopped: StopReason | None = None
        self._error: BaseException | None = None
        self._unsaved = 0
        self._interrupted = False
        self._workers: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def interrupt(self) -> None:
        """Start nothing new; safe to call from another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._interrupt)

    async def guarded(self, work: Mapping[str, Iterable[Work]]) -> RunReport:
        """Ask everything; Ctrl-C and a termination signal interrupt."""
        with _signals(self._interrupt):
            return await self.whole(work)

    async def whole(self, work: Mapping[str, Iterable[Work]]) -> RunReport:
        """Ask everything; see `execute` for what it may raise."""
        self._loop = asyncio.get_running_loop()
        self._began, self._before = time.monotonic(), self._store.count()
        self._room = asyncio.Event()
        odd = next((model for model in work if model not in self._endpoints), None)
        if odd is not None:
            known = ", ".join(map(repr, self._endpoints))
            raise UsageError(f"Cells ask the model {odd!r}, which has no endpoint; there are: {known}.")
        self._feeds = {model: Feed(model, cells, present=self._store.has) for model, cells in work.items()}
        self._committer = Committer(self._store, saved=self._saved, broken=self._broken, pace=self._pace)
        timers = self._timers()
        try:
            self._workers = [
                asyncio.create_task(self._worker(model, self._endpoints[model]))
                for model in self._feeds
                for _ in range(max(1, self._endpoints[model].concurrency))
            ]
            for worker in self._workers:
                worker.add_done_callback(self._ended)
            await asyncio.gather(*self._workers, return_exceptions=True)
        finally:
            for timer in timers:
                timer.cancel()
            await self._committer.close()
            for endpoint in () if self._keep_open else self._endpoints.values():
                await endpoint.aclose()
        if self._error is not None:
            raise self._error
        report = self._report()
        self._tell(ended=report.stopped)
        return report

    async def _worker(self, model: str, endpoint: Endpoint) -> None:
        """Ask one cell after the other until there are none, a budget is used up, or the model is given up."""
        while self._stopped is None and model not in self._health.halts:
            work = await self._feeds[model].take()
            if work is None:
                return
            if not await self._may_start(work):
                return
            await self._ask(work, endpoint)

    async def _may_start(self, work: Work) -> bool:
        """Wait until the cell may be started; False when it may not be at all."""
        model, most = work.cell.model, len(self._workers) + self._pace.unsaved
        while self._stopped is None and model not in self._health.halts:
            room = self._budget.room(work.request, model=model)
            if room != "yes" and room != "wait":
                self._stop(room)
                return False
            if room == "yes" and self._budget.in_flight + self._unsaved < most:
                return True
            self._room.clear()
            await self._room.wait()
        return False

    def _ended(self, worker: asyncio.Task[None]) -> None:
        """An error that is not one cell's ends the run."""
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            self._fail(error)

    async def _ask(self, work: Work, endpoint: Endpoint) -> None:
        cell, model = work.cell.cell_key, work.cell.model
        self._budget.started(work.request, model=model)
        try:
            settled, calls = await self._settled(work, endpoint)
        except BaseException:
            self._budget.abandoned(cell)
            raise
        self._budget.finished(cell, calls)
        self._unsaved += 1
        self._room.set()
        self._committer.put(row_of(work, settled.outcome, settled.reply))
        halt = self._health.saw(model, settled.outcome, settled.reply, kind=settled.kind)
        if halt is not None:
            self._feeds[model].close()
            self._room.set()

    async def _settled(self, work: Work, endpoint: Endpoint) -> tuple[_Settled, tuple[Call, ...]]:
        """How a cell ended, and the calls it took."""
        ledger, cell, model = self._behind.ledger, work.cell.cell_key, work.cell.model
        came: Reply | None = None
        attempts = 1
        try:
            came = await endpoint.reply(work.request)
            noted = ledger.take(cell)
            settled = await self._outcome(work, came, noted)
        except AskError as error:
            self._check_local(error)
            noted, attempts = ledger.take(cell), error.attempts
            settled = self._failure(str(error), attempts=attempts, kind=error.kind)
        except EvenhandError as error:
            self._check_local(error)
            raise
        except Exception as error:  # the border of a trial: whatever goes wrong with one cell is that cell's outcome
            self._check_local(error)
            noted = ledger.take(cell)
            settled = self._failure(f"{type(error).__name__}: {error}")
        if any(call.role == "assistant" for call in noted):
            return settled, noted
        if not isinstance(came, Reply):
            given_up = Call(model=model, role="assistant", answered=False, attempts=attempts)
            return settled, (given_up, *noted)
        return settled, (call_of(settled.reply or sound_or_bare(came), work.request, model=model), *noted)

    async def _outcome(self, work: Work, came: Reply, noted: tuple[Call, ...]) -> _Settled:
        """What a reply is worth; one that no row can hold is a failure with the reason."""
        reply = admitted(came, secrets=self._behind.secrets)
        if isinstance(reply, Unfit):
            return self._failure(reply.reason, kind="request")
        second = second_calls(noted)
        if second:
            reply = replace(reply, second=second)
        outcome = self._outcome_of(work, reply)
        if not isinstance(outcome, Outcome):
            outcome = await outcome
        return _Settled(outcome=outcome, reply=reply)

    def _failure(self, error: str, *, attempts: int = 1, kind: AskErrorKind = "fault") -> _Settled:
        outcome = failed(error, attempts=attempts, secrets=self._behind.secrets)
        return _Settled(outcome=outcome, reply=None, kind=kind)

    def _check_local(self, error: BaseException) -> None:
        """An error of this machine is not the assistant's, and ends the run.

        Raises:
            LocalError: It is one.
        """
        local = as_local(error)
        if local is not None:
            raise local from error

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
        for feed in self._feeds.values():
            feed.close()
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
        halts = tuple(self._health.halts.values())
        return RunReport(
            stopped=self._stopped or (halts[0].reason if halts else "done"),
            skipped=self._before,
            asked=self._outcomes.total(),
            outcomes=dict(self._outcomes),
            calls=self._budget.calls,
            input_tokens=self._budget.input_tokens,
            output_tokens=self._budget.output_tokens,
            cost_usd=self._budget.cost_usd,
            seconds=time.monotonic() - self._began,
            halts=halts,
        )


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
