"""The trials of a run that are asked for, page by page, and one trial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.errors import UsageError
from evenhand.report.numbers import count
from evenhand.report.words import plural
from evenhand.store.reading import StoreTable, open_trials
from evenhand.view.followed_run import Snapshot, StillSearching
from evenhand.view.library import Library
from evenhand.view.render import ShownPage
from evenhand.view.run_folder import FolderEntry
from evenhand.view.run_pages import indexing
from evenhand.view.search import word_search
from evenhand.view.shown_trial import TrialLine, part_of, trial_line, trial_shown
from evenhand.view.trial_columns import TrialColumns
from evenhand.view.trial_filter import INSIDE, TrialFilter, choices, matching, read_filter

__all__ = ["TRIALS_A_PAGE", "page_number", "table_and_row", "trial_page", "trial_text", "trials_page", "wanted_places"]

Places = NDArray[np.int64]
TRIALS_A_PAGE = 50
_PATIENCE_S = 0.08
"""How long a page waits for a search; it says so then, and asks again."""
_LARGEST_PAGE = 1_000_000_000


def page_number(query: Mapping[str, str]) -> int:
    """The page that an address asks for, from 1.

    Raises:
        UsageError: It is no such number.
    """
    text = query.get("page", "1")
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 1 <= int(text) <= _LARGEST_PAGE):
        raise UsageError(f"there is no page {text[:80]!r}; allowed are whole numbers from 1")
    return int(text)


def wanted_places(filter: TrialFilter, snapshot: Snapshot, *, patience_s: float | None = None) -> Places:
    """Places of the trials that are asked for, in the order of the store.

    Args:
        filter: What is asked for.
        snapshot: The trials.
        patience_s: How long words may be looked for; None: until they are found.

    Raises:
        StillSearching: They were not found in that time.
        UsageError: The words that are looked for hold no letter and no digit.
    """
    if filter.q and word_search(filter.q) is None:
        raise UsageError(f"there is no word in the search {filter.q[:80]!r}; type letters or digits")
    found = snapshot.having(filter.q, inside=filter.inside, patience_s=patience_s)
    marks = matching(filter, snapshot.columns, snapshot.known, found=found)
    return np.flatnonzero(marks).astype(np.int64)


def table_and_row(columns: TrialColumns, place: int) -> tuple[StoreTable, int]:
    """Where the store holds a trial."""
    failure = bool(columns.column("failure")[place])
    return "failures" if failure else "trials", int(columns.column("id")[place])


def trials_page(entry: FolderEntry, library: Library, query: Mapping[str, str]) -> ShownPage:
    """The trials that an address asks for.

    Raises:
        UsageError: The address asks for what the plan does not have.
        StoreError: The store or the index cannot be read.
    """
    run = library.run(entry.path)
    snapshot, number = run.snapshot, page_number(query)
    filter = read_filter(query, run.known)
    try:
        places, searching = wanted_places(filter, snapshot, patience_s=_PATIENCE_S), False
    except StillSearching:
        places, searching = np.zeros(0, dtype=np.int64), True
    start = (number - 1) * TRIALS_A_PAGE
    chosen = np.zeros(len(snapshot.columns), dtype=bool)
    chosen[places] = True
    outcomes = {name: times for name, times in snapshot.columns.outcomes(chosen).items() if times}
    return ShownPage(
        template="trials.html.j2",
        values={
            "title": f"Trials of {entry.name}",
            "run": entry.name,
            "here": "trials",
            "problems": [run.problem] if run.problem else [],
            "indexing": indexing(run),
            "searching": searching,
            "live": 1 if searching else 0 if run.done.is_set() else 2,
            "fields": choices(filter, run.known, snapshot.columns),
            "filter": filter,
            "inside": INSIDE,
            "lines": _lines(run.store, snapshot, places[start : start + TRIALS_A_PAGE], filter),
            "total": len(places),
            "found": plural(len(places), "trial"),
            "outcomes": ", ".join(f"{count(times)} {name}" for name, times in outcomes.items()),
            "number": number,
            "pages": max(1, -(-len(places) // TRIALS_A_PAGE)),
            "several_models": len(run.known.plan.models) > 1,
        },
    )


def _lines(store: Path, snapshot: Snapshot, places: Places, filter: TrialFilter) -> list[TrialLine]:
    search = word_search(filter.q) if filter.inside != "prompts" else None
    lines: list[TrialLine] = []
    if not len(places):
        return lines
    with open_trials(store) as trials:
        for place in places:
            stored = trials.at(*table_and_row(snapshot.columns, int(place)))
            if stored is not None:
                lines.append(trial_line(stored, snapshot.known, search=search))
    return lines


def trial_page(entry: FolderEntry, library: Library, key: str) -> ShownPage | None:
    """One trial; None where the store holds no such cell.

    Raises:
        StoreError: The store cannot be read.
    """
    run = library.run(entry.path)
    if not run.store.is_file():
        return None
    with open_trials(run.store) as trials:
        stored = trials.latest(key)
        if stored is None:
            return None
        shown = trial_shown(stored, run.known, trials)
    return ShownPage(
        template="trial.html.j2",
        values={
            "title": f"{shown.line.item}, {shown.line.who}",
            "run": entry.name,
            "here": "trials",
            "live": 0,
            "shown": shown,
            "item": run.known.items.get(shown.line.item),
            "others": TrialFilter(item=shown.line.item),
            "users": TrialFilter(arm=shown.line.arm),
        },
    )


def trial_text(entry: FolderEntry, library: Library, key: str, part: str) -> str | None:
    """One text of a trial, whole; None where there is none.

    Raises:
        StoreError: The store cannot be read.
    """
    run = library.run(entry.path)
    if not run.store.is_file():
        return None
    with open_trials(run.store) as trials:
        stored = trials.latest(key)
        return None if stored is None else part_of(stored, trials, part)
