"""`python -m bench.recheck`: which rows of the calibration page a change of the code does not move.

The first 20 tables of every row that other code than today's made are made twice, some minutes of CPU in all: with the
code of the commit in which the rows last changed, which is taken from the repository's history and asked in a process
of its own, and with today's. Where all numbers agree to seven digits the row stands, and the page says so. The others
are named; `make calibration` makes them again. Each row is written down as it is seen, so that Ctrl-C loses none.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterator
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import msgspec

from bench import calibration, first_tables
from bench.finished import Finished, Job, agreeing, current, finished, kept_with, made
from bench.first_tables import FirstTables, first_jobs, noted_numbers, told_apart, whole_jobs

__all__ = ["last_made", "main", "recheck"]

_ROOT = Path(__file__).parent.parent


def last_made(kept: Path) -> str:
    """The commit in which the file of finished rows last changed: its code made them, or agreed with what did."""
    found = _git("log", "-1", "--format=%H", "--", str(kept.resolve())).decode().strip()
    if not found:
        raise SystemExit(f"{kept} is in no commit, so that its code is not known; name one with --commit.")
    return found


def recheck(kept: Path, *, commit: str, patterns: Collection[str], seed: int, say: Callable[[str], object]) -> int:
    """Compare the rows whose code has changed since a commit with what they were made by.

    Args:
        kept: File of finished rows; rows that agree are written down in it, one by one.
        commit: Where the older code is.
        patterns: Of the rows to look at, such as `rare/*`.
        seed: Root seed.
        say: Is told what was found of each row.

    Returns:
        How many rows cannot be taken for rows of today.
    """
    rows = _older(finished(kept), patterns=patterns, seed=seed)
    say(f"{len(rows)} rows were made by other code than today's; they are compared with that of {commit[:10]}")
    first, left = first_jobs(seed=seed), dict(rows)
    for before in _asked_of(commit, list(rows), kept=kept, seed=seed):
        with noted_numbers() as numbers:
            row, rule = made(first[before.row], seed=seed)
        after = FirstTables(row=before.row, tables=row.tables, lines=row.lines, numbers=tuple(numbers))
        apart = told_apart(before, after)
        if apart is None:
            job = left.pop(before.row)
            kept_with(kept, *agreeing(finished(kept), job, seed=seed, rule=rule, tables=after.tables))
        say(f"{before.row}: {apart or f'agrees on {after.tables} tables, {len(numbers)} numbers'}")
    say(f"{len(rows) - len(left)} of {len(rows)} rows agree with the code of today")
    return len(left)


def _older(kept: Finished, *, patterns: Collection[str], seed: int) -> dict[str, Job]:
    """The rows that are there and whose code has changed, at their full size."""
    there = {(row.section, row.name) for row in kept.rows if row.seed == seed}
    return {
        name: job
        for name, job in whole_jobs(seed=seed).items()
        if (job.section, job.name) in there
        and current(kept, job, seed=seed, fewer=True) is None
        and any(fnmatchcase(name, one) for one in patterns)
    }


def _asked_of(commit: str, rows: Collection[str], *, kept: Path, seed: int) -> Iterator[FirstTables]:
    """What the code of a commit makes of the rows that it knows, as it makes them."""
    if not rows:
        return
    with tempfile.TemporaryDirectory() as folder:
        with tempfile.TemporaryFile() as packed:
            packed.write(_git("archive", "--format=tar", commit, "src", "bench"))
            packed.seek(0)
            with tarfile.open(fileobj=packed) as archive:
                archive.extractall(folder, filter="data")
        asked = Path(folder, "rows.txt")
        asked.write_text("\n".join(rows), encoding="utf-8")
        then = Path(folder, "kept.json")
        then.write_bytes(kept.read_bytes())
        given = [sys.executable, "-P", first_tables.__file__, "--kept", str(then), "--seed", str(seed)]
        paths = os.pathsep.join([str(Path(folder, "src")), folder])
        with (
            asked.open("rb") as names,
            subprocess.Popen(
                given, stdin=names, stdout=subprocess.PIPE, cwd=folder, env={**os.environ, "PYTHONPATH": paths}
            ) as older,
        ):
            assert older.stdout is not None
            for line in older.stdout:
                yield msgspec.json.decode(line, type=FirstTables)
        if older.returncode:
            raise SystemExit(f"the code of {commit[:10]} ended with {older.returncode}; rows it did not make are left")


def _git(*given: str) -> bytes:
    done = subprocess.run(["git", "-C", str(_ROOT), *given], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {given[0]} failed: {done.stderr.decode().strip()}")
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", help="where the older code is; otherwise where the rows last changed")
    parser.add_argument("--rows", nargs="*", default=["*"], metavar="PATTERN", help="such as rare/*, or reports/97*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=calibration.KEPT, help="file of finished rows")
    parser.add_argument("--page", type=Path, default=None, help="where to write the page")
    asked = parser.parse_args()
    differ = recheck(
        asked.kept,
        commit=asked.commit or last_made(asked.kept),
        patterns=asked.rows,
        seed=asked.seed,
        say=partial(print, flush=True),
    )
    calibration.write_page(asked.kept, target=asked.page, tables=calibration.SIZE, seed=asked.seed)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
