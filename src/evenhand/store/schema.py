"""The shape of `trials.sqlite`, and what SQLite's errors mean for the user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenhand.errors import StoreError
from evenhand.records.condition import CONDITION_FIELDS

__all__ = ["APPLICATION_ID", "CELL_COLUMNS", "DDL", "SCHEMA_VERSION", "store_error", "translated"]

SCHEMA_VERSION = 3
"""Kept in SQLite's `user_version`. Older versions named their columns otherwise and are refused with a way out."""
APPLICATION_ID = 0x45564E48
"""Kept in SQLite's `application_id` ("EVNH"), so that another program's file is not taken for a store."""

CELL_COLUMNS: tuple[str, ...] = (
    "cell_key",
    "model",
    "arm",
    "item",
    *CONDITION_FIELDS,
    "replicate",
    "order_index",
    "option_order",
    "retrieved",
    "asked_sha",
    "asked",
    "outcome",
    "choice",
    "detail",
    "reply",
)
"""Columns of both `trials` and `failures`: the fields of a cell under their own names, then question and answer.

`asked` is what the model saw, a JSON list of turns whose text is a key of `texts`; `detail` is the outcome as JSON;
`reply` is the reply as JSON, null for a failure."""

_CELL = """
  cell_key     TEXT    NOT NULL {unique},
  model        TEXT    NOT NULL,
  arm          TEXT    NOT NULL,
  item         TEXT    NOT NULL,
  {condition},
  replicate    INTEGER NOT NULL,
  order_index  INTEGER NOT NULL,
  option_order TEXT    NOT NULL,
  retrieved    TEXT,
  asked_sha    TEXT    NOT NULL,
  asked        TEXT    NOT NULL,
  outcome      TEXT    NOT NULL,
  choice       TEXT,
  detail       TEXT    NOT NULL,
  reply        TEXT
"""

_CONDITION = ", ".join(f"{name} TEXT" for name in CONDITION_FIELDS)

DDL = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE texts (sha TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
    f"CREATE TABLE trials (id INTEGER PRIMARY KEY, {_CELL.format(unique='UNIQUE', condition=_CONDITION)})",
    f"CREATE TABLE failures (id INTEGER PRIMARY KEY, {_CELL.format(unique='', condition=_CONDITION)})",
    "CREATE INDEX failures_by_key ON failures (cell_key)",
)
"""`trials` has one row per cell that got an answer. `failures` has one row each time a cell got none; such a cell is
asked again by the next run. Rows are added and never changed."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """What SQLite raises within, as one sentence.

    Raises:
        StoreError: In place of any error of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(error, path) from error


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """SQLite's error as one sentence with the next step."""
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    where = str(path)
    if name.startswith("SQLITE_FULL"):
        text = f"The disk that holds {where!r} is full; free some space and run again: every saved answer is safe."
    elif name.startswith("SQLITE_IOERR"):
        text = (
            f"Writing to {where!r} failed ({name}): the disk is full, over quota or failing; "
            "free some space or move the run directory, and run again: every saved answer is safe."
        )
    elif name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        text = f"{where!r} cannot be opened for writing ({error}); choose a directory that you may write to with --out."
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        text = f"{where!r} is in use by another program ({error}); wait for it to end, or close it, and run again."
    elif name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        text = (
            f"{where!r} is not a readable store ({error}); restore it from a copy, or move it away and run again: "
            "its cells are then asked anew."
        )
    else:
        text = (
            f"{where!r} could not be used ({name}: {error}); check the file, or use another run directory with --out."
        )
    return StoreError(text)
