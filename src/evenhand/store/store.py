"""The store of a run: append-only, durable, owned by one run at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from evenhand.errors import PlanError, StoreError
from evenhand.store.at_work import LOCK_PATIENCE_S
from evenhand.store.decision_rows import decided_in
from evenhand.store.job_rows import jobs_in
from evenhand.store.rows import Row, is_failure
from evenhand.store.schema import APPLICATION_ID, CELL_COLUMNS, DDL, SCHEMA_VERSION, translated

__all__ = ["Store", "check_version", "discard_unanswered", "open_store"]


_INSERT = "INSERT INTO {table} ({columns}) VALUES ({marks})"
_INTO_TRIALS = _INSERT.format(table="trials", columns=", ".join(CELL_COLUMNS), marks=", ".join("?" * len(CELL_COLUMNS)))
_INTO_FAILURES = _INTO_TRIALS.replace("INTO trials", "INTO failures", 1)
_INTO_TEXTS = "INSERT OR IGNORE INTO texts (sha, text) VALUES (?, ?)"


class Store:
    """`trials.sqlite`, open for writing.

    Made by `open_store`. Transactions of several threads wait for each other; nothing else is safe beside a writer.
    """

    def __init__(self, path: Path, *, database: sqlite3.Connection, lock: sqlite3.Connection) -> None:
        self.path = path
        self._database = database
        self._lock = lock
        self._texts: set[str] = set()
        self._writing = threading.Lock()
        with translated(path):
            self._present = {bytes.fromhex(key) for (key,) in database.execute("SELECT cell_key FROM trials")}

    def has(self, key: str) -> bool:
        """Whether the cell was answered before this run, or by it."""
        return bytes.fromhex(key) in self._present

    def count(self) -> int:
        """Number of cells answered."""
        return len(self._present)

    def answered_models(self) -> frozenset[str]:
        """Models that have a usable answer."""
        query = "SELECT DISTINCT model FROM trials WHERE outcome = 'answered'"
        with translated(self.path):
            return frozenset(name for (name,) in self._database.execute(query))

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows in one transaction; when this returns they are on disk.

        Raises:
            StoreError: Nothing of these rows was written.
        """
        texts = {sha: text for row in rows for sha, text in row.texts if sha not in self._texts}
        answered = [row for row in rows if not is_failure(row)]
        failed = [row for row in rows if is_failure(row)]
        with translated(self.path), self.transaction() as database:
            database.executemany(_INTO_TEXTS, texts.items())
            database.executemany(_INTO_TRIALS, [row.columns for row in answered])
            if failed:
                database.executemany(_INTO_FAILURES, [row.columns for row in failed])
        self._texts.update(texts)
        self._present.update(bytes.fromhex(row.cell_key) for row in answered)

    def mark(self, name: str) -> None:
        """Note something of the run as a whole, once; when this returns it is on disk.

        Raises:
            StoreError: It was not written.
        """
        with translated(self.path), self.transaction() as database:
            database.execute("INSERT OR IGNORE INTO meta (name, value) VALUES (?, '')", (name,))

    def marked(self, beginning: str) -> frozenset[str]:
        """Notes whose names begin so."""
        with translated(self.path):
            found = self._database.execute(
                "SELECT name FROM meta WHERE substr(name, 1, ?) = ?", (len(beginning), beginning)
            )
            return frozenset(name for (name,) in found)

    def close(self) -> None:
        """Fold the write-ahead log into the file and give the lock back."""
        try:
            self._database.close()
        finally:
            self._lock.close()

    @property
    def database(self) -> sqlite3.Connection:
        """The open file, for other tables in it; not while a run writes."""
        return self._database

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The open file, whose changes within the block are on disk after it, or none of them is."""
        with self._writing:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")


@contextmanager
def open_store(path: Path, *, plan_sha256: str) -> Iterator[Store]:
    """The store at `path`, made if it does not exist, closed at the end of the block.

    Args:
        path: `trials.sqlite` in the run directory, which must exist.
        plan_sha256: Hash of the plan that the cells belong to.

    Raises:
        StoreError: Read-only or missing directory, full disk, another version, another run at work, not a store.
        PlanError: The store belongs to another plan.
    """
    if not path.parent.is_dir():
        raise StoreError(
            f"There is no directory {str(path.parent)!r} to keep a run in; make it, or choose another with --out."
        )
    lock = _locked(path)
    try:
        store = Store(path, database=_opened(path, plan_sha256=plan_sha256), lock=lock)
    except BaseException:
        lock.close()
        raise
    try:
        yield store
    finally:
        with translated(path):
            store.close()


def discard_unanswered(path: Path) -> bool:
    """Remove a store that holds no answer, so that another plan may take its place.

    Returns:
        Whether there is no store now; False where it holds answers or decisions on facts, or answers may come of a
        batch, and it stays.

    Raises:
        StoreError: Another run is at work there, or it cannot be read or removed.
    """
    if not path.exists():
        return True
    lock = _locked(path)
    try:
        with translated(path):
            database = sqlite3.connect(path, isolation_level=None, timeout=10.0)
            try:
                answers = _answers(database, path)
            finally:
                database.close()
        if answers:
            return False
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot remove {str(path)!r} ({error.strerror}); choose another directory with --out"
        ) from error
    finally:
        lock.close()
    path.with_suffix(".lock").unlink(missing_ok=True)
    return True


def _answers(database: sqlite3.Connection, path: Path) -> int:
    """Number of answers and of decisions on facts in a store, and of batches that are out; 0 in an empty file."""
    if not check_version(database, path):
        return 0
    (count,) = database.execute("SELECT count(*) FROM trials").fetchone()
    return int(count) + decided_in(database) + sum(job.is_out for job in jobs_in(database))


def check_version(database: sqlite3.Connection, path: Path) -> bool:
    """Whether the file holds a store already; False for an empty one.

    Raises:
        StoreError: It holds something else, or a store of another version.
    """
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID:
        if tables or application:
            raise StoreError(
                f"{str(path)!r} is another program's database, not a store of trials; choose another --out."
            )
        return False
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{str(path)!r} was written by a newer evenhand (store version {version}, this one reads up to "
            f"{SCHEMA_VERSION}); update evenhand, or start a new run directory with --out."
        )
    if version < SCHEMA_VERSION:
        raise StoreError(
            f"{str(path)!r} was written by an older evenhand (store version {version}, this one reads "
            f"{SCHEMA_VERSION}), which named its columns otherwise; finish, analyse or replay that run with the "
            "evenhand named in its plan.json, or ask again in a new run directory with --out."
        )
    return True


def _opened(path: Path, *, plan_sha256: str) -> sqlite3.Connection:
    with translated(path):
        database = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=False)
        try:
            if not check_version(database, path):
                _create(database, plan_sha256=plan_sha256)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            _check_plan(database, path, plan_sha256=plan_sha256)
        except BaseException:
            database.close()
            raise
    return database


def _create(database: sqlite3.Connection, *, plan_sha256: str) -> None:
    """All tables in one transaction: after a kill the store is whole or empty."""
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("BEGIN IMMEDIATE")
    for statement in DDL:
        database.execute(statement)
    database.execute("INSERT INTO meta (name, value) VALUES ('plan_sha256', ?)", (plan_sha256,))
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    database.execute("COMMIT")


def _check_plan(database: sqlite3.Connection, path: Path, *, plan_sha256: str) -> None:
    (stored,) = database.execute("SELECT value FROM meta WHERE name = 'plan_sha256'").fetchone()
    if stored != plan_sha256:
        raise PlanError(
            f"{str(path)!r} holds answers to the plan {stored[:12]!r}, not to {plan_sha256[:12]!r}; "
            "put the plan back, or start a new run directory with --out."
        )


def _locked(path: Path) -> sqlite3.Connection:
    """Hold `trials.lock` until closed or killed: SQLite's file lock works on every system and dies with the process."""
    file = path.with_suffix(".lock")
    with translated(path):
        lock = sqlite3.connect(file, isolation_level=None, timeout=LOCK_PATIENCE_S, check_same_thread=False)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            if error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise StoreError(
                    f"Another run is at work in {str(path.parent)!r}; wait for it to end, or use another --out."
                ) from error
            raise
    return lock
