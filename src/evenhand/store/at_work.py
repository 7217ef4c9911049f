"""Whether a run is asking now."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["LOCK_PATIENCE_S", "run_at_work"]

LOCK_PATIENCE_S = 0.5
"""How long a run that starts waits for its lock: a look at the lock holds it for microseconds."""


def run_at_work(path: Path) -> bool:
    """Whether a run holds the lock of the store at `path`. Nothing is written, and no run is kept from starting.

    A lock that cannot be looked at counts as free.
    """
    lock = path.with_suffix(".lock")
    if not lock.is_file():
        return False
    try:
        database = sqlite3.connect(f"{lock.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=0.0)
    except sqlite3.Error:
        return False
    try:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        return error.sqlite_errorname.startswith("SQLITE_BUSY")
    except sqlite3.DatabaseError:
        return False
    finally:
        database.close()
    return False
