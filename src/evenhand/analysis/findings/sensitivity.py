"""How far the detail that decides a scene moves its ratings: what the instrument can show with this model.

Estimand: over the twin pairs of scenes, the mean of how much higher the keyed emotion of a scene is rated there than in
its twin, where another emotion is keyed; both twins count. Rating points. Sampling unit: the twin pair. Taken without
memory where that was asked. A model whose ratings do not move by more than the margin reads nothing that memory could
change: its shifts are not assessable. docs/methods/shifts.md.
"""

from __future__ import annotations

import math

import polars as pl

from evenhand.analysis.estimators.student import quantile
from evenhand.analysis.findings.estimand import Estimand, with_number, without_number
from evenhand.analysis.table.measurements import MeasureStratum
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.contrast import ArmContrast, ArmGroup
from evenhand.records.estimate import Absent, Interval, Spread
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity

__all__ = ["FEWEST_PAIRS", "moves_enough", "sensitivity_finding", "twin_moves"]

FEWEST_PAIRS = 5
"""Twin pairs below which nothing is said."""
_TOO_FEW = f"Fewer than {FEWEST_PAIRS} twin pairs have ratings of both scenes."


def sensitivity_finding(stratum: Stratum) -> Finding | None:
    """The sensitivity of one model's ratings; None where its scenes have no twins.

    Args:
        stratum: Rows of the quantity `rating`, an `option` each.
    """
    arm: ArmGroup = "none" if stratum.arm("none").height else "profile"
    rows = stratum.arm(arm).filter(pl.col("pair").is_not_null())
    if rows.height == 0:
        return None
    moves = twin_moves(rows)
    estimand = Estimand(
        measure="sensitivity",
        arms=ArmContrast(arm=arm),
        quantity=Quantity(name="rating", scale="rating"),
        method="difference between twins, twin pairs as the sampling unit",
        tested=False,
    )
    sample = SampleSize(trials=rows["cell_key"].n_unique(), items=2 * moves.len(), profiles=rows["unit"].n_unique())
    if moves.len() < FEWEST_PAIRS:
        return without_number(estimand, stratum=stratum, sample=sample, reason=_TOO_FEW)
    mean = float(moves.to_numpy().mean())
    se = float(moves.to_numpy().std(ddof=1)) / math.sqrt(moves.len())
    confidence, df = 1 - stratum.settings.alpha, moves.len() - 1
    half = se * quantile(0.5 + confidence / 2, df=df)
    spread = Spread(low=mean - half, high=mean + half, confidence=confidence, se=se, df=df)
    return with_number(estimand, stratum=stratum, number=Interval(value=mean, spread=spread), sample=sample)


def twin_moves(rows: pl.DataFrame) -> pl.Series:
    """One number a twin pair: how much higher keyed emotions are rated in their own scene than in the twin's.

    Args:
        rows: Columns pair, item, option, keyed_option and value.
    """
    rows = rows.with_columns(pl.col("item", "keyed_option").cast(pl.String))
    means = rows.group_by("pair", "item", "option", "keyed_option").agg(pl.col("value").mean())
    own = means.filter(pl.col("option") == pl.col("keyed_option")).select("pair", "item", "option", "value")
    other = means.select("pair", "option", pl.col("item").alias("twin"), pl.col("value").alias("there"))
    met = own.join(other, on=["pair", "option"]).filter(pl.col("item") != pl.col("twin"))
    moved = met.with_columns((pl.col("value") - pl.col("there")).alias("move")).drop_nulls("move")
    both = moved.group_by("pair").agg(pl.col("move").mean(), pl.len().alias("scenes")).filter(pl.col("scenes") == 2)
    return both.sort("pair")["move"]


def moves_enough(finding: Finding, *, margin: float) -> bool:
    """Whether the ratings are shown to move with the scene by more than the margin."""
    return isinstance(finding.number, Interval) and finding.number.spread.low > margin


def unmoved_reason(finding: Finding, *, margin: float) -> str:
    """Why shifts of these ratings cannot be assessed."""
    if isinstance(finding.number, Absent):
        return finding.number.reason
    moved = f"{finding.value:+.2f}" if finding.value is not None else "nothing"
    return (
        f"The detail that decides a scene moves its ratings by {moved} points, not shown to be more than {margin:g}: "
        "ratings that do not follow the scene cannot show what memory does to reading it."
    )


def relative_note(shift: float, *, sensitivity: float, part: MeasureStratum) -> str:
    """A shift beside what the decisive detail does."""
    what = part.quantity.tag or "the keyed emotion"
    return (
        f"Memory moved the rating of {what} by {abs(shift):.2f} points where the detail that decides a scene moves a "
        f"rating by {sensitivity:.2f} ({abs(shift) / sensitivity:.0%})."
    )
