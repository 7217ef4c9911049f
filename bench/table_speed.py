"""A plain table of predictions, from the file to the report: CPU time and peak memory of `evenhand analyse`.

Two tables are drawn from a stated response model and written as CSV: 2,000 users by 20 items, and 10,000 users by 200
items. Each is analysed by the command line in a process of its own, so that what is measured is what a user pays,
loading of the libraries included. A third table, of 500 users, shows how the cost grows. On a machine that is slower or
busy, a second of a budget counts for as much more as a start of the command line that loads nothing costs more there.

Run: python -m bench.table_speed
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

SIZES = ((500, 20), (2_000, 20), (10_000, 200))
BUDGETS = {(2_000, 20): (5.0, 2.0), (10_000, 200): (60.0, 2.0)}
"""Users and items -> seconds of CPU and gigabytes at most."""
START_S = 0.29
"""CPU of `evenhand --version` on the machine of the budgets."""
COLUMNS = ("--item", "item", "--profile", "user", "--correct", "ok", "--factors", "gender,age")


def make(path: Path, *, users: int, items: int) -> None:
    """Write a table with two factors between users."""
    rng = np.random.default_rng(users)
    user, item = np.repeat(np.arange(users), items), np.tile(np.arange(items), users)
    eta = 0.8 + rng.standard_normal(items)[item] + 0.5 * rng.standard_normal(users)[user] - 0.2 * (user % 2)
    pl.DataFrame(
        {
            "item": pl.Series(item).cast(pl.String),
            "user": pl.Series(user).cast(pl.String),
            "gender": np.array(["female", "male"])[user % 2],
            "age": np.array(["18-33", "34-65", "65+"])[user // 2 % 3],
            "ok": (rng.random(eta.size) < 1 / (1 + np.exp(-eta))).astype(int),
        }
    ).write_csv(path)


def analysed(path: Path) -> tuple[float, float, float]:
    """(CPU seconds, wall seconds, peak gigabytes) of the command on a table."""
    return ended("analyse", str(path), *COLUMNS, "--out", str(path.with_suffix("")))


def ended(*arguments: str) -> tuple[float, float, float]:
    """(CPU seconds, wall seconds, peak gigabytes) of a command.

    Raises:
        RuntimeError: It did not end well.
    """
    began = time.perf_counter()
    command = [sys.executable, "-m", "evenhand.cli.main", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, cost = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"`evenhand {arguments[0]}` ended with {os.waitstatus_to_exitcode(status)}")
    return cost.ru_utime + cost.ru_stime, time.perf_counter() - began, cost.ru_maxrss / 1024**2


def main() -> bool:
    """Make the tables, print what each costs, and say whether every budget held."""
    held = True
    start = sorted(ended("--version")[0] for _ in range(5))[2]
    slower = max(1.0, start / START_S)
    print(f"a light start costs {start:.2f} s CPU: budgets count {slower:.1f} times")
    with tempfile.TemporaryDirectory() as folder:
        for users, items in SIZES:
            path = Path(folder) / f"{users}x{items}.csv"
            make(path, users=users, items=items)
            cpu, wall, peak = analysed(path)
            line = f"{users:>6,} users x {items:>3} items  {cpu:>6.1f} s CPU {wall:>6.1f} s wall {peak:>5.2f} GB"
            if (users, items) in BUDGETS:
                seconds, gigabytes = BUDGETS[users, items]
                met = cpu <= seconds * slower and peak <= gigabytes
                held = held and met
                line += f"  (budget {seconds:.0f} s CPU, {gigabytes:.0f} GB: {'met' if met else 'MISSED'})"
            print(line, flush=True)
    return held


if __name__ == "__main__":
    sys.exit(not main())
