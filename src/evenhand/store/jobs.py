"""The batches of a run, written down before they are sent and whenever something is learnt of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from evenhand.records.batch_job import BatchJob, JobState
from evenhand.store.job_rows import JOB_DDL, jobs_in
from evenhand.store.schema import translated
from evenhand.store.store import Store

__all__ = ["JobTable"]


class JobTable:
    """The tables of batches in an open store. Every change is on disk when its method returns.

    Args:
        store: The store, not in use by a run at the same time.
        clock: Seconds since 1970.

    Raises:
        StoreError: The store cannot be written.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        with translated(store.path), store.transaction() as database:
            for statement in JOB_DDL:
                database.execute(statement)

    def all(self) -> tuple[BatchJob, ...]:
        """Every batch as it stands, the oldest first."""
        with translated(self._store.path):
            return jobs_in(self._store.database)

    def out(self) -> tuple[BatchJob, ...]:
        """The batches of which answers may still come, the oldest first."""
        return tuple(job for job in self.all() if job.is_out)

    def cells(self, job: str) -> frozenset[str]:
        """Keys of the cells in a batch."""
        with translated(self._store.path):
            rows = self._store.database.execute("SELECT cell_key FROM job_cells WHERE job = ?", (job,)).fetchall()
        return frozenset(key for (key,) in rows)

    def intend(self, job: str, *, model: str, cells: Collection[str], marker: str | None) -> BatchJob:
        """Write down a batch that is about to be sent.

        Raises:
            StoreError: It is not written down, so it must not be sent.
        """
        now = self._clock()
        with translated(self._store.path), self._store.transaction() as database:
            database.execute(
                "INSERT INTO jobs (id, model, rows, made, marker) VALUES (?, ?, ?, ?, ?)",
                (job, model, len(cells), now, marker),
            )
            database.executemany("INSERT INTO job_cells (job, cell_key) VALUES (?, ?)", [(job, key) for key in cells])
            database.execute("INSERT INTO job_states (job, state, at) VALUES (?, 'intent', ?)", (job, now))
        return BatchJob(id=job, model=model, rows=len(cells), made=now, at=now, marker=marker)

    def note(
        self,
        job: BatchJob,
        state: JobState,
        *,
        remote: str | None = None,
        until: float | None = None,
        said: str | None = None,
    ) -> None:
        """Write down what was learnt of a batch; the provider's name of it stays once it is known."""
        values = (job.id, state, self._clock(), remote or job.remote, until, said)
        with translated(self._store.path), self._store.transaction() as database:
            database.execute(
                "INSERT INTO job_states (job, state, at, remote, until, said) VALUES (?, ?, ?, ?, ?, ?)", values
            )
