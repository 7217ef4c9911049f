"""The numbers of a few seeded tables, by finding: what `test_same_numbers.py` compares, and how its file was made.

Write the file anew, where a change means to move numbers: `python -m tests.support.same_numbers`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.scores import Scores, level_column, scores_from_frame
from evenhand.records.finding import Finding
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

FILE = Path(__file__).with_name("same_numbers.jsonl")
FIELDS = ("measure", "kind", "where", "arms", "contrast", "quantity", "role")


class Kept(Struct, frozen=True, kw_only=True):
    """What is kept of a finding."""

    table: str
    name: str
    """Its fields that are no numbers."""
    verdict: str | None
    numbers: list[float | None]
    """Value, p, lower and upper end, p against the margin; then trials, items and profiles."""


def tables() -> dict[str, Scores]:
    """Complete and sparse crossings; right-or-wrong and graded scores; answers that are missing; a ceiling."""
    lossy = Respondent(
        gap=0.5, leak=0.1, missing={"none": 0.1, "advantaged": 0.05, "disadvantaged": 0.15, "crossing": 0.08}
    )
    complete = SimulatedDesign(items=13, sets=7, crossing=True, replicates=2)
    graded = simulated_scores(
        lossy, design=msgspec.structs.replace(complete, kind="management"), rng=np.random.default_rng(2)
    )
    plain = graded.frame.rename({level_column(name): name for name in graded.factors})
    partial = plain.with_columns(
        pl.selectors.categorical().cast(pl.String),
        pl.when(pl.col("score") == 0).then(0.25).otherwise("score").alias("score"),
    )
    return {
        "complete": simulated_scores(
            Respondent(gap=0.3, item_slope_sd=0.3, effects={"gender.female": -0.3}),
            design=complete,
            rng=np.random.default_rng(1),
        ),
        "graded, missing": scores_from_frame(partial, settings=graded.settings, factors=graded.factors),
        "sparse": simulated_scores(
            Respondent(gap=0.6), design=SimulatedDesign(items=24, sets=9, sets_per_item=3), rng=np.random.default_rng(3)
        ),
        "ceiling": simulated_scores(
            Respondent(easiness=6.0, item_sd=0.5, cell_sd=0.2),
            design=SimulatedDesign(items=11, sets=6, placebos=0, none_repeats=1),
            rng=np.random.default_rng(4),
        ),
    }


def kept(finding: Finding, *, table: str) -> Kept:
    """The finding's name, verdict and numbers."""
    name = msgspec.json.encode([getattr(finding, field) for field in FIELDS]).decode()
    low, high = (finding.spread.low, finding.spread.high) if finding.spread is not None else (None, None)
    tested = finding.tested
    margin = tested.equivalence.p if tested is not None and tested.equivalence is not None else None
    sample = finding.sample
    return Kept(
        table=table,
        name=name,
        verdict=None if tested is None else tested.verdict,
        numbers=[
            finding.value,
            None if tested is None else tested.p,
            low,
            high,
            margin,
            sample.trials,
            sample.items,
            sample.profiles,
        ],
    )


def found() -> list[Kept]:
    """The findings of all tables, as they are made today."""
    return [
        kept(one, table=name) for name, scores in tables().items() for one in analyse(scores, published=False).findings
    ]


def read() -> list[Kept]:
    """The findings of all tables, as they were made."""
    return [msgspec.json.decode(line, type=Kept) for line in FILE.read_bytes().splitlines()]


if __name__ == "__main__":
    FILE.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in found()))
