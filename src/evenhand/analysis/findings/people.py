"""Shifts of a judge's ratings, corrected by the ratings that people gave to some of the same answers."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from msgspec.structs import replace
from numpy.typing import NDArray

from evenhand.analysis.estimators.equivalence import tost_p
from evenhand.analysis.estimators.prediction_powered import FEWEST_RATED, Rectifier, corrected, rectifier
from evenhand.analysis.table.measurements import MeasureStratum
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.estimate import Spread, Tested
from evenhand.records.finding import Finding

__all__ = ["corrected_by_people"]

_ROUNDING = 1e-9
"""By how much two ways to the same p may differ."""
_ALONE = "Not corrected: people rated fewer than {fewest} answers on one of the sides ({plus} and {minus})."


def corrected_by_people(shift: Finding, *, judged: MeasureStratum, people: pl.DataFrame) -> Finding:
    """The shift with its estimate, interval, p and margin test corrected; the method and a note say so.

    Args:
        shift: A shift of a judge's ratings.
        judged: The judge's ratings.
        people: Ratings by people, columns `cell_key` and `people`, one row per answer.
    """
    number = shift.number
    if not isinstance(number, Tested) or number.spread is None or number.spread.se is None:
        return shift
    sides = _sides(shift, judged.stratum)
    if sides is None:
        return replace(
            shift, notes=(*shift.notes, "Not corrected by people's ratings: levels are adjusted for others.")
        )
    plus, minus = (_rectifier(side, people) for side in sides)
    if min(plus.rated, minus.rated) < FEWEST_RATED:
        note = _ALONE.format(fewest=FEWEST_RATED, plus=plus.rated, minus=minus.rated)
        return replace(shift, notes=(*shift.notes, note))
    moved = corrected(
        number.value,
        se=number.spread.se,
        df=number.spread.df,
        plus=plus,
        minus=minus,
        confidence=number.spread.confidence,
    )
    spread = Spread(low=moved.low, high=moved.high, confidence=number.spread.confidence, se=moved.se, df=moved.df)
    margin = number.equivalence
    if margin is not None:
        df = moved.df if math.isfinite(moved.df) else None
        beyond = float(abs(moved.value) >= margin.margin)
        seen = tost_p(moved.value, se=moved.se, df=df, margin=margin.margin) if moved.se > 0 else beyond
        # Units that are not in the sample are not among those that people rated either.
        ruled = margin.p_seen is not None and margin.p > margin.p_seen * (1 + _ROUNDING)
        absent = margin.p if ruled else 0.0
        margin = replace(margin, p=max(seen, absent), p_seen=seen, alike=False)
    note = (
        f"Corrected by prediction-powered inference with {plus.rated + minus.rated} answers that people rated: the "
        f"judge alone gives {number.value:+.2f}, people differ from it by {plus.mean:+.2f} and {minus.mean:+.2f} on "
        "the two sides. The interval holds the error of both."
    )
    return replace(
        shift,
        number=replace(
            number,
            value=moved.value,
            p=moved.p,
            spread=spread,
            equivalence=margin,
            bounds=None,
            smallest_detectable=None,
        ),
        method=f"{shift.method}, corrected by people's ratings (prediction-powered inference)",
        notes=(*shift.notes, note),
    )


def _sides(shift: Finding, stratum: Stratum) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Rows of the plus and of the minus side; None where a contrast is not of whole arms."""
    cue = shift.where.cue
    match (shift.arms.arm, shift.arms.baseline):
        case ("pairs", _):
            rows, settings = stratum.paired(cue), stratum.settings
            held = pl.col(level_column(settings.contrast)).cast(pl.String)
            return rows.filter(held == settings.advantaged), rows.filter(held == settings.disadvantaged)
        case ("profile", "none" | "placebo" as baseline):
            return stratum.profiles(cue), stratum.arm(baseline)
        case ("placebo", "none"):
            return stratum.arm("placebo"), stratum.arm("none")
        case _:
            return None


def _rectifier(rows: pl.DataFrame, people: pl.DataFrame) -> Rectifier:
    both = rows.join(people, on="cell_key", how="inner").filter(pl.col("value").is_not_null())
    given: NDArray[np.float64] = both["people"].to_numpy()
    return rectifier(given, both["value"].to_numpy())
