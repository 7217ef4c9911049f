"""The index of a run's trials: a file in the cache folder, made from the store and never written into it.

It holds what filters and searches need: a few numbers per trial, in batches, and the words of prompts and answers in
an FTS5 table without the texts themselves. It can be deleted at any time and is then made anew.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from evenhand.bank.cache import cache_folder
from evenhand.errors import StoreError

__all__ = ["CELL_TYPE", "INDEX_VERSION", "BrokenIndex", "discard_index", "index_connection", "index_path", "indexed"]

INDEX_VERSION = "2"
"""An index of another version is made anew."""

CELL_TYPE = np.dtype(
    [
        ("id", "<i8"),
        ("failure", "<i1"),
        ("model", "<i4"),
        ("arm", "<i4"),
        ("item", "<i4"),
        ("condition", "<i4"),
        ("outcome", "<i1"),
        ("choice", "<i4"),
        ("replicate", "<i4"),
        ("order", "<i4"),
        ("answer", "<i8"),
        ("turns", "<i4"),
        ("read", "<i8"),
        ("written", "<i8"),
    ]
)
"""One trial. `id` is its row in the table `trials` of the store, or in `failures` where `failure` is 1; `model`, `arm`,
`item`, `condition` and `choice` are codes of the table `label` (-1: none); `outcome` is a place in `OUTCOMES`; `answer`
is its text in `words` (0: none); `turns` says how many turns were sent; `read` and `written` are the tokens billed, in
a batch at the share that they cost."""

_DDL = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE label (code INTEGER PRIMARY KEY, axis TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (axis, value))",
    "CREATE TABLE prompt (sha TEXT PRIMARY KEY, word INTEGER NOT NULL, characters INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE batch (number INTEGER PRIMARY KEY, rows INTEGER NOT NULL, cells BLOB NOT NULL, turns BLOB NOT NULL)",
    "CREATE TABLE open_failure (id INTEGER PRIMARY KEY)",
    "CREATE TABLE second (model TEXT PRIMARY KEY, read INTEGER NOT NULL, written INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE words USING fts5 (body, content='', tokenize=\"unicode61 remove_diacritics 2\")",
)


class BrokenIndex(StoreError):
    """An index cannot be read or written; it is taken away and made anew once."""


def index_path(store: Path) -> Path:
    """Where the index of a store is kept.

    Raises:
        StoreError: There is no folder for caches.
    """
    try:
        folder = cache_folder() / "view"
    except RuntimeError as error:
        raise StoreError(
            "There is no home folder to keep the index in; name a folder in the environment variable EVENHAND_CACHE."
        ) from error
    name = hashlib.blake2b(str(store.resolve()).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return folder / f"{name}.sqlite"


def index_connection(path: Path, *, writing: bool = False) -> sqlite3.Connection:
    """An open index, made where it does not exist and is to be written.

    Raises:
        StoreError: It cannot be made or opened; a damaged one is taken away first, once.
    """
    try:
        if not writing:
            return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _writable(path)
        except sqlite3.DatabaseError:
            discard_index(path)
            return _writable(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The index {str(path)!r} cannot be kept ({error}); free some space, or name another folder in the "
            "environment variable EVENHAND_CACHE."
        ) from error


def discard_index(path: Path) -> None:
    """Take an index away."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


@contextmanager
def indexed(path: Path) -> Iterator[sqlite3.Connection]:
    """An index open for reading while the block runs.

    Raises:
        BrokenIndex: It cannot be read.
    """
    database = index_connection(path)
    try:
        yield database
    except sqlite3.Error as error:
        raise BrokenIndex(
            f"The index {str(path)!r} cannot be read ({error}); delete it, and it is made anew."
        ) from error
    finally:
        database.close()


def _writable(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables:
            (version,) = database.execute("SELECT value FROM meta WHERE name = 'version'").fetchone() or ("",)
            if version != INDEX_VERSION:
                raise sqlite3.DatabaseError(f"index version {version!r}")
        else:
            for statement in _DDL:
                database.execute(statement)
            database.execute("INSERT INTO meta (name, value) VALUES ('version', ?)", (INDEX_VERSION,))
        database.execute("COMMIT")
    except BaseException:
        database.close()
        raise
    return database
