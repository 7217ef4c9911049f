"""The tables of batches in `trials.sqlite`, made with the first batch: what was written down, and what became of it."""

from __future__ import annotations

import sqlite3
from typing import get_args

import msgspec

from evenhand.records.batch_job import BatchJob, JobState

__all__ = ["JOB_DDL", "holds_jobs", "jobs_in"]

JOB_DDL = (
    """CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY, model TEXT NOT NULL, rows INTEGER NOT NULL, made REAL NOT NULL, marker TEXT) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS job_cells (
  job TEXT NOT NULL, cell_key TEXT NOT NULL, PRIMARY KEY (job, cell_key)) WITHOUT ROWID""",
    f"""CREATE TABLE IF NOT EXISTS job_states (
  number INTEGER PRIMARY KEY, job TEXT NOT NULL, at REAL NOT NULL, remote TEXT, until REAL, said TEXT,
  state TEXT NOT NULL CHECK (state IN ({", ".join(f"'{state}'" for state in get_args(JobState))})))""",
    "CREATE INDEX IF NOT EXISTS job_states_by_job ON job_states (job, number)",
)
"""`jobs`: one row for a batch, written before it is sent. `job_cells`: its questions. `job_states`: a row each time
something is learnt of it; the newest holds. Rows are added and never changed."""

_NEWEST = """SELECT jobs.id, jobs.model, jobs.rows, jobs.made, jobs.marker,
    s.state, s.at, s.remote, s.until, s.said
  FROM jobs JOIN job_states s ON s.number = (SELECT max(number) FROM job_states WHERE job = jobs.id)
  ORDER BY jobs.made, jobs.id"""


def holds_jobs(database: sqlite3.Connection) -> bool:
    """Whether a store has tables of batches."""
    found = database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'job_states'")
    return bool(found.fetchone()[0])


def jobs_in(database: sqlite3.Connection) -> tuple[BatchJob, ...]:
    """Every batch of a store as it stands, the oldest first; none where it has no tables of them.

    Raises:
        sqlite3.Error: The file is damaged.
        msgspec.ValidationError: A row holds what no batch has.
    """
    if not holds_jobs(database):
        return ()
    names = ("id", "model", "rows", "made", "marker", "state", "at", "remote", "until", "said")
    rows = database.execute(_NEWEST).fetchall()
    return tuple(msgspec.convert(dict(zip(names, row, strict=True)), BatchJob, strict=False) for row in rows)
