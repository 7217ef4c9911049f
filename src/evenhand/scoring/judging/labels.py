"""People's ratings of some answers: a CSV with the columns `cell_key`, `criterion` and `rating`, a row a rating."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from statistics import fmean

from evenhand.errors import UsageError, near_miss
from evenhand.records.rubric import Criterion

__all__ = ["read_labels"]

_NEEDED = ("cell_key", "criterion", "rating")


def read_labels(
    path: Path, *, criteria: Collection[Criterion], cells: Collection[str]
) -> Mapping[tuple[str, str], float]:
    """(Cell key, criterion) -> mean rating over the people who rated it.

    Args:
        path: The file.
        criteria: What the judge of the run rates.
        cells: Keys of the written answers of the run.

    Raises:
        UsageError: The file cannot be read, lacks a column, or a row names another cell or criterion, or a rating that
            is not from 0 to 10.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{str(path)!r} cannot be read as CSV ({error}); save it as UTF-8 with commas") from error
    if not rows:
        raise UsageError(
            f"{str(path)!r} holds no ratings; it needs the columns {', '.join(_NEEDED)} and a row for each"
        )
    lacking = [name for name in _NEEDED if name not in rows[0]]
    if lacking:
        raise UsageError(f"{str(path)!r} lacks the column {lacking[0]!r}; it needs {', '.join(_NEEDED)}")
    names = [criterion.id for criterion in criteria]
    given: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number, row in enumerate(rows, start=2):
        where = f"{str(path)!r}, line {number}"
        cell, criterion = (row["cell_key"] or "").strip(), (row["criterion"] or "").strip()
        if cell not in cells:
            raise UsageError(f"{where}: {cell!r} is no written answer of this run; take keys from measurements.parquet")
        if criterion not in names:
            close = near_miss(criterion, names)
            raise UsageError(f"{where}: the judge rates no {criterion!r}{close}; allowed: {', '.join(names)}")
        given[cell, criterion].append(_rating(row["rating"], where=where))
    return {key: fmean(ratings) for key, ratings in given.items()}


def _rating(text: str | None, *, where: str) -> float:
    try:
        rating = float(text or "")
    except ValueError as error:
        raise UsageError(f"{where}: the rating is {text!r}; give a number from 0 to 10") from error
    if not 0.0 <= rating <= 10.0:
        raise UsageError(f"{where}: the rating is {text!r}; give a number from 0 to 10")
    return rating
