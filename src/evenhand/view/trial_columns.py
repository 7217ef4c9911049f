"""The trials of a run as columns in memory: what filters count, pages list and pairs are found in."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from evenhand.records.condition import Condition
from evenhand.records.trial import OUTCOMES, OutcomeName
from evenhand.view.index_file import CELL_TYPE, indexed

__all__ = ["Marks", "TrialColumns", "load_columns"]

Ints = NDArray[np.int64]
Marks = NDArray[np.bool_]
"""One truth value per trial."""


class TrialColumns:
    """Every cell of a run that was asked, once, in the order of the store; failures without a later answer come last.

    Args:
        cells: One row of `CELL_TYPE` per trial.
        turns: Places of the turns' texts in the index, trial after trial.
        labels: Code -> (axis, value).
        second: Second model -> (tokens read, tokens written).
    """

    def __init__(
        self,
        cells: NDArray[Any],
        turns: Ints,
        *,
        labels: Mapping[int, tuple[str, str]],
        second: Mapping[str, tuple[int, int]],
    ) -> None:
        self._cells = cells
        self._turns = turns
        self.labels = labels
        self.second = second
        self.codes = {(axis, value): code for code, (axis, value) in labels.items()}
        self._columns: dict[str, NDArray[Any]] = {}

    def __len__(self) -> int:
        return len(self._cells)

    def column(self, name: str) -> NDArray[Any]:
        """One field of `CELL_TYPE`."""
        if name not in self._columns:
            self._columns[name] = np.ascontiguousarray(self._cells[name])
        return self._columns[name]

    def unpack(self) -> None:
        """Lay out every field by itself now, which takes a moment for a million trials."""
        for name in CELL_TYPE.names or ():
            self.column(name)

    def code(self, axis: str, value: str) -> int:
        """The code of a value; -2, which nothing has, where no trial has the value."""
        return self.codes.get((axis, value), -2)

    def label(self, code: int) -> str:
        """The value behind a code; empty for -1."""
        return self.labels[code][1] if code >= 0 else ""

    def values(self, axis: str) -> dict[int, str]:
        """Code -> value of one axis."""
        return {code: value for code, (own, value) in self.labels.items() if own == axis}

    def having(self, axis: str, wanted: set[str] | frozenset[str]) -> Marks:
        """Which trials have one of these values."""
        held = np.zeros(self.most + 2, dtype=bool)
        held[[code for code, value in self.values(axis).items() if value in wanted]] = True
        return np.asarray(held[self.column(axis)])

    @property
    def most(self) -> int:
        """The largest code."""
        return max(self.labels, default=0)

    @cached_property
    def conditions(self) -> dict[int, Condition]:
        """Code -> how memory was shown."""
        return {code: msgspec.json.decode(value, type=Condition) for code, value in self.values("condition").items()}

    def outcomes(self, chosen: Marks | None = None) -> dict[OutcomeName, int]:
        """How many trials ended how."""
        column = self.column("outcome") if chosen is None else self.column("outcome")[chosen]
        counts = np.bincount(column, minlength=len(OUTCOMES))
        return {name: int(counts[place]) for place, name in enumerate(OUTCOMES)}

    def with_texts(self, hits: Ints, *, answers: bool, prompts: bool) -> Marks:
        """Which trials have one of these texts as their answer or among their turns."""
        largest = max(int(self.column("answer").max(initial=0)), int(self._turns.max(initial=0)))
        hit = np.zeros(largest + 1, dtype=bool)
        hit[hits[(hits > 0) & (hits <= largest)]] = True
        found = np.zeros(len(self), dtype=bool)
        if answers:
            found |= hit[self.column("answer")]
        if prompts and len(self):
            counts = self.column("turns")
            ends = np.cumsum(counts)
            before = np.concatenate(([0], np.cumsum(hit[self._turns])))
            found |= before[ends] > before[ends - counts]
        return found

    def place_of(self, row: int, *, failure: bool) -> int | None:
        """Place of a row of the store among the trials; None where it is not there."""
        ids, flags = self.column("id"), self.column("failure")
        found = np.flatnonzero((ids == row) & (flags == int(failure)))
        return int(found[0]) if len(found) else None


def load_columns(path: Path) -> TrialColumns:
    """The columns as the index at `path` holds them.

    Raises:
        StoreError: It cannot be read.
    """
    with indexed(path) as database:
        database.execute("BEGIN")
        batches = database.execute("SELECT cells, turns FROM batch ORDER BY number").fetchall()
        labels = {
            int(code): (str(axis), str(value)) for code, axis, value in _all(database, "code, axis, value", "label")
        }
        second = {
            str(model): (int(read), int(out)) for model, read, out in _all(database, "model, read, written", "second")
        }
        standing = np.asarray([row for (row,) in _all(database, "id", "open_failure")], dtype=np.int64)
        database.execute("COMMIT")
    cells = np.frombuffer(b"".join(cells for cells, _ in batches), dtype=CELL_TYPE)
    turns = np.frombuffer(b"".join(turns for _, turns in batches), dtype="<i8")
    if cells["failure"].any():
        cells, turns = _standing(cells, turns, standing)
    return TrialColumns(cells, turns, labels=labels, second=second)


def _all(database: sqlite3.Connection, columns: str, table: str) -> list[tuple[Any, ...]]:
    return database.execute(f"SELECT {columns} FROM {table}").fetchall()


def _standing(cells: NDArray[Any], turns: Ints, standing: Ints) -> tuple[NDArray[Any], Ints]:
    """Without failures that were made good, or that a later failure replaced; answers first."""
    kept = (cells["failure"] == 0) | np.isin(cells["id"], standing)
    order = np.concatenate(
        (np.flatnonzero(kept & (cells["failure"] == 0)), np.flatnonzero(kept & (cells["failure"] == 1)))
    )
    ends = np.cumsum(cells["turns"])
    pieces = [turns[ends[place] - cells["turns"][place] : ends[place]] for place in order]
    return cells[order], np.concatenate(pieces) if pieces else turns[:0]
