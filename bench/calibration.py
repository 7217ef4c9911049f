"""`make calibration`: simulate the null rate, coverage and power of the judge and write docs/methods/calibration.md.

About an hour and a half of CPU on one core at the default size. Every finished row is kept in bench/calibration.json
with its tables, its seed and the code that it was made by, so that a run can be stopped (Ctrl-C) and the same command
goes on; a row is made again when its code has changed. `--rows` makes those whose name fits, `--check` only says which
rows are missing or older than the code, and `--quick` prints rows of 60 tables and keeps nothing. Rows that a change of
the code does not move need not be made again: `python -m bench.recheck`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from bench import ceiling, middling
from bench.finished import Finished, Job, Row, current, finished, kept_with, made
from bench.rows import table

SIZE = 2000
_ROOT = Path(__file__).parent.parent
KEPT = _ROOT / "bench" / "calibration.json"
PAGE = _ROOT / "docs" / "methods" / "calibration.md"


class Section(Struct, frozen=True, kw_only=True):
    """A table of the page."""

    title: str
    header: tuple[str, ...]
    jobs: Callable[[int, int], Iterator[Job]]
    """From the number of tables and the seed to the rows in their order."""
    said: str = ""
    """What is said of the tables of this section beside their number."""


_KEPT_COVERED = ("kept", "coverage of 95% intervals, %", "kept")
SECTIONS: dict[str, Section] = {
    "rare": Section(
        title="Equivalence under rare, strong reactions: gap exactly at the margin (target at most 5.5%)",
        header=(
            "design",
            "reaction",
            "called equivalent at the margin, %",
            "kept",
            "called equivalent where there is none, %",
        ),
        jobs=ceiling.rare,
    ),
    "equivalence": Section(
        title="Equivalence: true gap exactly at the margin of 3 points (target at most 5.5% called equivalent)",
        header=("design", "data", "called equivalent, %", *_KEPT_COVERED),
        jobs=middling.equivalence,
    ),
    "memory": Section(
        title="Profile minus none, memory does nothing (target: at most 2.5 to 3% on the side of harm)",
        header=("design", "data", "p < 0.05, %", "of them on the side of harm, %", "kept", "coverage, %"),
        jobs=ceiling.memory,
    ),
    "memory-power": Section(
        title="Profile minus none, memory harms: power of the decision beside that of the first test (target 0.95 "
        "where that is valid: at most 3% of nulls called harm)",
        header=("design", "data", "first test: nulls called harm, %", "first test, %", "decision, %", "ratio", "kept"),
        jobs=ceiling.memory_power_rows,
    ),
    "placebo": Section(
        title="Profile minus placebo, memory does nothing (target 2.5 to 6%), and power",
        header=("design", "data", "p < 0.05, %", "kept", "coverage, %", "finds 0.3 in log-odds, %"),
        jobs=ceiling.placebo,
        said="The last column has a quarter of the tables.",
    ),
    "accuracies": Section(
        title="Intervals of a mean score (target 93 to 97%)",
        header=("design", "data", "coverage of 95% intervals, %", "kept"),
        jobs=ceiling.accuracies,
    ),
    "rest": Section(
        title="Items, cells, missing answers and stated power",
        header=("design", "what", "%", "kept"),
        jobs=ceiling.the_rest,
    ),
    "reports": Section(
        title="Whole reports of null respondents (target at most 6% per family)",
        header=("design", "what", "%", "kept"),
        jobs=ceiling.null_reports,
        said="A table here is a whole report.",
    ),
    "paired-near": Section(
        title="Paired test over accuracies: null rate (at most 6%), coverage (at least 93%), equivalent at the margin "
        "(at most 5.5%)",
        header=(
            "design",
            "data",
            "p < 0.05, %",
            *_KEPT_COVERED,
            "called equivalent at the margin, %",
            "kept",
            "coverage at the margin, %",
        ),
        jobs=middling.paired_near,
    ),
    "paired": Section(
        title="Paired test: null rate (target 3.5 to 6.5%) and coverage (93.5 to 96.5%)",
        header=("design", "data", "p < 0.05, %", *_KEPT_COVERED, "mean SE, points", "SD of estimates, points"),
        jobs=middling.paired,
    ),
    "small": Section(
        title="Paired test in small designs (no target; it errs on the cautious side)",
        header=("design", "data", "p < 0.05, %", "coverage of 95% intervals, %"),
        jobs=middling.small_designs,
    ),
    "power": Section(
        title="Power beside simpler tests, 30 sets x 33 items",
        header=(
            "true gap",
            "data",
            "paired test, %",
            "t over sets, %",
            "t over items, %",
            "t over pairs, %",
            "ratio",
        ),
        jobs=middling.power,
    ),
    "contrasts": Section(
        title="Level contrasts on the probability scale (null rate 3.5 to 6.5%, coverage 93.5 to 96.5%)",
        header=("design", "data", "p < 0.05, %", *_KEPT_COVERED),
        jobs=middling.contrasts,
        said="Rows over accuracies: profile SD 0.15, item slope SD 0.5; rejecting less is no fault there.",
    ),
    "pair-model": Section(
        title="Mixed model of the pairs, in log-odds (null rate 2.5 to 6%, coverage 93 to 97.5%)",
        header=("design", "data", "p < 0.05, %", *_KEPT_COVERED, "fitted, %"),
        jobs=middling.pair_models,
    ),
    "mixed": Section(
        title="Mixed model of the crossing, for description: eight null coefficients, 81 profiles x 33 items",
        header=(
            "profile SD",
            "answers per cell",
            "crossed model: p < 0.05, %",
            *_KEPT_COVERED,
            "item only, ML: p < 0.05, %",
            "item only, variational Bayes (published): p < 0.05, %",
        ),
        jobs=middling.mixed,
        said="Item-only ML has a third of the tables; variational Bayes a tenth with one answer per cell, and a "
        "fiftieth with ten.",
    ),
}


INTRODUCTION = """# Calibration of the judge

