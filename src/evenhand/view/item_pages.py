"""The items of a run: how they were answered, and what people note of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.report.words import kind_label, plural
from evenhand.view.annotations import FLAGS, LONGEST_NOTE, Annotation, read_annotations
from evenhand.view.followed_run import ANSWERED, BEST, CHOSE, STATES, WITHOUT, FollowedRun, Snapshot
from evenhand.view.library import Library
from evenhand.view.render import ShownPage
from evenhand.view.run_folder import FolderEntry
from evenhand.view.run_pages import indexing
from evenhand.view.trial_filter import TrialFilter, choices, matching, read_filter
from evenhand.view.trial_pages import page_number

__all__ = ["ITEMS_A_PAGE", "ItemLine", "OptionLine", "item_page", "items_page"]

ITEMS_A_PAGE = 100
_FIELDS = ("model", "kind", "mitigation", "answer")
_STEM = 140


class ItemLine(Struct, frozen=True, kw_only=True):
    """One item in the list."""

    item: str
    kind: str
    stem: str
    asked: int
    answered: int
    best: float | None
    """Share of the chosen options that are the best one, with something in memory; None where none was chosen."""
    best_without: float | None
    """The same without memory."""
    changed: int
    """Answers with memory that differ from an own answer without."""
    note: Annotation | None


class OptionLine(Struct, frozen=True, kw_only=True):
    """One option of an item, and how often it was chosen."""

    text: str
    best: bool
    weight: float | None
    share: float | None
    """Of the options chosen with something in memory."""
    share_without: float | None
    """Without memory."""


def items_page(entry: FolderEntry, library: Library, query: Mapping[str, str]) -> ShownPage:
    """The items of a run with counts and notes.

    Raises:
        UsageError: The address asks for what the plan does not have.
        StoreError: The store, the index or the notes cannot be read.
    """
    run, number = library.run(entry.path), page_number(query)
    filter = read_filter({name: value for name, value in query.items() if name in _FIELDS}, run.known)
    noted_only = query.get("noted") == "1"
    notes = read_annotations(entry.path)
    latest = notes.latest
    lines = [line for line in _lines(run, filter, latest) if not noted_only or line.note is not None]
    start = (number - 1) * ITEMS_A_PAGE
    return ShownPage(
        template="items.html.j2",
        values={
            "title": f"Items of {entry.name}",
            "run": entry.name,
            "here": "items",
            "problems": [run.problem] if run.problem else [],
            "indexing": indexing(run),
            "live": 0 if run.done.is_set() else 2,
            "fields": [one for one in choices(filter, run.known, run.snapshot.columns) if one.name in _FIELDS],
            "filter": filter,
            "noted_only": noted_only,
            "noted": len(latest),
            "unreadable": notes.unreadable,
            "lines": lines[start : start + ITEMS_A_PAGE],
            "found": plural(len(lines), "item"),
            "number": number,
            "pages": max(1, -(-len(lines) // ITEMS_A_PAGE)),
        },
    )


def _lines(run: FollowedRun, filter: TrialFilter, latest: Mapping[str, Annotation]) -> list[ItemLine]:
    snapshot = run.snapshot
    columns, states = snapshot.columns, snapshot.item_states
    first, _ = snapshot.changed.by_memory
    if filter.asks:
        wanted = matching(filter, columns, run.known)
        states, first = states[wanted], first[wanted[first]]
    counts = np.bincount(states, minlength=STATES * (columns.most + 1)).reshape(-1, STATES)

    def counted(held: int, *, without: bool | None = None) -> NDArray[np.int64]:
        """Trials of every item that are all of `held`; only those with, or without memory, where that is said."""
        fit = [state for state in range(STATES) if state & held == held and without in (None, bool(state & WITHOUT))]
        return np.asarray(counts[:, fit].sum(axis=1))

    asked, answered = counted(0), counted(ANSWERED)
    chosen, chosen_none = counted(CHOSE, without=False), counted(CHOSE, without=True)
    best, best_none = counted(BEST, without=False), counted(BEST, without=True)
    changed = np.bincount(columns.column("item")[first], minlength=columns.most + 1)
    lines = []
    for name, found in run.known.items.items():
        code = columns.code("item", name)
        if code < 0 or not asked[code]:
            continue
        keyed = bool(found.key)
        lines.append(
            ItemLine(
                item=name,
                kind=found.kind,
                stem=found.stem if len(found.stem) <= _STEM else f"{found.stem[: _STEM - 1].rstrip()}…",
                asked=int(asked[code]),
                answered=int(answered[code]),
                best=_share(best[code], chosen[code]) if keyed else None,
                best_without=_share(best_none[code], chosen_none[code]) if keyed else None,
                changed=int(changed[code]),
                note=latest.get(name),
            )
        )
    return lines


def _share(part: int, whole: int) -> float | None:
    return float(part) / float(whole) if whole else None


def item_page(entry: FolderEntry, library: Library, name: str, *, token: str, kept: bool) -> ShownPage | None:
    """One item with its options, its notes and the form for a new one; None where the plan has no such item.

    Args:
        entry: The run.
        library: The folder.
        name: Item id.
        token: What the form must send back.
        kept: Whether a note was kept just now.

    Raises:
        StoreError: The store, the index or the notes cannot be read.
    """
    run = library.run(entry.path)
    found = run.known.items.get(name)
    if found is None:
        return None
    notes = read_annotations(entry.path)
    latest = notes.latest.get(name)
    return ShownPage(
        template="item.html.j2",
        values={
            "title": f"Item {name}",
            "run": entry.name,
            "here": "items",
            "live": 0,
            "item": found,
            "kind": kind_label(found.kind),
            "options": _options(run.snapshot, name),
            "trials": TrialFilter(item=name),
            "closed": name in run.known.closed,
            "flags": FLAGS,
            "latest": latest,
            "history": tuple(reversed(notes.of(name))),
            "longest": LONGEST_NOTE,
            "token": token,
            "kept": kept,
        },
    )


def _options(snapshot: Snapshot, name: str) -> list[OptionLine]:
    columns, found = snapshot.columns, snapshot.known.items[name]
    own = (columns.column("item") == columns.code("item", name)) & (columns.column("choice") >= 0)
    none = columns.column("arm") == columns.code("arm", "none")
    choice = columns.column("choice")
    sums = [int(np.count_nonzero(own & side)) for side in (~none, none)]
    lines = []
    for option in found.options:
        mine = own & (choice == columns.code("choice", option.id))
        shares = [
            _share(int(np.count_nonzero(mine & side)), total) for side, total in zip((~none, none), sums, strict=True)
        ]
        lines.append(
            OptionLine(
                text=option.text,
                best=option.id == found.key,
                weight=option.weight,
                share=shares[0],
                share_without=shares[1],
            )
        )
    return lines
