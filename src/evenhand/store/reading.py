"""Reading a store: while a run goes on, after it, and where nothing may be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from heapq import merge
from pathlib import Path
from typing import Literal, Self

from evenhand.errors import StoreError
from evenhand.records.batch_job import BatchJob
from evenhand.records.decision import DecisionCount, FactDecision
from evenhand.records.message import Message, Reply
from evenhand.records.trial import OutcomeName
from evenhand.store.decision_rows import decision_counts_in, decision_on, decisions_in, last_decision_in
from evenhand.store.job_rows import jobs_in
from evenhand.store.rows import StoredTrial, readable_trial
from evenhand.store.schema import CELL_COLUMNS, translated
from evenhand.store.store import check_version
from evenhand.store.totals import ModelTotals, Tally

__all__ = ["StoreTable", "TrialReader", "open_trials"]

StoreTable = Literal["trials", "failures"]
"""Cells that got an answer; attempts at cells that got none."""

_COLUMNS = ", ".join(CELL_COLUMNS)
_TRIALS = f"SELECT {_COLUMNS} FROM trials {{where}} ORDER BY cell_key"
_FAILURES = f"""SELECT {_COLUMNS} FROM failures WHERE id IN (
    SELECT max(id) FROM failures f
    WHERE NOT EXISTS (SELECT 1 FROM trials t WHERE t.cell_key = f.cell_key) GROUP BY cell_key)
    {{where}} ORDER BY cell_key"""


class TrialReader:
    """`trials.sqlite`, open for reading. Made by `open_trials`."""

    def __init__(self, path: Path, *, database: sqlite3.Connection) -> None:
        self.path = path
        self._database = database

    @property
    def plan_sha256(self) -> str:
        """Hash of the plan that the trials belong to."""
        with translated(self.path):
            (value,) = self._database.execute("SELECT value FROM meta WHERE name = 'plan_sha256'").fetchone()
        return str(value)

    def rows(self, model: str | None = None) -> Iterator[StoredTrial]:
        """Every cell that was asked, once, ordered by key, one at a time from disk.

        A cell that only ever failed comes with its latest failure. A row that cannot be read is left out; `count`
        counts it.

        Args:
            model: Only this model's cells.

        Raises:
            StoreError: The file is damaged.
        """
        given = () if model is None else (model,)
        with translated(self.path):
            answered = self._database.execute(_TRIALS.format(where="WHERE model = ?" if given else ""), given)
            failed = self._database.execute(_FAILURES.format(where="AND model = ?" if given else ""), given)
            for columns in merge(answered, failed, key=_key):
                stored = readable_trial(columns)
                if stored is not None:
                    yield stored

    def count(self) -> int:
        """Number of cells that were asked, those whose rows cannot be read included."""
        with translated(self.path):
            (answered,) = self._database.execute("SELECT count(*) FROM trials").fetchone()
            (failed,) = self._database.execute(f"SELECT count(*) FROM ({_FAILURES.format(where='')})").fetchone()
        return int(answered) + int(failed)

    def batches(self) -> tuple[BatchJob, ...]:
        """Every batch that was written down, as it stands, the oldest first.

        Raises:
            StoreError: The file is damaged.
        """
        with translated(self.path):
            return jobs_in(self._database)

    def decisions(self, *, after: int = 0, upto: int | None = None) -> Iterator[FactDecision]:
        """Every time a policy's model was asked about a fact, the oldest first; a row that cannot be read is left out.

        Args:
            after: Id of the last row that is known, of `last_decision`; 0: from the start.
            upto: Id of the last row that is wanted; None: the newest.

        Raises:
            StoreError: The file is damaged.
        """
        with translated(self.path):
            last = last_decision_in(self._database) if upto is None else upto
            yield from decisions_in(self._database, after=after, upto=last)

    def decision_on(self, fact: str, *, policy: str, stored: StoredTrial) -> FactDecision | None:
        """What was decided of a fact in the memory of a trial: the first answer, or a failure where there is none.

        Raises:
            StoreError: The file is damaged.
        """
        question = stored.asked[-1].sha if stored.asked else None
        with translated(self.path):
            return decision_on(self._database, fact, policy=policy, question_sha=question)

    def last_decision(self) -> int:
        """Id of the newest decision, 0 where there is none; ids grow."""
        with translated(self.path):
            return last_decision_in(self._database)

    def decision_counts(self) -> tuple[DecisionCount, ...]:
        """What came of the questions about facts, by policy and model; each question counts once.

        Raises:
            StoreError: The file is damaged.
        """
        with translated(self.path):
            return decision_counts_in(self._database)

    def outcomes(self) -> dict[str, dict[OutcomeName, int]]:
        """Model -> outcome -> number of cells, those whose rows cannot be read included.

        A cell that only ever failed counts once, as failed.
        """
        counted = "SELECT model, outcome, count(*) FROM {rows} GROUP BY model, outcome"
        found: dict[str, dict[OutcomeName, int]] = {}
        with translated(self.path):
            for rows in ("trials", f"({_FAILURES.format(where='')})"):
                for model, outcome, count in self._database.execute(counted.format(rows=rows)):
                    found.setdefault(model, {})[outcome] = int(count)
        return found

    def one(self, key: str) -> StoredTrial | None:
        """The answer to the cell with this key; None where it has none that can be read.

        Raises:
            StoreError: The file is damaged.
        """
        with translated(self.path):
            found = self._database.execute(_TRIALS.format(where="WHERE cell_key = ?"), (key,)).fetchone()
        return None if found is None else readable_trial(found)

    def text(self, sha: str) -> str:
        """The text behind a hash.

        Raises:
            StoreError: There is none.
        """
        with translated(self.path):
            row = self._database.execute("SELECT text FROM texts WHERE sha = ?", (sha,)).fetchone()
        if row is None:
            raise StoreError(f"{str(self.path)!r} lacks the text {sha!r}: the file is damaged; restore it from a copy.")
        return str(row[0])

    def messages(self, stored: StoredTrial) -> tuple[Message, ...]:
        """What the model saw, exactly."""
        return tuple(
            Message(
                role=turn.role,
                content=self.text(turn.sha),
                tool_name=turn.tool_name,
                tool_call_id=turn.tool_call_id,
                tool_arguments=turn.tool_arguments,
            )
            for turn in stored.asked
        )

    def last_id(self, table: StoreTable) -> int:
        """Id of the newest row, 0 where there is none; ids grow, and no row is ever changed or taken out."""
        with translated(self.path):
            (last,) = self._database.execute(f"SELECT max(id) FROM {table}").fetchone()
        return int(last or 0)

    def after(self, table: StoreTable, row: int, *, most: int) -> list[tuple[int, StoredTrial | None]]:
        """The next rows behind a row id, oldest first; None in place of a row that cannot be read.

        Args:
            table: Which table.
            row: Id of the last row that is known; 0: from the start.
            most: Rows at most, so that no read lasts long while a run writes.
        """
        query = f"SELECT id, {_COLUMNS} FROM {table} WHERE id > ? ORDER BY id LIMIT ?"
        with translated(self.path):
            found = self._database.execute(query, (row, most)).fetchall()
        return [(int(number), readable_trial(columns)) for number, *columns in found]

    def at(self, table: StoreTable, row: int) -> StoredTrial | None:
        """The row with this id; None where there is none that can be read."""
        with translated(self.path):
            found = self._database.execute(f"SELECT {_COLUMNS} FROM {table} WHERE id = ?", (row,)).fetchone()
        return None if found is None else readable_trial(found)

    def latest(self, key: str) -> StoredTrial | None:
        """The answer to the cell with this key, or its latest failure; None where neither can be read."""
        query = f"SELECT {_COLUMNS} FROM failures WHERE cell_key = ? ORDER BY id DESC LIMIT 1"
        with translated(self.path):
            found = self._database.execute(_TRIALS.format(where="WHERE cell_key = ?"), (key,)).fetchone()
            found = found or self._database.execute(query, (key,)).fetchone()
        return None if found is None else readable_trial(found)

    def standing_failures(self) -> list[int]:
        """Row ids of the latest failure of each cell that got no answer."""
        query = """SELECT max(id) FROM failures f
            WHERE NOT EXISTS (SELECT 1 FROM trials t WHERE t.cell_key = f.cell_key) GROUP BY cell_key ORDER BY 1"""
        with translated(self.path):
            return [int(row) for (row,) in self._database.execute(query)]

    def models(self) -> tuple[str, ...]:
        """Models that answered, sorted."""
        with translated(self.path):
            return tuple(name for (name,) in self._database.execute("SELECT DISTINCT model FROM trials ORDER BY model"))

    def answered_ids(self, model: str) -> dict[bytes, list[int]]:
        """Hash of a conversation -> row ids of the answers to it, by replicate; for `reply`."""
        found: dict[bytes, list[int]] = {}
        query = "SELECT asked_sha, id FROM trials WHERE model = ? ORDER BY replicate, cell_key"
        with translated(self.path):
            for sha, row in self._database.execute(query, (model,)):
                found.setdefault(bytes.fromhex(sha), []).append(row)
        return found

    def reply(self, row: int) -> Reply | None:
        """The reply of a row of `answered_ids`; None where the row cannot be read."""
        query = f"SELECT {_COLUMNS} FROM trials WHERE id = ?"
        with translated(self.path):
            stored = readable_trial(self._database.execute(query, (row,)).fetchone())
        return None if stored is None else stored.trial.reply

    def lengths(self) -> dict[str, int]:
        """Hash of a text -> its characters."""
        with translated(self.path):
            return dict(self._database.execute("SELECT sha, length(text) FROM texts"))

    def totals(self, *, closed: Collection[str] = ()) -> dict[str, ModelTotals]:
        """What each model was asked and answered, over all runs of the store.

        Args:
            closed: Items whose text may not be passed on; no reply to one is quoted.
        """
        tallies: dict[str, Tally] = {}
        lengths = self.lengths()
        for stored in self.rows():
            tallies.setdefault(stored.cell.model, Tally(lengths, closed=closed)).add(stored)
        for decision in self.decisions():
            tallies.setdefault(decision.assistant, Tally(lengths, closed=closed)).add_decision(decision)
        return {model: tally.totals() for model, tally in tallies.items()}

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_trials(path: Path) -> TrialReader:
    """The trials at `path`, for reading.

    Raises:
        StoreError: There is no such file, it is not a store, it is damaged, or it is of a newer version.
    """
    if not path.is_file():
        raise StoreError(f"There is no store {str(path)!r}; `evenhand run` makes one.")
    with translated(path):
        database = _connected(path)
        try:
            if not check_version(database, path):
                raise StoreError(f"{str(path)!r} is empty; `evenhand run` fills it.")
        except BaseException:
            database.close()
            raise
    database.text_factory = _text
    return TrialReader(path, database=database)


def _text(found: bytes) -> str:
    """A text of the file; bytes that are none make their row unreadable, not the file."""
    return found.decode("utf-8", "surrogateescape")


def _key(columns: tuple[str | int | None, ...]) -> str:
    """What rows are ordered by."""
    return str(columns[0])


def _connected(path: Path) -> sqlite3.Connection:
    """A read-only connection; a directory that cannot be written to is read without its lock files."""
    uri = path.resolve().as_uri()
    database = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None, timeout=10.0)
    try:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        database.close()
        if not error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            raise
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise StoreError(
                f"{str(path)!r} was left by a run that was killed, and its last answers are in {log.name!r}, which "
                "cannot be read where nothing may be written; copy the whole run directory and read the copy."
            ) from error
        return sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
    except BaseException:
        database.close()
        raise
    return database