Simulated audits with a known truth; `make calibration` makes this page again. Rows that a change of the code does
not move stay: `python -m bench.recheck` makes the first 20 tables of each with the older code, from the history of
the repository, and with today's, and compares every estimate, standard error, interval and p. "±" is the Monte
Carlo standard error. Answers are Bernoulli draws with item SD 1.5 and matched-set SD 0.15 in log-odds around a
log-odds of 1. *Personas react differently*: an arm-by-set SD of 0.3; *items react differently*: an arm-by-item SD
of 0.5; *shared cells*: a set-by-item SD of 2 that both arms of a pair share. "6 of them an item": each item meets 6
of the sets. "Kept" says whether the target in the heading is met; "within error" means missed by less than two
Monte Carlo standard errors. "At most" and "at least" are 95% bounds, where none or all of the tables are hits. How
the tests work is in [paired-gaps.md](paired-gaps.md), [mixed-models.md](mixed-models.md) and
[verdicts.md](verdicts.md).

"""

CLOSING = """
---

The paired test holds its level in every kind of data, complete or sparse; t-tests that count only sets or only items
do not (paired-gaps.md has their rates). In the power table a rival is shown only where it is valid, and "ratio" is the
paired test's power over that of the best valid rival. The item-only models are the published kind: their null rate
grows with the number of answers per cell, because the profile is not a unit for them.

What misses its target, and why:

* *Small designs are not cleared.* With fewer than 45 personas, or 76 items, `equivalent` is never said at a margin of
  3 points: too many units could react without one of them being here (verdicts.md); `evenhand plan` says so. That is
  what keeps the rows of rare reactions at their target; the right-hand column shows what it costs. Where all answers
  are the same it takes 59 personas and 99 items, because no noise keeps such a sample from being cleared.
* *Stated power.* The smallest gap that is stated is found about as often as is said, from 55 to 99.5% right and in
  small designs too. A formula with fixed components was found in 69 of 100 audits at 97% and in 50 at 99.5%, where it
  said 80 (power.md). Below a power of 70%, with few items near 100%, it says up to 26 points of power too much;
  `evenhand power --gap` then says so.
* *Mean scores near the ceiling.* From 90% right on the interval of 33 items holds the truth more often than it says,
  because only a few values are possible: at 97% and temperature 0 an interval holds the truth in 98.3% of tables, or
  with one value fewer in 92.4%, and nothing lies between. At 90% the end at the edge, which is the wider of two,
  makes it 98.6 instead of 95.8%; without that end it would be 87.6% at the worst accuracy between 88 and 99.8%, and
  with that end it is 93.6%.
* *Memory near the ceiling.* With a baseline that is right on all but one of 33 items only a few values are possible,
  and the test rejects in less than 2.5% of nulls. That is the price of a baseline that is asked once.
* *Power of the memory effect.* Where the first test alone calls less than 3% of nulls harm, the larger of two
  p-values has 0.96 to 1.00 of its power. Where it calls 3.2 to 3.3% harm the ratio is 0.90 to 0.98, and at 80% right
  with a baseline asked once it calls 4.2% harm instead of 2.5, and the ratio is 0.80 and 0.90. What is lost is this
  excess, and that the exchange of answers has few values. The first test alone, wherever enough baseline answers are
  wrong, would give up that both have to agree.
* *Whole reports.* A report has two families of tests, and each is held at 5%: the confirmatory one by Holm, all
  exploratory ones together by the hierarchical false discovery rate. So up to 10% of null reports may name a
  difference somewhere, and the target is one of each family, not of the two together.
