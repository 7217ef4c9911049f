"""Answers that differ: lists of pairs, and two trials side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from msgspec import Struct

from evenhand.errors import UsageError, near_miss
from evenhand.report.words import plural
from evenhand.store.reading import open_trials
from evenhand.view.changed_answers import TrialPair
from evenhand.view.differences import marked_differences
from evenhand.view.followed_run import FollowedRun
from evenhand.view.library import Library
from evenhand.view.render import ShownPage
from evenhand.view.run_folder import FolderEntry
from evenhand.view.run_pages import indexing
from evenhand.view.search import Piece
from evenhand.view.shown_trial import TrialLine, TrialShown, trial_line, trial_shown
from evenhand.view.trial_filter import TrialFilter, choices, matching, read_filter
from evenhand.view.trial_pages import page_number, table_and_row

__all__ = ["PAIRS_A_PAGE", "PairList", "pair_page", "pairs_page"]

PAIRS_A_PAGE = 25
PairList = Literal["memory", "version", "two"]
"""`memory`: changed against no memory. `version`: the two versions of one user. `two`: any two users."""
_LISTS: tuple[PairList, ...] = get_args(PairList)
_FIELDS = ("model", "kind", "group", "item", "placement", "cue", "reader", "mitigation", "answer")


class PairLine(Struct, frozen=True, kw_only=True):
    """Two trials in a list."""

    first: TrialLine
    second: TrialLine
    same: bool


class DifferingText(Struct, frozen=True, kw_only=True):
    """A text of both sides, with what differs marked."""

    name: str
    first: tuple[Piece, ...]
    second: tuple[Piece, ...]


def pairs_page(entry: FolderEntry, library: Library, query: Mapping[str, str]) -> ShownPage:
    """Pairs of trials that an address asks for.

    Raises:
        UsageError: The address asks for what the plan does not have.
        StoreError: The store or the index cannot be read.
    """
    run, number = library.run(entry.path), page_number(query)
    shown = _list_of(query)
    filter = read_filter({name: value for name, value in query.items() if name in _FIELDS}, run.known)
    first, second = (_arm(query.get(side, ""), run) for side in ("first", "second"))
    start = (number - 1) * PAIRS_A_PAGE
    page = slice(start, start + PAIRS_A_PAGE)
    found = _found(run, shown, filter, arms=(first, second), page=page)
    arms = sorted(run.snapshot.columns.values("arm").values())
    return ShownPage(
        template="pairs.html.j2",
        values={
            "title": f"Pairs of {entry.name}",
            "run": entry.name,
            "here": "pairs",
            "problems": [run.problem] if run.problem else [],
            "indexing": indexing(run),
            "live": 0 if run.done.is_set() else 2,
            "shown": shown,
            "fields": [one for one in choices(filter, run.known, run.snapshot.columns) if one.name in _FIELDS],
            "filter": filter,
            "first": first,
            "second": second,
            "arms": [(arm, run.known.who(arm)) for arm in arms[:400]],
            "ready": shown != "two" or bool(filter.item and first and second),
            "lines": _lines(run, found.page),
            "total": found.total,
            "found": plural(found.total, "pair"),
            "differing": found.differing,
            "number": number,
            "pages": max(1, -(-found.total // PAIRS_A_PAGE)),
        },
    )


def _list_of(query: Mapping[str, str]) -> PairList:
    given = query.get("show", "memory")
    for one in _LISTS:
        if one == given:
            return one
    raise UsageError(f"there is no list {given[:80]!r}{near_miss(given[:80], _LISTS)}; allowed: {', '.join(_LISTS)}")


def _arm(given: str, run: FollowedRun) -> str:
    if given and given not in run.known.arms and given != "item_fact":
        raise UsageError(
            f"there is no user {given[:80]!r}{near_miss(given[:80], run.known.arms)}; take one from the list"
        )
    return given


class _FoundPairs(Struct, frozen=True, kw_only=True):
    """The pairs of a list, and those of one page."""

    total: int
    differing: int
    page: list[TrialPair]


def _found(
    run: FollowedRun, shown: PairList, filter: TrialFilter, *, arms: tuple[str, str], page: slice
) -> _FoundPairs:
    snapshot = run.snapshot
    wanted = matching(filter, snapshot.columns, run.known)
    if shown == "two":
        pairs = snapshot.changed.between(filter.item, *arms, wanted=wanted) if filter.item and all(arms) else []
        return _FoundPairs(total=len(pairs), differing=sum(not pair.same for pair in pairs), page=pairs[page])
    first, second = snapshot.changed.by_memory if shown == "memory" else snapshot.changed.by_version
    kept = np.flatnonzero(wanted[first] | wanted[second]) if shown == "version" else np.flatnonzero(wanted[first])
    pairs = [TrialPair(int(first[place]), int(second[place]), same=False) for place in kept[page]]
    return _FoundPairs(total=len(kept), differing=len(kept), page=pairs)


def _lines(run: FollowedRun, pairs: list[TrialPair]) -> list[PairLine]:
    if not pairs:
        return []
    columns, lines = run.snapshot.columns, []
    with open_trials(run.store) as trials:
        for pair in pairs:
            sides = [trials.at(*table_and_row(columns, place)) for place in (pair.first, pair.second)]
            if sides[0] is not None and sides[1] is not None:
                first, second = trial_line(sides[0], run.known), trial_line(sides[1], run.known)
                lines.append(PairLine(first=first, second=second, same=pair.same))
    return lines


def pair_page(entry: FolderEntry, library: Library, query: Mapping[str, str]) -> ShownPage | None:
    """Two trials side by side, differences marked; None where the store lacks one of them.

    Raises:
        StoreError: The store cannot be read.
    """
    run = library.run(entry.path)
    if not run.store.is_file():
        return None
    with open_trials(run.store) as trials:
        stored = [trials.latest(query.get(side, "")) for side in ("first", "second")]
        if stored[0] is None or stored[1] is None:
            return None
        first, second = (trial_shown(one, run.known, trials) for one in stored if one is not None)
    return ShownPage(
        template="pair.html.j2",
        values={
            "title": "Two answers side by side",
            "run": entry.name,
            "here": "pairs",
            "live": 0,
            "sides": (first, second),
            "item": run.known.items.get(first.line.item),
            "same_item": first.line.item == second.line.item,
            "facts": tuple(_own_facts(one, other) for one, other in ((first, second), (second, first))),
            "texts": _texts(first, second),
        },
    )


def _own_facts(one: TrialShown, other: TrialShown) -> tuple[Piece, ...]:
    """What is in memory on one side; marked where the other side lacks it."""
    return tuple(Piece(fact, marked=fact not in other.facts) for fact in one.facts)


def _texts(first: TrialShown, second: TrialShown) -> list[DifferingText]:
    """The answers, then what was sent, turn by turn; turns are matched by their number."""
    found = []
    for name, ones, twos in (("Answer", first.replies, second.replies), ("Sent", first.turns, second.turns)):
        for place in range(max(len(ones), len(twos))):
            one, two = (side[place] if place < len(side) else None for side in (ones, twos))
            role = one.role if one is not None else two.role if two is not None else ""
            marked = marked_differences(one.text if one is not None else "", two.text if two is not None else "")
            title = role.capitalize() if name == "Answer" else f"{name}, {role}"
            found.append(DifferingText(name=title, first=marked[0], second=marked[1]))
    return found
