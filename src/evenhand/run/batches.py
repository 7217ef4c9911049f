"""Ask a plan by batches that outlive this process.

A batch is written down before it is sent, under a name that the provider is told. Whenever the process ends, the next
one reads what was written down, asks the provider what became of it, and goes on: nothing that is out is sent again.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar, assert_never

from msgspec.structs import replace

from evenhand.endpoints.base import AskError, Endpoint
from evenhand.endpoints.batch import BatchEndpoint, MaybeSent, NotTaken, RowError, RowReply, RowUnasked
from evenhand.errors import EndpointError
from evenhand.plan.cost import Price
from evenhand.plan.questions import Questions
from evenhand.records.batch_job import BatchesOut, BatchJob, row_id
from evenhand.records.message import Request
from evenhand.records.trial import OUTCOMES, OutcomeName
from evenhand.records.work import Work
from evenhand.run.batch_budget import BatchBudget
from evenhand.run.batch_feed import BatchFeed
from evenhand.run.batch_watch import USUAL_PACE, BatchPace, BatchWatch, Ended, Gone, News, Rejected, Unsent
from evenhand.run.budget import refuse_unpriced
from evenhand.run.collected import CollectedAnswers
from evenhand.run.limits import BudgetReason, Halt, Limits, Listener, Progress, RunReport, StopReason
from evenhand.run.loop import run_to_end
from evenhand.store.jobs import JobTable
from evenhand.store.store import Store

__all__ = ["USUAL_ROWS", "Batches", "LiveAsking"]

USUAL_ROWS = 10_000
"""Questions in a batch at most, where the user names no number: its results are held in memory while they are read."""
_MOST_ROUNDS = 3
"""Batches that may pass a question by before it counts as one that got no answer."""
_MOST_BREAKS = 3
"""Batches in one run that were handed over and never made, after which a model is given up."""
_FEWEST = 5
"""Rows of a batch from which on it says something of the model."""
_UNANSWERED = 50
"""Rows without any usable answer after which a model is given up."""

_Result = TypeVar("_Result")


class LiveAsking(Protocol):
    """Asks cells one by one, and keeps what comes back."""

    def __call__(
        self, model: str, endpoint: Endpoint, work: Iterable[Work], *, limits: Limits, listener: Listener
    ) -> RunReport:
        """Ask, with whatever reads the answers of this model.

        Args:
            model: The model as named in the plan.
            endpoint: What stands for it.
            work: Its cells.
            limits: When to stop.
            listener: Told how far it is.
        """
        ...


class Batches:
    """One run in batches.

    Args:
        questions: The requests of the plan.
        store: Where rows go; open for writing.
        endpoints: Model -> what asks it by batches.
        ask: Asks one by one: the first question, and what a second model reads.
        limits: Budgets. What is out counts at the most that it can cost.
        listener: Told how far the run is.
        prices: Model -> price of asking one by one.
        second: Models that are asked about every answer.
        rows: Questions in a batch at most; None: `USUAL_ROWS`, or fewer where the provider takes fewer.
        pace: How often batches are looked at; None: the usual pace.
        drop: Whether questions of a batch that its provider does not know are asked again.

    Raises:
        UsageError: A budget in dollars is set, and a model's price is not known.
    """

    _feeds: Mapping[str, BatchFeed]

    def __init__(
        self,
        questions: Questions,
        store: Store,
        *,
        endpoints: Mapping[str, BatchEndpoint],
        ask: LiveAsking,
        limits: Limits,
        listener: Listener | None,
        prices: Mapping[str, Price],
        second: Sequence[str] = (),
        rows: int | None = None,
        pace: BatchPace | None = None,
        drop: bool = False,
    ) -> None:
        refuse_unpriced(limits, (*endpoints, *second), prices=prices)
        self._questions = questions
        self._store = store
        self._endpoints = endpoints
        self._ask = ask
        self._listener = listener
        self._reads_answers = bool(second)
        self._table = JobTable(store)
        self._drop = drop
        self._watch = BatchWatch(self._table, endpoints, pace=pace or USUAL_PACE, requests=self._requests, drop=drop)
        self._budget = BatchBudget(limits, prices=prices, batched=tuple(endpoints), second=second)
        wished = USUAL_ROWS if rows is None else rows
        self._most = {model: min(wished, endpoint.limits.rows) for model, endpoint in endpoints.items()}
        self._deadline = None if limits.max_seconds is None else time.monotonic() + limits.max_seconds
        self._limits = limits
        self._began, self._before = time.monotonic(), store.count()
        self._reports: list[RunReport] = []
        self._rounds: Counter[str] = Counter()
        self._breaks: Counter[str] = Counter()
        self._begun: set[str] = set()
        self._halts: dict[str, Halt] = {}
        self._left: set[str] = set()
        self._crowded: set[str] = set()
        self._out: BatchesOut | None = None
        self._rendered: tuple[str, Sequence[Work]] = ("", ())
        self._stopped: StopReason | None = None
        self._closed: BudgetReason | None = None

    def whole(self) -> RunReport:
        """Collect what is out and send what is not, until every cell had its turn.

        Raises:
            EndpointError: A provider cannot be asked at all.
            StoreError: The store can take no more.
        """
        try:
            self._count_what_is_out()
            while self._stopped is None:
                self._send()
                if self._watch.out(without=self._left) is None:
                    self._stopped = self._stopped or self._closed
                    break
                for news in self._waited():
                    self._heed(news)
        except KeyboardInterrupt:
            self._stopped = "interrupted"
        report = self._report()
        self._tell(ended=report.stopped)
        return report

    # What is sent

    def _count_what_is_out(self) -> None:
        """Keep cells that are out from being sent again, and count them in the budget."""
        taken: dict[str, set[str]] = {model: set() for model in self._endpoints}
        for job in self._table.out():
            cells = self._table.cells(job.id)
            taken[job.model] |= cells
            if self._limits.max_cost is None:
                self._budget.add(job.id, calls=job.rows * (1 + self._reads_answers), dearest=0.0)
                continue
            for work in self._questions.work_of(cells, model=job.model):
                dearest = self._budget.dearest(work.request, model=job.model)
                self._budget.add(job.id, calls=self._budget.each(work.request), dearest=dearest)
        self._feeds = {
            model: BatchFeed(model, self._questions, self._store, taken=taken[model]) for model in self._endpoints
        }

    def _send(self) -> None:
        """Send batches of every model until its cells, or a budget, are used up."""
        self._closed = None
        for model in self._endpoints:
            while self._stopped is None and model not in self._halts and not self._is_held_up(model):
                if not self._sent_one(model):
                    break

    def _is_held_up(self, model: str) -> bool:
        """Whether it is not known yet if an earlier batch was made, or as much is out as the account may have."""
        out = [job for job in self._table.out() if job.model == model]
        return any(job.remote is None for job in out) or (bool(out) and model in self._crowded)

    def _sent_one(self, model: str) -> bool:
        """Send the next batch of a model; False where there is none now."""
        if not self._knows(model):
            return False
        job = secrets.token_hex(8)  # unlike any other of the account's, so not from the seed of the plan
        works, rows = self._filled(model, job)
        if not works:
            return False
        endpoint = self._endpoints[model]
        marker = self._marker(endpoint)
        intent = self._table.intend(job, model=model, cells=[work.cell.cell_key for work in works], marker=marker)
        try:
            remote = self._in_loop(endpoint, lambda: endpoint.submit(rows, job=job))
        except MaybeSent:
            return False  # the list of the provider tells, see `BatchWatch`
        except NotTaken as error:
            self._table.note(intent, "rejected", said=str(error))
            self._heed(Rejected(intent, str(error), error.too_much))
            return error.too_much
        except (AskError, EndpointError) as error:
            self._table.note(intent, "unsent", said=str(error))
            self._heed(Unsent(intent))
            if isinstance(error, EndpointError):
                raise
            raise EndpointError(
                f"No batch could be handed over ({error}); what is out goes on: run again later."
            ) from error
        self._table.note(intent, "sent", remote=remote)
        self._tell()
        return True

    def _marker(self, endpoint: BatchEndpoint) -> str | None:
        """The newest batch of the account, where that is needed.

        Raises:
            EndpointError: The provider does not tell.
        """
        try:
            return self._in_loop(endpoint, endpoint.marker)
        except AskError as error:
            raise EndpointError(
                f"No batch could be handed over ({error}); what is out goes on: run again later."
            ) from error

    def _knows(self, model: str) -> bool:
        """Ask the first question of this process one by one; False where the model does not answer.

        It tells whether key, model and server are right, and which settings are taken, before thousands are sent.
        """
        if model in self._begun:
            return True
        work = self._feeds[model].take()
        if work is None:
            return False
        if self._limit_reached(work, model=model):
            self._feeds[model].put_back(work)
            return False
        strict = Limits(max_same_error=1, max_failures_in_a_row=1)
        report = self._asked(model, self._endpoints[model].live, [work], limits=strict)
        if report.stopped == "interrupted":
            self._stopped = "interrupted"
            return False
        for halt in report.halts:
            self._halts[model] = halt
        self._begun.add(model)
        return not report.halts

    def _limit_reached(self, work: Work, *, model: str) -> bool:
        """Whether a budget has no room for one more question."""
        self._closed = self._budget.closed("first", work.request, model=model, live=True) or self._closed
        self._budget.back("first")
        return self._closed is not None

    def _filled(self, model: str, job: str) -> tuple[list[Work], list[bytes]]:
        """The cells of the next batch, and its rows."""
        feed, endpoint = self._feeds[model], self._endpoints[model]
        works: list[Work] = []
        rows: list[bytes] = []
        size = 0
        while len(rows) < self._most[model]:
            work = feed.take()
            if work is None:
                break
            row = endpoint.row(work.request, row=row_id(job, work.cell.cell_key))
            too_large = bool(rows) and size + len(row) + 1 > endpoint.limits.bytes
            closed = None if too_large else self._budget.closed(job, work.request, model=model)
            if too_large or closed is not None:
                self._closed = closed or self._closed
                feed.put_back(work)
                break
            works.append(work)
            rows.append(row)
            size += len(row) + 1
        return works, rows

    # What comes back

    def _waited(self) -> Sequence[News]:
        news = run_to_end(
            lambda: self._watch.news(without=self._left, deadline=self._deadline, tell=self._tell),
            interrupt=self._watch.stop,
        )
        if not news and self._deadline is not None and time.monotonic() >= self._deadline:
            self._stopped = "max_seconds"
        return news

    def _heed(self, news: News) -> None:
        match news:
            case Ended():
                self._collect(news)
            case Unsent(job):
                self._release(job, self._table.cells(job.id))
                self._broken_off(job)
            case Rejected(job, said, too_much):
                self._release(job, self._table.cells(job.id))
                self._rejected(job, said, too_much=too_much)
            case Gone(job) if self._drop:
                self._release(job, self._table.cells(job.id))
            case Gone(job, said):
                self._budget.back(job.id)
                lost = f"the batch {job.remote} is gone ({said}); the next run asks its {job.rows:,} questions again"
                self._halts.setdefault(job.model, Halt(model=job.model, reason="failing", said=lost))
            case _ as unreachable:
                assert_never(unreachable)

    def _broken_off(self, job: BatchJob) -> None:
        """Give a model up whose server breaks off whenever a batch is handed over."""
        self._breaks[job.model] += 1
        if self._breaks[job.model] >= _MOST_BREAKS:
            said = f"{_MOST_BREAKS} times no batch came about, and the server did not say why"
            self._halts.setdefault(job.model, Halt(model=job.model, reason="failing", said=said))

    def _release(self, job: BatchJob, cells: Iterable[str]) -> None:
        """Let cells go into a later batch: nothing was asked of them."""
        self._budget.back(job.id)
        self._feeds[job.model].again(frozenset(cells))

    def _rejected(self, job: BatchJob, said: str, *, too_much: bool) -> None:
        """Wait, or send less, where only too much was out; else give the model up: the next would be rejected too."""
        if too_much and any(other.model == job.model for other in self._table.out()):
            self._crowded.add(job.model)
            return
        if too_much and job.rows > 1:
            self._most[job.model] = max(1, min(self._most[job.model], job.rows) // 2)
            return
        self._halts.setdefault(job.model, Halt(model=job.model, reason="same_error", said=said))

    def _collect(self, ended: Ended) -> None:
        """Keep the answers of a batch; what it did not ask goes into the next one."""
        job = ended.job
        self._crowded.discard(job.model)
        cells = self._table.cells(job.id)
        results: dict[str, RowReply | RowError] = {}
        passed_by: set[str] = set()
        for result in ended.results:
            key = result.row.removeprefix(row_id(job.id, ""))
            if isinstance(result, RowUnasked):
                passed_by.add(key)
            else:
                results[key] = result
        silent = {key for key in cells - passed_by if key not in results and not self._store.has(key)}
        if ended.whole:
            passed_by |= silent
        else:
            lost = RowError(row="", error="the provider counts an answer that its results do not hold")
            results |= dict.fromkeys(silent, lost)
        results |= self._passed_by(passed_by)
        keys = {key for key in results if not self._store.has(key)}
        missing = [work for work in self._works(job) if work.cell.cell_key in keys]
        self._rendered = ("", ())
        patient = Limits(max_same_error=None, max_without_answer=None, max_failures_in_a_row=None, max_failed_in=None)
        report = self._asked(job.model, CollectedAnswers(results), missing, limits=patient)
        self._close(job, results, report)
        self._release(job, passed_by - results.keys())
        self._judge(job, results, report)
        self._tell()

    def _passed_by(self, unasked: Iterable[str]) -> dict[str, RowError]:
        """Count the cells that a batch passed by; those that were passed by too often count as failed."""
        failed: dict[str, RowError] = {}
        for key in unasked:
            self._rounds[key] += 1
            if self._rounds[key] >= _MOST_ROUNDS:
                failed[key] = RowError(row="", error=f"{_MOST_ROUNDS} batches ended without asking it")
        return failed

    def _close(self, job: BatchJob, results: Mapping[str, RowReply | RowError], report: RunReport) -> None:
        """Mark a batch as collected, unless answers of it wait for a second model that did not read them."""
        if report.stopped == "interrupted":
            self._stopped = "interrupted"
        waiting = any(isinstance(one, RowReply) and not self._store.has(key) for key, one in results.items())
        if waiting and (self._reads_answers or report.stopped != "done"):
            self._left.add(job.id)
            return
        self._table.note(job, "collected", until=job.until)

    def _judge(self, job: BatchJob, results: Mapping[str, RowReply | RowError], report: RunReport) -> None:
        """Give a model up whose batch says that the next one would fail as well."""
        errors = Counter(one.error for one in results.values() if isinstance(one, RowError))
        if report.asked >= _FEWEST and 2 * report.outcomes["failed"] > report.asked:
            ((said, _),) = errors.most_common(1) or [("the model that reads the answers did not answer", 0)]
            halt = Halt(model=job.model, reason="mostly_failed", said=said)
        elif report.asked >= _UNANSWERED and not self._store.answered_models() & {job.model}:
            text = next(
                (one.reply.refusal or one.reply.text for one in results.values() if isinstance(one, RowReply)), ""
            )
            halt = Halt(model=job.model, reason="no_answers", said=repr(text[:300]))
        else:
            return
        self._halts.setdefault(job.model, halt)

    # Helpers

    def _requests(self, job: BatchJob) -> Mapping[str, Request]:
        """Row -> what it asks, of every cell of a batch."""
        works = tuple(self._questions.work_of(self._table.cells(job.id), model=job.model))
        self._rendered = (job.id, works)
        return {row_id(job.id, work.cell.cell_key): work.request for work in works}

    def _works(self, job: BatchJob) -> Sequence[Work]:
        """The cells of a batch with what they ask; a batch whose results were just read has them at hand."""
        name, works = self._rendered
        return works if name == job.id else tuple(self._questions.work_of(self._table.cells(job.id), model=job.model))

    def _asked(self, model: str, endpoint: Endpoint, work: Sequence[Work], *, limits: Limits) -> RunReport:
        report = self._ask(model, endpoint, work, limits=limits, listener=self._follow)
        self._reports.append(report)
        self._budget.paid(report)
        return report

    def _in_loop(self, endpoint: BatchEndpoint, call: Callable[[], Coroutine[object, object, _Result]]) -> _Result:
        """What a call of an endpoint gives, whose connections are closed after it."""

        async def closed() -> _Result:
            try:
                return await call()
            finally:
                await endpoint.aclose()

        return run_to_end(closed, interrupt=lambda: None)

    def _follow(self, progress: Progress) -> None:
        """Tell how far the run is while answers are kept."""
        self._tell(now=progress)

    def _tell(self, *, now: Progress | None = None, ended: StopReason | None = None) -> None:
        if self._listener is None:
            return
        total = self._total()
        outcomes = Counter(total.outcomes)
        outcomes.update({} if now is None else now.outcomes)
        if now is None:  # while answers are kept, the store belongs to whoever writes them
            self._out = self._watch.out()
        out = self._out
        self._listener(
            Progress(
                done=total.asked + (0 if now is None else now.done),
                skipped=self._before,
                outcomes=dict(outcomes),
                in_flight=0 if out is None else out.rows,
                calls=total.calls + (0 if now is None else now.calls),
                cost_usd=total.cost_usd,
                seconds=time.monotonic() - self._began,
                out=out,
                ended=ended,
            )
        )

    def _total(self) -> RunReport:
        """What was done so far, as one report."""
        outcomes: Counter[OutcomeName] = Counter(dict.fromkeys(OUTCOMES, 0))
        for report in self._reports:
            outcomes.update(report.outcomes)
        costs = [report.cost_usd for report in self._reports if report.asked]
        return RunReport(
            stopped="done",
            skipped=self._before,
            asked=sum(report.asked for report in self._reports),
            outcomes=dict(outcomes),
            calls=sum(report.calls for report in self._reports),
            input_tokens=sum(report.input_tokens for report in self._reports),
            output_tokens=sum(report.output_tokens for report in self._reports),
            cost_usd=None if None in costs or not costs else sum(cost for cost in costs if cost is not None),
            seconds=time.monotonic() - self._began,
        )

    def _report(self) -> RunReport:
        halts = tuple(self._halts.values())
        return replace(
            self._total(),
            stopped=self._stopped or (halts[0].reason if halts else "done"),
            halts=halts,
            out=self._watch.out(),
        )
