"""All findings of a table of one million trials: CPU time, wall time and peak memory.

Fifteen models, 142 arms (30 matched pairs, 81 intersectional profiles, no memory), understanding and management items,
ten replicates. The table is drawn from a stated response model, written to Parquet and analysed in a fresh process, so
that what is measured is what `evenhand analyse scores.parquet` pays.

Run: python -m bench.findings_speed
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.scores import level_column, read_scores, scores_from_frame, write_scores
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

MODELS = 15
ITEMS = {"understanding": 31, "management": 16}
BUDGET_RATIO = 50.0
"""CPU of all findings over that of reading the table and grouping it by model, arm and item with polars."""
BUDGET_GB = 1.3


def make(path: Path) -> int:
    """Write the table; returns its number of rows."""
    models = tuple(f"simulated/model-{n:02d}" for n in range(MODELS))
    respondent = Respondent(gap=0.2, set_slope_sd=0.2, item_slope_sd=0.3, effects={"gender.female": -0.2}, leak=0.05)
    frames = []
    for number, (kind, items) in enumerate(ITEMS.items()):
        design = SimulatedDesign(
            models=models, items=items, sets=30, crossing=True, placebos=0, none_repeats=2, replicates=10, kind=kind
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
    return graded.height


def grouped(path: Path) -> float:
    """CPU seconds that polars needs to read the table and group it by model, arm and item; the median of five."""
    spent = []
    for _ in range(5):
        started = time.process_time()
        pl.read_parquet(path).group_by("model", "arm", "item").agg(pl.col("score").mean())
        spent.append(time.process_time() - started)
    return sorted(spent)[2]


def measure(path: Path) -> bool:
    """Read and analyse, print what it cost beside a plain group-by, and say whether the budget held."""
    yardstick = grouped(path)
    wall, started = time.perf_counter(), time.process_time()
    scores = read_scores(path, settings=AnalysisSettings())
    findings = analyse(scores, published=False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - started
    gaps = sum(finding.measure in ("gap", "factor_gap") for finding in findings.findings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    ratio = cpu / yardstick
    met = ["met" if kept else "MISSED" for kept in (ratio <= BUDGET_RATIO, peak <= BUDGET_GB)]
    print(f"findings    {len(findings.findings):>10,} of {scores.frame.height:,} trials, {gaps:,} of them gaps")
    print(f"group-by    {yardstick:>10.2f} s CPU to read the table and group it by model, arm and item")
    print(f"CPU         {cpu:>10.1f} s")
    print(f"ratio       {ratio:>10.1f} x  (budget {BUDGET_RATIO:.0f}: {met[0]})")
    print(f"wall        {wall:>10.1f} s")
    print(f"peak memory {peak:>10.2f} GB  (budget {BUDGET_GB} GB: {met[1]})")
    return ratio <= BUDGET_RATIO and peak <= BUDGET_GB


def main() -> bool:
    """Make the table and measure in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.parquet"
        make(path)
        return subprocess.run([sys.executable, "-m", "bench.findings_speed", str(path)], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(not (measure(Path(sys.argv[1])) if len(sys.argv) > 1 else main()))
