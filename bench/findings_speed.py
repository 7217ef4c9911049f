"""All findings of a table of one million trials: CPU time, wall time and peak memory, and how they grow.

Fifteen models, 142 arms (30 matched pairs, 81 intersectional profiles, no memory), understanding and management items,
ten replicates. The table is drawn from a stated response model, written to Parquet and analysed in a fresh process, so
that what is measured is what `evenhand analyse scores.parquet` pays. Reading the same file and grouping it with polars,
in a process of its own, is the yardstick: machines differ, their ratio hardly does.

Then a quarter and a half of the trials, twice the users and twice the items, each in a fresh process.

Run: python -m bench.findings_speed
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.scores import level_column, read_scores, scores_from_frame, write_scores
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

MODELS, PAIRS = 15, 30
ITEMS = {"understanding": 31, "management": 16}
CROSSING = 81
PART = 4
"""Models of the tables on which users and items are doubled."""
BUDGET_RATIO = 50.0
"""CPU of all findings over that of reading the table and grouping it by model, arm and item with polars."""
BUDGET_GB = 1.3
BUDGET_GROWTH = 1.1
"""CPU may grow by this factor more than the table does."""


class Cost(Struct, frozen=True, kw_only=True):
    """What the findings of one table cost."""

    trials: int
    findings: int
    gaps: int
    cpu: float
    wall: float
    gigabytes: float


def make(path: Path, *, models: int = MODELS, pairs: int = PAIRS, items: int = 1) -> None:
    """Write a table.

    Args:
        path: The Parquet file.
        models: Models in it.
        pairs: Matched pairs of users.
        items: How many times as many items there are as in `ITEMS`.
    """
    names = tuple(f"simulated/model-{n:02d}" for n in range(models))
    respondent = Respondent(gap=0.2, set_slope_sd=0.2, item_slope_sd=0.3, effects={"gender.female": -0.2}, leak=0.05)
    frames = []
    for number, (kind, count) in enumerate(ITEMS.items()):
        design = SimulatedDesign(
            models=names,
            items=items * count,
            sets=pairs,
            crossing=True,
            placebos=0,
            none_repeats=2,
            replicates=10,
            kind=kind,
        )
        scores = simulated_scores(respondent, design=design, rng=np.random.default_rng(number))
        text = pl.selectors.categorical().cast(pl.String)
        plain = scores.frame.rename({level_column(factor): factor for factor in scores.factors})
        frames.append(plain.with_columns(text).with_columns(pl.format("{}-{}", "kind", "item").alias("item")))
    whole = scores_from_frame(pl.concat(frames), settings=AnalysisSettings())
    graded = whole.frame.with_columns(
        pl.when((pl.col("kind") == "management") & (pl.col("score") == 0)).then(0.25).otherwise("score").alias("score")
    )
    write_scores(replace(whole, frame=graded), path=path)


def grouped(path: Path) -> float:
    """CPU seconds that polars needs to read the table and group it by model, arm and item; the median of five."""
    spent = []
    for _ in range(5):
        started = time.process_time()
        pl.read_parquet(path).group_by("model", "arm", "item").agg(pl.col("score").mean())
        spent.append(time.process_time() - started)
    return sorted(spent)[2]


def analysed(path: Path) -> Cost:
    """Read and analyse a table in this process."""
    wall, started = time.perf_counter(), time.process_time()
    scores = read_scores(path, settings=AnalysisSettings())
    findings = analyse(scores, published=False).findings
    return Cost(
        trials=scores.frame.height,
        findings=len(findings),
        gaps=sum(finding.measure in ("gap", "factor_gap") for finding in findings),
        cpu=time.process_time() - started,
        wall=time.perf_counter() - wall,
        gigabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    )


def alone(step: str, path: Path, *sizes: int) -> bytes:
    """What a step prints in a process of its own.

    The process that starts them makes no table itself: Linux counts the peak memory of a parent as that of its child.
    """
    command = [sys.executable, "-m", "bench.findings_speed", step, str(path), *map(str, sizes)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def cost(folder: Path, *, models: int = MODELS, pairs: int = PAIRS, items: int = 1) -> tuple[Cost, float]:
    """What the findings of a new table cost, and the yardstick."""
    path = folder / "scores.parquet"
    alone("make", path, models, pairs, items)
    return msgspec.json.decode(alone("analyse", path), type=Cost), float(alone("group", path))


def million(folder: Path) -> tuple[bool, Cost]:
    """Print what a million trials cost beside a plain group-by; whether the budgets held, and the cost."""
    found, yardstick = cost(folder)
    ratio = found.cpu / yardstick
    met = ["met" if kept else "MISSED" for kept in (ratio <= BUDGET_RATIO, found.gigabytes <= BUDGET_GB)]
    print(f"findings    {found.findings:>10,} of {found.trials:,} trials, {found.gaps:,} of them gaps")
    print(f"group-by    {yardstick:>10.2f} s CPU to read the table and group it by model, arm and item")
    print(f"CPU         {found.cpu:>10.1f} s")
    print(f"ratio       {ratio:>10.1f} x  (budget {BUDGET_RATIO:.0f}: {met[0]})")
    print(f"wall        {found.wall:>10.1f} s")
    print(f"peak memory {found.gigabytes:>10.2f} GB  (budget {BUDGET_GB} GB: {met[1]})", flush=True)
    return met == ["met", "met"], found


def growth(folder: Path, whole: Cost) -> bool:
    """Print the cost of smaller tables, of twice the users and twice the items; whether it grows with them."""
    part, _ = cost(folder, models=PART)
    half, _ = cost(folder, models=MODELS // 2)
    twice = PAIRS + (1 + 2 * PAIRS + CROSSING) // 2
    users, _ = cost(folder, models=PART, pairs=twice)
    items, _ = cost(folder, models=PART, items=2)
    held = True
    for name, found, base in (
        ("trials, 1/4 to 1/2", half, part),
        ("trials, 1/4 to all", whole, part),
        ("users x 2", users, part),
        ("items x 2", items, part),
    ):
        more, spent = found.trials / base.trials, found.cpu / base.cpu
        kept = spent <= BUDGET_GROWTH * more
        held &= kept
        print(
            f"{name:<19} {more:>5.2f} times the trials: {spent:>5.2f} times the CPU ({base.cpu:.1f} to {found.cpu:.1f} "
            f"s), {base.gigabytes:.2f} to {found.gigabytes:.2f} GB  ({'met' if kept else 'MISSED'})",
            flush=True,
        )
    return held


def main() -> bool:
    """Make the tables and measure, every step in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        held, whole = million(Path(folder))
        return growth(Path(folder), whole) and held


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", table, *sizes]:
            make(Path(table), **dict(zip(("models", "pairs", "items"), map(int, sizes), strict=True)))
        case ["group", table]:
            print(grouped(Path(table)))
        case ["analyse", table]:
            sys.stdout.buffer.write(msgspec.json.encode(analysed(Path(table))))
        case _:
            sys.exit(not main())
