"""A run that pages look at: its plan, its trials as far as they are indexed, and how fast it goes on."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.errors import EvenhandError
from evenhand.rundir import TRIALS_FILE
from evenhand.store.at_work import run_at_work
from evenhand.store.reading import open_trials
from evenhand.view.changed_answers import ChangedAnswers
from evenhand.view.index_build import IndexProgress, bring_up_to_date
from evenhand.view.index_file import CELL_TYPE, BrokenIndex, discard_index, index_path
from evenhand.view.known_plan import KnownPlan
from evenhand.view.search import WordSearch, found_texts, word_search
from evenhand.view.trial_columns import Marks, TrialColumns, load_columns

__all__ = ["ANSWERED", "BEST", "CHOSE", "STATES", "WITHOUT", "FollowedRun", "RunPace", "Snapshot", "StillSearching"]

ANSWERED, CHOSE, BEST, WITHOUT = 1, 2, 4, 8
"""A trial was answered, chose an option, chose the best one, and had no memory."""
STATES = 16
_SEARCHES = 8
"""Searches whose result is kept."""
_SEARCHERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="evenhand-view-search")
"""SQLite and numpy leave Python alone while they look, so pages go on being made."""
_PACE_OVER_S = 600.0
_LEAST_S = 3.0
_AGAIN_S = 5.0
"""How long a store that could not be read is left alone."""


class Snapshot:
    """The trials of a run at one moment, with what was worked out from them.

    Args:
        columns: The trials.
        known: Their plan.
        index: The index that they were loaded from.
    """

    def __init__(self, columns: TrialColumns, known: KnownPlan, index: Path) -> None:
        self.columns, self.known = columns, known
        self.changed = ChangedAnswers(columns, known)
        self._index = index
        self._searches: OrderedDict[tuple[str, str], Future[Marks]] = OrderedDict()

    @cached_property
    def best(self) -> Marks:
        """Which trials chose the best option."""
        return self.known.best_marks(self.columns)

    @cached_property
    def item_states(self) -> NDArray[np.int64]:
        """Of every trial: `STATES` times the code of its item, and what it is, as a sum of `ANSWERED`, `CHOSE`, ...

        One count of these numbers has every number of the page of items.
        """
        columns = self.columns
        none = columns.column("arm") == columns.code("arm", "none")
        marks = ((ANSWERED, columns.column("outcome") == 0), (CHOSE, columns.column("choice") >= 0))
        states = columns.column("item").astype(np.int64) * STATES
        for value, held in (*marks, (BEST, self.best), (WITHOUT, none)):
            states += value * held
        return states

    def prepare(self) -> None:
        """Work out now what pages need, so that the first of them need not wait for it."""
        self.columns.unpack()
        _ = self.item_states, self.changed.by_memory, self.changed.by_version

    def having(self, typed: str, *, inside: str, patience_s: float | None = None) -> Marks | None:
        """Which trials have some words; None where nothing is looked for.

        Args:
            typed: The words.
            inside: Member of `INSIDE`: where they are looked for.
            patience_s: How long to wait; None: until they are found. The search goes on when the time is over.

        Raises:
            StillSearching: They were not found in that time.
            StoreError: The index cannot be read.
        """
        search = word_search(typed)
        if search is None:
            return None
        key = (search.query, inside)
        found = self._searches.get(key)
        if found is None:
            found = self._searches[key] = _SEARCHERS.submit(self._search, search, inside)
            while len(self._searches) > _SEARCHES:
                self._searches.popitem(last=False)
        try:
            return found.result(patience_s)
        except TimeoutError as error:
            raise StillSearching from error
        except EvenhandError:
            del self._searches[key]
            raise

    def _search(self, search: WordSearch, inside: str) -> Marks:
        hits = found_texts(self._index, search)
        return self.columns.with_texts(hits, answers=inside != "prompts", prompts=inside != "answers")


class StillSearching(Exception):
    """The words were not found yet; the page says so and asks again. Never leaves the server."""


class RunPace(Struct, frozen=True):
    """How far a run has come, and how fast it goes on."""

    asked: int
    """Cells asked."""
    running: bool
    """Whether a run is asking now."""
    per_second: float | None
    """Cells per second, as seen since the page was first looked at; None: not seen yet."""

    def seconds_left(self, planned: int) -> float | None:
        """How long the rest takes at this pace; None where that is not known."""
        left = planned - self.asked
        return left / self.per_second if self.running and self.per_second and left > 0 else None


class FollowedRun:
    """A run directory that pages look at.

    Args:
        path: The run directory.
        known: Its plan.
    """

    def __init__(self, path: Path, known: KnownPlan) -> None:
        self.path, self.known = path, known
        self.store = path / TRIALS_FILE
        self.index = index_path(self.store)
        self.progress: IndexProgress | None = None
        self.problem = ""
        """Why the trials cannot be shown, in a sentence."""
        self.done = threading.Event()
        """Set while the index is not being made."""
        self.done.set()
        self._snapshot: Snapshot | None = None
        self._indexed = (-1, -1)
        self._failed = 0.0
        self._seen: deque[tuple[float, int]] = deque(maxlen=400)

    @property
    def snapshot(self) -> Snapshot:
        """The trials as far as they are indexed."""
        return self._snapshot or Snapshot(_nothing(), self.known, self.index)

    def behind(self) -> bool:
        """Whether the store holds rows that the snapshot lacks."""
        if self.problem and time.monotonic() - self._failed < _AGAIN_S:
            return False
        return self._rows() != self._indexed

    def pace(self) -> RunPace:
        """How far the run has come; every look at it is one more sample of its speed."""
        trials, _ = self._rows()
        columns = self.snapshot.columns
        asked = trials + int(columns.column("failure").sum())
        running, now = run_at_work(self.store), time.monotonic()
        while self._seen and (now - self._seen[0][0] > _PACE_OVER_S or self._seen[0][1] > asked or not running):
            self._seen.popleft()
        if running and (not self._seen or now - self._seen[-1][0] >= 1.0):
            self._seen.append((now, asked))
        speed = None
        if self._seen and now - self._seen[0][0] >= _LEAST_S:
            speed = (asked - self._seen[0][1]) / (now - self._seen[0][0])
        return RunPace(asked=asked, running=running, per_second=speed)

    def catch_up(self, *, stopping: threading.Event) -> None:
        """Bring index and snapshot up to date; what goes wrong is kept in `problem`. For one thread at a time."""
        try:
            try:
                self._catch_up(stopping)
            except BrokenIndex:
                discard_index(self.index)
                self._catch_up(stopping)
            self.problem = ""
        except EvenhandError as error:
            self.problem, self._failed = str(error), time.monotonic()
        finally:
            self.progress = None
            self.done.set()

    def _catch_up(self, stopping: threading.Event) -> None:
        rows = self._rows()
        if rows == (0, 0):
            self._indexed = rows
            return
        if self._snapshot is None and self.index.is_file():
            self._load()
        loaded, took = time.monotonic(), 0.0

        def told(progress: IndexProgress) -> bool:
            nonlocal loaded, took
            self.progress = progress
            if time.monotonic() - loaded > 2.0 + 10.0 * took and progress.done < progress.total:
                before = time.monotonic()
                self._load()
                loaded = time.monotonic()
                took = loaded - before
            return not stopping.is_set()

        bring_up_to_date(self.store, told=told)
        if not stopping.is_set():
            self._load()
            self._indexed = rows

    def _load(self) -> None:
        snapshot = Snapshot(load_columns(self.index), self.known, self.index)
        snapshot.prepare()
        self._snapshot = snapshot

    def _rows(self) -> tuple[int, int]:
        """Ids of the newest rows of the store; zeros where there is none yet."""
        if not self.store.is_file():
            return (0, 0)
        with open_trials(self.store) as trials:
            return trials.last_id("trials"), trials.last_id("failures")


def _nothing() -> TrialColumns:
    return TrialColumns(np.zeros(0, dtype=CELL_TYPE), np.zeros(0, dtype=np.int64), labels={}, second={})
