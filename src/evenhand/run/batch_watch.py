"""Waits for batches that are out: looks at each now and then, and says what became of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenhand.endpoints.base import AskError
from evenhand.endpoints.batch import BatchEndpoint, RowResult, RowUnasked
from evenhand.errors import EndpointError
from evenhand.records.batch_job import BatchesOut, BatchJob
from evenhand.records.message import Request
from evenhand.store.jobs import JobTable

__all__ = ["USUAL_PACE", "BatchPace", "BatchWatch", "Ended", "Gone", "News", "Rejected", "Unsent"]


class BatchPace(Struct, frozen=True, kw_only=True):
    """How often batches are looked at. Pauses grow, since most batches take minutes and some take a day."""

    first_s: float = 5.0
    factor: float = 1.5
    longest_s: float = 60.0
    settle_s: float = 60.0
    """How old a batch must be that may have been sent before a list without it means that it never was."""
    patience_s: float = 3600.0
    """How long a provider may not answer before the run ends; its batches go on."""
    downloads: int = 3
    """How often results that lack rows are fetched before those rows count as lost."""
    kept_s: float = 30 * 86_400.0
    """After so long no provider keeps results: a batch that is not known any more is lost then."""


USUAL_PACE = BatchPace()


class Ended(Struct, frozen=True):
    """A batch whose results are here."""

    job: BatchJob
    results: Sequence[RowResult]
    whole: bool
    """Whether the results have every row that the provider counts as answered."""


class Rejected(Struct, frozen=True):
    """A batch of which the provider took no row."""

    job: BatchJob
    said: str
    too_much: bool


class Unsent(Struct, frozen=True):
    """A batch that was written down and never made."""

    job: BatchJob


class Gone(Struct, frozen=True):
    """A batch whose results are not kept any more."""

    job: BatchJob
    said: str


News = Ended | Rejected | Unsent | Gone


class _Visits(Struct):
    """What is remembered of one batch between two looks."""

    due: float
    pause: float
    done: int = 0
    downloads: int = 0


class BatchWatch:
    """Looks at the batches of a run.

    Args:
        table: The batches as the store has them; what is learnt is written there.
        endpoints: Model -> what asks it by batches.
        pace: How often they are looked at.
        requests: From a batch to its rows and what each asks.
        drop: Whether a batch that a provider does not know counts as lost at once.
    """

    def __init__(
        self,
        table: JobTable,
        endpoints: Mapping[str, BatchEndpoint],
        *,
        pace: BatchPace,
        requests: Callable[[BatchJob], Mapping[str, Request]],
        drop: bool = False,
    ) -> None:
        self._table = table
        self._drop = drop
        self._endpoints = endpoints
        self._pace = pace
        self._requests = requests
        self._visits: dict[str, _Visits] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._trouble: str | None = None
        self._troubled_since: float | None = None

    def out(self, *, without: Collection[str] = ()) -> BatchesOut | None:
        """What is with providers now; None where nothing is.

        Args:
            without: Batches that are left out.
        """
        jobs = [job for job in self._table.out() if job.id not in without]
        if not jobs:
            return None
        untils = [job.until for job in jobs if job.until is not None]
        return BatchesOut(
            jobs=len(jobs),
            rows=sum(job.rows for job in jobs),
            done=sum(self._visits[job.id].done for job in jobs if job.id in self._visits),
            since=min(job.made for job in jobs),
            until=min(untils, default=None),
            trouble=self._trouble,
        )

    def stop(self) -> None:
        """End the waiting; safe to call from another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def news(
        self, *, without: Collection[str], deadline: float | None, tell: Callable[[], None]
    ) -> Sequence[News]:
        """What became of batches, as soon as something did; nothing when the time is up or the waiting was stopped.

        Args:
            without: Batches that are not looked at.
            deadline: On the monotonic clock; None: there is none.
            tell: Called after every round of looks.

        Raises:
            EndpointError: A provider cannot be asked at all, or did not answer for longer than there is patience.
        """
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        try:
            while True:
                found: list[News] = []
                jobs = [job for job in self._table.out() if job.id not in without]
                for job in jobs:
                    news = await self._visit(job)
                    found += [] if news is None else [news]
                    if isinstance(news, Ended):  # one at a time is held in memory
                        break
                tell()
                now = time.monotonic()
                if found or not jobs or self._woken.is_set() or (deadline is not None and now >= deadline):
                    return found
                due = min(self._visits[job.id].due for job in jobs)
                await self._rest(max(0.01, (due if deadline is None else min(due, deadline)) - now))
        finally:
            for endpoint in self._endpoints.values():
                await endpoint.aclose()

    async def _rest(self, seconds: float) -> None:
        """Sleep for so long, or until the waiting is stopped."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

    async def _visit(self, job: BatchJob) -> News | None:
        """Look at a batch whose time has come."""
        now = time.monotonic()
        visits = self._visits.setdefault(job.id, _Visits(due=now, pause=self._pace.first_s))
        if visits.due > now:
            return None
        try:
            news = await (self._sought(job) if job.remote is None else self._looked(job, job.remote, visits))
        except AskError as error:
            self._bear(error, now)
            news = None
        else:
            self._trouble = self._troubled_since = None
        visits.due = time.monotonic() + visits.pause
        visits.pause = min(self._pace.longest_s, visits.pause * self._pace.factor)
        return news

    def _bear(self, error: AskError, now: float) -> None:
        """Wait on where a provider does not answer, for so long.

        Raises:
            EndpointError: That time is over.
        """
        self._trouble = str(error)
        self._troubled_since = now if self._troubled_since is None else self._troubled_since
        if now - self._troubled_since >= self._pace.patience_s:
            raise EndpointError(
                f"The batches that are out cannot be asked for ({error}); they go on, and nothing of them is lost: "
                "run again later to collect them."
            ) from error

    async def _sought(self, job: BatchJob) -> News | None:
        """Find out whether a batch was made that may have been."""
        endpoint = self._endpoints[job.model]
        known = frozenset(one.remote for one in self._table.all() if one.remote is not None)
        found = await endpoint.find(job, known=known)
        match found:
            case "perhaps":
                return None
            case "no":
                if time.time() - job.made < self._pace.settle_s:
                    return None
                await endpoint.forget(job)
                self._table.note(job, "unsent")
                return Unsent(job)
            case remote:
                self._table.note(job, "sent", remote=remote)
                self._visits[job.id].pause = self._pace.first_s
                return None

    async def _looked(self, job: BatchJob, remote: str, visits: _Visits) -> News | None:
        look = await self._endpoints[job.model].look(remote)
        visits.done = look.done
        match look.state:
            case "out":
                if look.until is not None and look.until != job.until:
                    self._table.note(job, "sent", until=look.until)
                return None
            case "rejected":
                self._table.note(job, "rejected", said=look.said)
                return Rejected(job, look.said or "no reason is given", look.too_much)
            case "gone":
                self._table.note(job, "lost", said=look.said)
                return Gone(job, look.said or "its results are not there any more")
            case "unknown":
                return self._unknown(job)
            case "ended":
                if job.state != "ended" or look.until != job.until:
                    self._table.note(job, "ended", until=look.until)
                return await self._fetched(replace(job, state="ended", until=look.until), remote, visits, look.expected)

    def _unknown(self, job: BatchJob) -> News:
        """A batch that its provider does not know.

        Raises:
            EndpointError: It may be that another account has it.
        """
        if not self._drop and time.time() - job.made < self._pace.kept_s:
            raise EndpointError(
                f"The server does not know the batch {job.remote!r} of {job.model!r} ({job.rows:,} questions): go on "
                "with a key of the account that sent it, or add --drop-unknown to ask and pay again."
            )
        said = "its provider does not know it"
        self._table.note(job, "lost", said=said)
        return Gone(job, said)

    async def _fetched(self, job: BatchJob, remote: str, visits: _Visits, expected: int | None) -> News:
        """The results, fetched again where rows are lacking that the provider counts."""
        results = await self._endpoints[job.model].collect(remote, self._requests(job))
        have = sum(not isinstance(result, RowUnasked) for result in results)
        whole = expected is None or have >= min(expected, job.rows) or len(results) >= job.rows
        visits.downloads += 1
        if not whole and visits.downloads < self._pace.downloads:
            raise AskError(f"the results of a batch hold {have:,} of {expected:,} answers")
        return Ended(job, results, whole)
