"""CPU of the binomial mixed model beside its peers, in one run: `python -m bench.judge_speed`.

Prints ratios against statsmodels' variational Bayes and (where R is installed) lme4's glmer on the same data, and the
CPU from a Parquet file of two million rows to a fitted model. Everyone gets one thread. Ends with 1 when a claim fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from scipy import special

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, fit_binomial, reference_design
from evenhand.analysis.estimators.published import item_only_bayes
from evenhand.analysis.estimators.random_terms import term

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
FACTORS = ("gender", "age", "religion", "ethnicity")
LABELS = dict.fromkeys(FACTORS, ("0", "1", "2"))
R_SCRIPT = """
suppressMessages(library(lme4))
d <- read.csv(commandArgs(TRUE)[1])
for (name in c("gender", "age", "religion", "ethnicity")) d[[name]] <- factor(d[[name]])
times <- replicate(3, {
  started <- proc.time()
  m <- suppressMessages(suppressWarnings(glmer(cbind(k, n - k) ~ gender + age + religion + ethnicity + (1 | item) +
    (1 | profile), d, family = binomial, nAGQ = 1, control = glmerControl(optimizer = "bobyqa"))))
  used <- proc.time() - started
  used[[1]] + used[[2]]
})
cat(min(times))
"""


def simulate(rng: np.random.Generator, *, items: int, replicates: int) -> pl.DataFrame:
    """Counts of 81 profiles by `items`, one row a cell."""
    profile, item = np.repeat(np.arange(81), items), np.tile(np.arange(items), 81)
    eta = 1.0 + 1.4 * rng.standard_normal(items)[item] + 0.15 * rng.standard_normal(81)[profile]
    k = rng.binomial(replicates, special.expit(eta))
    levels = {name: (profile // 3**power) % 3 for power, name in enumerate(FACTORS)}
    return pl.DataFrame({"item": item, "profile": profile, "k": k, "n": np.full(k.size, replicates), **levels})


def as_cells(frame: pl.DataFrame) -> BinomialCells:
    design, names = reference_design({name: frame[name].to_numpy() for name in FACTORS}, labels=LABELS, references={})
    return BinomialCells(
        successes=frame["k"].to_numpy().astype(float),
        trials=frame["n"].to_numpy().astype(float),
        design=design,
        names=names,
        terms=(term("item", frame["item"].to_numpy()), term("profile", frame["profile"].to_numpy())),
    )


def cpu(action: Callable[[], object], *, repeats: int) -> float:
    """Least CPU seconds of one call."""
    found = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        found.append(time.process_time() - started)
    return min(found)


def against_glmer(frame: pl.DataFrame) -> float | None:
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "cells.csv", Path(folder) / "fit.R"
        frame.write_csv(data)
        script.write_text(R_SCRIPT, encoding="utf-8")
        done = subprocess.run(["Rscript", str(script), str(data)], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def against_bayes(frame: pl.DataFrame) -> float:
    cells = as_cells(frame)
    rows = np.repeat(np.arange(frame.height), frame["n"].to_numpy())
    within = np.arange(rows.size) - np.repeat(np.cumsum(frame["n"].to_numpy()) - frame["n"].to_numpy(), frame["n"])
    answers = (within < cells.successes[rows]).astype(float)
    design, item = cells.design[rows], cells.terms[0].codes[rows]
    return cpu(lambda: item_only_bayes(answers, design=design, names=cells.names, item=item), repeats=1)


def from_parquet(rng: np.random.Generator, rows: int) -> float:
    """CPU seconds from a Parquet file of single trials, with names as text and in random order, to a fitted model."""
    frame = simulate(rng, items=33, replicates=rows // (81 * 33) + 1)
    index = rng.permutation(np.repeat(np.arange(frame.height), frame["n"].to_numpy()))[:rows]
    names = ("item", "profile", *FACTORS)
    share = (frame["k"] / frame["n"]).to_numpy()[index]
    long = frame[index].select(pl.col(name).cast(pl.String) for name in names)
    long = long.with_columns(score=pl.Series(rng.random(rows) < share).cast(pl.Float64))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.parquet"
        long.write_parquet(path)

        def fit() -> None:
            counts = pl.scan_parquet(path).group_by(names).agg(k=pl.col("score").sum(), n=pl.len()).collect()
            fit_binomial(as_cells(counts.with_columns(pl.col(name).cast(pl.Int64) for name in names)))

        return cpu(fit, repeats=1)


def measure(rng: np.random.Generator) -> bool:
    """Print every ratio; whether all claims hold."""
    held = True
    for replicates in (1, 10):
        frame = simulate(rng, items=33, replicates=replicates)
        cells = as_cells(frame)
        ours = cpu(lambda cells=cells: fit_binomial(cells), repeats=5)  # type: ignore[misc]
        print(f"81 profiles x 33 items x {replicates}: evenhand {1000 * ours:.0f} ms CPU")
        glmer = against_glmer(frame)
        if glmer is None:
            print("  glmer: R with lme4 is not installed (scripts/install-r.sh)")
        else:
            print(f"  glmer on the same cells: {glmer:.2f} s CPU, {glmer / ours:.0f} times ours (claim: 10 or more)")
            held &= glmer / ours >= 10
        bayes, rows = against_bayes(frame), 81 * 33 * replicates
        claim = " (claim: 100 or more)" if replicates == 10 else ""
        print(
            f"  statsmodels variational Bayes, {rows:,} rows: {bayes:.2f} s CPU, {bayes / ours:.0f} times ours{claim}"
        )
        held &= replicates == 1 or bayes / ours >= 100
    seconds = from_parquet(rng, 2_000_000)
    print(f"2,000,000 rows in Parquet to a fitted model: {seconds:.2f} s CPU (claim: within 5)")
    return held and seconds <= 5


def main() -> bool:
    """Measure in a process of its own that has one thread from the start."""
    command = [sys.executable, "-m", "bench.judge_speed", "--measure"]
    return subprocess.run(command, env={**os.environ, **dict.fromkeys(THREADS, "1")}, check=False).returncode == 0


if __name__ == "__main__":
    if "--measure" in sys.argv[1:]:
        sys.exit(not measure(np.random.default_rng(1)))
    sys.exit(not main())
