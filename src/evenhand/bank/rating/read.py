"""Ratings from files, whatever made them: tables, Label Studio, Potato."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from evenhand.bank.rating.cells import Cells, known_items, rating_of
from evenhand.bank.rating.label_studio import read_label_studio
from evenhand.bank.rating.potato import read_potato
from evenhand.bank.rating.table import read_table
from evenhand.errors import BankError
from evenhand.records.item import Bank
from evenhand.records.rating import Rating

__all__ = ["read_ratings"]


def read_ratings(paths: Sequence[Path], *, bank: Bank) -> tuple[Rating, ...]:
    """Ratings by one or several raters: tables (.csv, .jsonl), exports of Label Studio (.json), folders of Potato.

    Where a file holds several judgements of an item by a rater, the last counts: the terminal form adds a row when a
    rater goes back.

    Raises:
        BankError: Naming file and place: an unknown item, a judgement that is none of what is allowed, an item that a
            rater judged in two files; or no judgement at all.
    """
    items = known_items(bank)
    ratings: dict[tuple[str, str], Rating] = {}
    for path in paths:
        in_file: dict[tuple[str, str], Rating] = {}
        for cells in _cells(path):
            rating = rating_of(cells, items=items, bank=bank.name)
            if rating is None:
                continue
            if (rating.rater, rating.item) in ratings:
                raise cells.place.problem(
                    f"rater {rating.rater!r} judged item {rating.item!r} in another file too; keep one, or give the "
                    "raters different names"
                )
            in_file[rating.rater, rating.item] = rating
        ratings |= in_file
    if not ratings:
        raise BankError(
            f"no judgements in {', '.join(repr(str(path)) for path in paths) or 'no files'}; "
            "fill in the columns of the questions"
        )
    return tuple(ratings.values())


def _cells(path: Path) -> Iterator[Cells]:
    if path.is_dir():
        return read_potato(path)
    if path.suffix.lower() == ".json":
        return read_label_studio(path)
    return read_table(path)