* *Cells.* Intervals that hold for all 81 cells at once are wide for a single one, and where cells do not differ, or are
  far from the ceiling, they hold in more audits than they say (intersections.md).
* *Placebo arms.* Where nothing differs at all the larger of two p-values rejects in 2 to 2.5% of nulls. The power is
  that of the placebo answers: eight arms on every item have twice the power of four, and fifteen of which an item
  meets two have no more than four have.
"""


def page(rows: dict[str, list[Row | None]], *, seed: int) -> str:
    """The page: of every section the finished rows, None standing for one that is still to be made."""
    parts = []
    for name, section in SECTIONS.items():
        there = [row for row in rows[name] if row is not None]
        lines = [(*line, f"{row.tables:,}") for row in there for line in row.lines]
        said = " ".join(one for one in (size_line(there, seed=seed), section.said, _lacking(rows[name])) if one)
        shown = f"\n\n{table((*section.header, 'tables'), lines)}" if there else ""
        parts.append(f"## {section.title}\n\n{said}{shown}\n")
    return INTRODUCTION + "\n".join(parts) + CLOSING


def size_line(rows: Sequence[Row], *, seed: int) -> str:
    """How many tables the rows of a section have, their seed, and whether older code made them."""
    if not rows:
        return ""
    said = f"Seed {seed}; at least {min(row.tables for row in rows):,} tables per row."
    agreed = min((row.agreed for row in rows if row.agreed), default=0)
    if agreed:
        older = sum(row.agreed > 0 for row in rows)
        which = "The rows were" if older == len(rows) else f"{older} of {len(rows)} rows were"
        said += (
            f" {which} made by older code; on the first {agreed} tables of each the code of today gives the same p, "
            "interval and standard error to seven digits."
        )
    return said


def _lacking(rows: Sequence[Row | None]) -> str:
    lacking = sum(row is None for row in rows)
    if lacking == 0:
        return ""
    return f"{lacking} of {len(rows)} rows are still to be made with the code of today; older figures are not shown."


def known(kept: Finished, *, tables: int, seed: int) -> dict[str, list[Row | None]]:
    """Section -> its rows in their order, at most of this size; None where there is none, or its code has changed."""
    return {
        name: [current(kept, job, seed=seed, fewer=True) for job in section.jobs(tables, seed)]
        for name, section in SECTIONS.items()
    }


def _make(jobs: Sequence[Job], *, seed: int, kept: Path | None) -> None:
    for number, job in enumerate(jobs, start=1):
        row, rule = made(job, seed=seed)
        print(f"[{number} of {len(jobs)}, {row.cpu:.0f} s CPU] {job.section}")
        for line in row.lines:
            print("  " + "  ".join(line), flush=True)
        if kept is not None:
            kept_with(kept, row, rule)


def write_page(kept: Path, *, target: Path | None, tables: int, seed: int) -> None:
    """Write the page of the finished rows; without a target only the shipped page, from the rows that it is made of."""
    if target is None and (tables, seed, kept) == (SIZE, 1, KEPT):
        target = PAGE
    if target is not None:
        target.write_text(page(known(finished(kept), tables=tables, seed=seed), seed=seed), encoding="utf-8")
        print(f"written to {target}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=SIZE, help="tables per row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", nargs="*", default=["*"], metavar="PATTERN", help="such as rare/*, or reports/97*")
    parser.add_argument("--kept", type=Path, default=KEPT, help="file of finished rows")
    parser.add_argument("--page", type=Path, default=None, help="where to write the page")
    parser.add_argument("--check", action="store_true", help="make nothing; end with 1 where a row is to be made")
    parser.add_argument("--quick", action="store_true", help="60 tables per row; prints, and keeps nothing")
    asked = parser.parse_args()
    tables = 60 if asked.quick else asked.simulations
    everything = [job for section in SECTIONS.values() for job in section.jobs(tables, asked.seed)]
    there = Finished() if asked.quick else finished(asked.kept)
    jobs = [job for job in everything if current(there, job, seed=asked.seed) is None]
    chosen = [job for job in jobs if any(fnmatchcase(f"{job.section}/{job.name}", one) for one in asked.rows)]
    print(f"{len(everything) - len(jobs)} of {len(everything)} rows are there.")
    if asked.check:
        print("\n".join(f"to be made: {job.section}/{job.name}" for job in chosen))
        return 1 if chosen else 0
    started = time.process_time()
    try:
        _make(chosen, seed=asked.seed, kept=None if asked.quick else asked.kept)
    except KeyboardInterrupt:
        print("stopped; finished rows are kept, and the same command goes on")
        return 130
    print(f"{time.process_time() - started:.0f} s CPU")
    if not asked.quick:
        write_page(asked.kept, target=asked.page, tables=tables, seed=asked.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
