"""Waiting for batches: it can be stopped from outside, and pauses grow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Timer

import pytest

from evenhand.endpoints.base import AskError, Endpoint
from evenhand.endpoints.batch import BatchLimits, BatchLook, BatchSighting, RowResult
from evenhand.errors import EndpointError
from evenhand.records.batch_job import BatchJob
from evenhand.records.message import Request
from evenhand.run.batch_watch import BatchPace, BatchWatch
from evenhand.store.jobs import JobTable
from evenhand.store.store import Store, open_store

PACE = BatchPace(first_s=0.02, factor=2.0, longest_s=0.16, settle_s=0.0, patience_s=0.3)


class Looked:
    """A provider whose batches are out until its looks are used up."""

    limits = BatchLimits(rows=10, bytes=1000)

    def __init__(self, looks: Sequence[BatchLook | AskError]) -> None:
        self._looks = list(looks)
        self.times: list[float] = []

    @property
    def live(self) -> Endpoint:
        raise NotImplementedError

    def row(self, request: Request, *, row: str) -> bytes:
        raise NotImplementedError

    async def marker(self) -> str | None:
        return None

    async def submit(self, rows: Sequence[bytes], *, job: str) -> str:
        raise NotImplementedError

    async def find(self, job: BatchJob, *, known: frozenset[str]) -> str | BatchSighting:
        return "no"

    async def forget(self, job: BatchJob) -> None:
        return None

    async def look(self, remote: str) -> BatchLook:
        self.times.append(time.monotonic())
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(look, AskError):
            raise look
        return look

    async def collect(self, remote: str, requests: Mapping[str, Request]) -> Sequence[RowResult]:
        return ()

    async def aclose(self) -> None:
        return None


def watched(store: Store, provider: Looked) -> BatchWatch:
    table = JobTable(store)
    table.note(table.intend("aa", model="m", cells=["00" * 16], marker=None), "sent", remote="r")
    return BatchWatch(table, {"m": provider}, pace=PACE, requests=lambda job: {})


def waited(watch: BatchWatch, *, seconds: float | None = None) -> Sequence[object]:
    deadline = None if seconds is None else time.monotonic() + seconds
    return asyncio.run(watch.news(without=(), deadline=deadline, tell=lambda: None))


def test_the_waiting_is_stopped_from_another_thread(tmp_path: Path) -> None:
    with open_store(tmp_path / "trials.sqlite", plan_sha256="ab" * 32) as store:
        watch = watched(store, Looked([BatchLook(state="out")]))
        timer = Timer(0.2, watch.stop)
        timer.start()
        assert waited(watch, seconds=60.0) == []
        timer.join()
        out = watch.out()
    assert out is not None
    assert out.jobs == 1, "what is out goes on"


def test_pauses_grow_up_to_the_longest(tmp_path: Path) -> None:
    provider = Looked([BatchLook(state="out")])
    with open_store(tmp_path / "trials.sqlite", plan_sha256="ab" * 32) as store:
        waited(watched(store, provider), seconds=1.0)
    pauses = [after - before for before, after in zip(provider.times, provider.times[1:], strict=False)]
    assert 4 <= len(pauses) <= 10, "0.02, 0.04, 0.08, then 0.16 each"
    assert pauses[0] < pauses[-2]


def test_a_word_of_the_provider_ends_its_silence(tmp_path: Path) -> None:
    silent = AskError("HTTP 503: away")
    provider = Looked([silent, silent, BatchLook(state="out"), silent])
    with open_store(tmp_path / "trials.sqlite", plan_sha256="ab" * 32) as store:
        watch = watched(store, provider)
        began = time.monotonic()
        with pytest.raises(EndpointError, match=r"cannot be asked for \(HTTP 503: away\); they go on"):
            waited(watch, seconds=60.0)
        out = watch.out()
    assert time.monotonic() - began >= PACE.patience_s + 0.06, "the silence is counted anew"
    assert out is not None
    assert out.trouble == "HTTP 503: away"


def test_what_is_learnt_of_the_time_is_written_down(tmp_path: Path) -> None:
    provider = Looked([BatchLook(state="out", until=500.0, done=3)])
    with open_store(tmp_path / "trials.sqlite", plan_sha256="ab" * 32) as store:
        watch = watched(store, provider)
        waited(watch, seconds=0.05)
        (job,) = JobTable(store).out()
        out = watch.out()
    assert (job.state, job.remote, job.until) == ("sent", "r", 500.0)
    assert out is not None
    assert (out.done, out.until) == (3, 500.0)
