"""The first tables of rows of the calibration page: every number that the estimators give for them.

Whether a change of the code moves what a row says is seen on its first tables. As a script, with the names of rows on
standard input, this asks the tree that is on PYTHONPATH, which may be an older one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from bench import calibration
from bench.finished import Job, current, finished

__all__ = ["FirstTables", "first_jobs", "noted_numbers", "told_apart", "whole_jobs"]

_FIRST = 20
_ESTIMATORS = "/evenhand/analysis/estimators/"
_NUMBERS = ("estimate", "value", "mean", "se", "df", "low", "high", "p")
_DIGITS = 1e-7
_NOTHING = 1e-12
"""Two numbers that are no further apart are alike, however small they are."""

Numbers = list[float | None]


class FirstTables(Struct, frozen=True, kw_only=True):
    """What some code makes of the first tables of a row."""

    row: str
    """Section and name."""
    tables: int
    lines: tuple[tuple[str, ...], ...]
    """Of the page, from these tables alone."""
    numbers: tuple[float | None, ...]
    """Of every estimate, in the order in which they were made: the estimate, its standard error, degrees of freedom,
    ends and p; None stands for one that it has not."""
    own: bool = True
    """Whether the row that is kept was made by this code, or by code that agrees with it."""


def whole_jobs(*, seed: int) -> dict[str, Job]:
    """Every row of the page at its full size, by section and name."""
    sections = calibration.SECTIONS.values()
    return {f"{job.section}/{job.name}": job for one in sections for job in one.jobs(calibration.SIZE, seed)}


def first_jobs(*, seed: int) -> dict[str, Job]:
    """The same rows with 20 tables each, or a few more where their section counts otherwise."""
    found: dict[str, Job] = {}
    for section in calibration.SECTIONS.values():
        least = min(job.tables for job in section.jobs(_FIRST, seed))
        for job in section.jobs(_FIRST * -(-_FIRST // least), seed):
            found[f"{job.section}/{job.name}"] = job
    return found


@contextmanager
def noted_numbers() -> Iterator[Numbers]:
    """A list that fills with the numbers of every estimate that is made."""
    numbers: Numbers = []

    def noticed(frame: FrameType, event: str, given: Any) -> None:
        if event == "return" and isinstance(given, Struct) and _ESTIMATORS in frame.f_code.co_filename:
            fields = type(given).__struct_fields__
            if "p" in fields or ("low" in fields and "high" in fields):
                numbers.extend(chain.from_iterable(_listed(getattr(given, name, None)) for name in _NUMBERS))

    sys.setprofile(noticed)
    try:
        yield numbers
    finally:
        sys.setprofile(None)


def _listed(value: Any) -> Numbers:
    """A number, or the numbers of an array; one that is not finite is None."""
    if value is None:
        return [None]
    return [one if np.isfinite(one) else None for one in np.ravel(np.asarray(value, dtype=np.float64)).tolist()]


def told_apart(before: FirstTables, after: FirstTables) -> str | None:
    """How two codes differ on the first tables of a row, in words; None where all agrees to seven digits."""
    if not before.own:
        return "was made by still older code; name its commit"
    if (before.tables, len(before.numbers)) != (after.tables, len(after.numbers)):
        return (
            f"has {len(after.numbers)} numbers of {after.tables} tables, and had {len(before.numbers)} of "
            f"{before.tables}"
        )
    for place, (one, other) in enumerate(zip(before.numbers, after.numbers, strict=True), start=1):
        if not _alike(one, other):
            return f"has {other!r} as number {place} of {len(before.numbers)}, and had {one!r}"
    if before.lines != after.lines:
        return f"says {after.lines!r}, and said {before.lines!r}"
    return None


def _alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= max(_DIGITS * max(abs(one), abs(other)), _NOTHING)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, required=True, help="file of finished rows")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    kept, whole, first = finished(asked.kept), whole_jobs(seed=asked.seed), first_jobs(seed=asked.seed)
    for name in sys.stdin.read().splitlines():
        if name in whole:
            with noted_numbers() as numbers:
                lines = first[name].make()
            found = FirstTables(
                row=name,
                tables=first[name].tables,
                lines=lines,
                numbers=tuple(numbers),
                own=current(kept, whole[name], seed=asked.seed, fewer=True) is not None,
            )
            sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
            sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
