"""From a store to its index, batch by batch, from where the last time ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from evenhand.endpoints.batch import BATCH_SHARE
from evenhand.endpoints.billed import billed_tokens
from evenhand.errors import StoreError
from evenhand.records.message import Reply, SecondCall
from evenhand.records.trial import OUTCOMES, Answered, outcome_name
from evenhand.store.reading import StoreTable, TrialReader, open_trials
from evenhand.store.rows import StoredTrial
from evenhand.store.totals import decision_billed
from evenhand.view.index_file import CELL_TYPE, BrokenIndex, discard_index, index_connection, index_path

__all__ = ["BATCH", "IndexProgress", "bring_up_to_date", "searched_text"]

BATCH = 5_000
"""Rows that are read from the store at a time, and written to the index in one transaction."""
_TABLES: tuple[StoreTable, ...] = ("trials", "failures")
_REMEMBERED = 200_000
"""Texts whose place in the index is kept in memory."""
_SHORT = 64
"""An answer of so many characters at most is indexed once, however often it was given."""


class IndexProgress(Struct, frozen=True):
    """How far an index has come."""

    done: int
    """Rows of the store that it holds."""
    total: int
    """Rows of the store."""


def searched_text(reply: Reply) -> str:
    """What a search among the answers looks at: the answer, and the thoughts before it."""
    return f"{reply.text}\n{reply.reasoning}" if reply.reasoning else reply.text


def bring_up_to_date(store: Path, *, told: Callable[[IndexProgress], bool]) -> None:
    """Bring the index of a store up to date.

    Args:
        store: `trials.sqlite`.
        told: Called after every batch; the work ends early where it returns False.

    Raises:
        StoreError: The store cannot be read, or the index cannot be kept.
        BrokenIndex: The index cannot be written.
    """
    path = index_path(store)
    with open_trials(store) as trials:
        database = index_connection(path, writing=True)
        try:
            if not _continues(database, trials):
                database.close()
                discard_index(path)
                database = index_connection(path, writing=True)
            _Indexing(database, trials).run(told)
        except sqlite3.Error as error:
            raise BrokenIndex(
                f"The index {str(path)!r} could not be written ({error}); free some space, or delete it."
            ) from error
        finally:
            database.close()


def _meta(database: sqlite3.Connection, name: str) -> str:
    found = database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return str(found[0]) if found else ""


def _continues(database: sqlite3.Connection, trials: TrialReader) -> bool:
    """Whether the index is of this store: its plan, and the last row that it knows, which must still be there."""
    known = _meta(database, "plan")
    if not known:
        return True
    if known != trials.plan_sha256:
        return False
    for table in _TABLES:
        row, key = int(_meta(database, f"{table}.last") or 0), _meta(database, f"{table}.key")
        stored = trials.at(table, row) if row else None
        if row and (trials.last_id(table) < row or (stored.cell.cell_key if stored else "") != key):
            return False
    return True


class _Indexing:
    """One go at an index.

    Args:
        database: The index.
        trials: The store.
    """

    def __init__(self, database: sqlite3.Connection, trials: TrialReader) -> None:
        self._database, self._trials = database, trials
        self._prompts: dict[str, tuple[int, int]] = {}
        self._short: dict[str, int] = {}
        self._labels: dict[tuple[str, str], int] = {
            (axis, value): code for code, axis, value in database.execute("SELECT code, axis, value FROM label")
        }
        self._second: dict[str, list[int]] = {}

    def run(self, told: Callable[[IndexProgress], bool]) -> None:
        """Take in what is new, oldest first."""
        totals = {table: self._trials.last_id(table) for table in _TABLES}
        total = sum(totals.values())
        for table in _TABLES:
            while self._next_batch(table, totals[table]):
                if not told(IndexProgress(done=self._done(), total=total)):
                    return
        self._take_in_decisions()
        if totals["failures"]:
            self._keep_open(self._trials.standing_failures())
        told(IndexProgress(done=total, total=total))

    def _next_batch(self, table: StoreTable, last: int) -> bool:
        """Take in the next rows up to row `last`; whether there were any. Two processes may do this at once."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            known = int(_meta(self._database, f"{table}.last") or 0)
            if known < last:
                self._take_in(table, known)
            self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
        return known < last

    def _done(self) -> int:
        return sum(int(_meta(self._database, f"{table}.last") or 0) for table in _TABLES)

    def _take_in(self, table: StoreTable, last: int) -> None:
        found = self._trials.after(table, last, most=BATCH)
        rows = [(number, stored) for number, stored in found if stored is not None]
        turns: list[int] = []
        cells = np.zeros(len(rows), dtype=CELL_TYPE)
        for place, (number, stored) in enumerate(rows):
            words = [self._prompt(turn.sha) for turn in stored.asked]
            turns += [word for word, _ in words]
            sent = sum(characters for _, characters in words)
            cells[place] = self._cell(number, stored, failure=table == "failures", turns=len(words), sent=sent)
        if rows:
            self._add_batch(cells, np.asarray(turns, dtype="<i8"))
        self._pay_second()
        last_row, newest = found[-1] if found else (self._trials.last_id(table), None)
        self._note("plan", self._trials.plan_sha256)
        self._note(f"{table}.last", str(last_row))
        self._note(f"{table}.key", newest.cell.cell_key if newest is not None else "")

    def _take_in_decisions(self) -> None:
        """Add up what the models of policies used since the last time."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            known, last = int(_meta(self._database, "decisions.last") or 0), self._trials.last_decision()
            if known >= last:
                return
            for decision in self._trials.decisions(after=known, upto=last):
                self._use_second(decision.model, decision_billed(decision))
            self._pay_second()
            self._note("decisions.last", str(last))

    def _use_second(self, model: str, billed: tuple[int, int]) -> None:
        sums = self._second.setdefault(model, [0, 0])
        sums[0], sums[1] = sums[0] + billed[0], sums[1] + billed[1]

    def _pay_second(self) -> None:
        for model, (read, written) in self._second.items():
            self._database.execute(
                "INSERT INTO second VALUES (?, ?, ?) ON CONFLICT (model) DO UPDATE SET read = read + excluded.read, "
                "written = written + excluded.written",
                (model, read, written),
            )
        self._second.clear()

    def _cell(self, number: int, stored: StoredTrial, *, failure: bool, turns: int, sent: int) -> tuple[int, ...]:
        cell, outcome, reply = stored.cell, stored.trial.outcome, stored.trial.reply
        read, written = self._billed(reply, sent=sent)
        return (
            number,
            int(failure),
            self._label("model", cell.model),
            self._label("arm", cell.arm),
            self._label("item", cell.item),
            self._label("condition", msgspec.json.encode(cell.condition).decode()),
            OUTCOMES.index(outcome_name(outcome)),
            self._label("choice", outcome.choice) if isinstance(outcome, Answered) else -1,
            cell.replicate,
            cell.order_index,
            0 if reply is None else self._answer(searched_text(reply)),
            turns,
            read,
            written,
        )

    def _billed(self, reply: Reply | None, *, sent: int) -> tuple[int, int]:
        """Tokens of one trial, of a batch at their share; those of second models are added up by model."""
        if reply is None:
            return 0, 0
        out = len(reply.text) + len(reply.reasoning or "")
        read, written = billed_tokens(reply.usage, input_characters=sent, output_characters=out)
        for call in reply.extra:
            more = _billed_call(call)
            read, written = read + more[0], written + more[1]
        for call in reply.second:
            self._use_second(call.model, _billed_call(call))
        return (round(BATCH_SHARE * read), round(BATCH_SHARE * written)) if reply.batched else (read, written)

    def _label(self, axis: str, value: str) -> int:
        code = self._labels.get((axis, value))
        if code is None:
            found = self._database.execute(
                "SELECT code FROM label WHERE axis = ? AND value = ?", (axis, value)
            ).fetchone()
            if found is not None:
                code = self._labels[axis, value] = int(found[0])
        if code is None:
            cursor = self._database.execute("INSERT INTO label (axis, value) VALUES (?, ?)", (axis, value))
            code = self._labels[axis, value] = int(cursor.lastrowid or 0)
        return code

    def _prompt(self, sha: str) -> tuple[int, int]:
        """Place of a turn's text among the words, and its characters."""
        known = self._prompts.get(sha)
        if known is None:
            known = self._database.execute("SELECT word, characters FROM prompt WHERE sha = ?", (sha,)).fetchone()
        if known is None:
            try:
                text = self._trials.text(sha)
            except StoreError:  # the page of the trial says that the text is missing
                return 0, 0
            known = (self._add_words(text), len(text))
            self._database.execute("INSERT INTO prompt VALUES (?, ?, ?)", (sha, *known))
        if len(self._prompts) >= _REMEMBERED:
            self._prompts.clear()
        self._prompts[sha] = known
        return known

    def _answer(self, text: str) -> int:
        if len(text) > _SHORT:
            return self._add_words(text)
        if text not in self._short:
            if len(self._short) >= _REMEMBERED:
                self._short.clear()
            self._short[text] = self._add_words(text)
        return self._short[text]

    def _add_words(self, text: str) -> int:
        clean = text.encode("utf-8", "replace").decode()
        return int(self._database.execute("INSERT INTO words (body) VALUES (?)", (clean,)).lastrowid or 0)

    def _add_batch(
        self, cells: np.ndarray[tuple[int], np.dtype[np.void]], turns: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> None:
        """Append to the last batch while that is small, so that a run that is followed leaves few batches."""
        last = self._database.execute(
            "SELECT number, rows, cells, turns FROM batch ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if last is not None and last[1] + len(cells) <= BATCH:
            both = (last[1] + len(cells), last[2] + cells.tobytes(), last[3] + turns.tobytes(), last[0])
            self._database.execute("UPDATE batch SET rows = ?, cells = ?, turns = ? WHERE number = ?", both)
        else:
            one = (len(cells), cells.tobytes(), turns.tobytes())
            self._database.execute("INSERT INTO batch (rows, cells, turns) VALUES (?, ?, ?)", one)

    def _keep_open(self, rows: Sequence[int]) -> None:
        """Keep which failures still count: the latest of a cell that got no answer since."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("DELETE FROM open_failure")
            self._database.executemany("INSERT INTO open_failure VALUES (?)", [(row,) for row in rows])

    def _note(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def _billed_call(call: SecondCall) -> tuple[int, int]:
    return billed_tokens(call.usage, input_characters=call.input_characters, output_characters=call.output_characters)
