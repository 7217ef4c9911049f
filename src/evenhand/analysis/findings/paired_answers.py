"""Right and wrong answers behind paired differences: how they come about, and what a design of that size can detect.

The smallest detectable gap of a standard error speaks of the variation that was found, and so of the gap that was
found. Near 100% a larger gap brings more variation with it. What is stated is the larger of that and of the gap that
answers like these need (`evenhand.analysis.estimators.answer_power`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec.structs import replace

from evenhand.analysis.estimators.answer_model import AnswerModel
from evenhand.analysis.estimators.answer_power import smallest_gap
from evenhand.analysis.estimators.answer_spread import answers_found
from evenhand.analysis.estimators.paired import PairedGap
from evenhand.analysis.estimators.power import Components, PairedDesign
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum

__all__ = ["answers_behind", "design_of", "differences_of", "with_detectable"]


def answers_behind(rows: pl.DataFrame, *, stratum: Stratum, components: Components) -> AnswerModel | None:
    """How the answers of matched pairs come about; None where scores are not right or wrong, or all alike."""
    known = rows.drop_nulls("value")
    if components.noise == 0.0 or not bool(known["value"].is_in([0.0, 1.0]).all()):
        return None
    apart = differences_of(known, stratum)["difference"].to_numpy()
    if apart.size == 0:
        return None
    items = known.group_by("item", maintain_order=True).agg(
        pl.col("value").sum().alias("right"), pl.len().alias("asked")
    )
    return answers_found(
        right=items["right"].to_numpy().astype(np.float64),
        asked=items["asked"].to_numpy().astype(np.float64),
        flips=float(np.abs(apart).mean()),
        gap=float(apart.mean()),
        components=components,
    )


def design_of(rows: pl.DataFrame) -> PairedDesign:
    """The size of the design that matched pairs come from."""
    items, sets = rows["item"].n_unique(), rows["unit"].n_unique()
    met = rows.select("unit", "item").unique().height / items
    return PairedDesign(
        items=items,
        sets=sets,
        sets_per_item=met if met < sets else None,
        replicates=rows["replicate"].n_unique(),
    )


def differences_of(rows: pl.DataFrame, stratum: Stratum, *, within: Sequence[str] = ()) -> pl.DataFrame:
    """The difference of every pair and replicate that has an answer on both sides.

    Args:
        rows: Of matched pairs.
        stratum: Names the two versions.
        within: Columns by whose values the answers of a pair are compared apart.
    """
    contrast, settings = stratum.settings.contrast, stratum.settings
    side = pl.col(level_column(contrast)).cast(pl.String)
    pairs = rows.group_by("unit", "item", "replicate", *within, maintain_order=True).agg(
        (
            pl.col("value").filter(side == settings.advantaged).mean()
            - pl.col("value").filter(side == settings.disadvantaged).mean()
        ).alias("difference")
    )
    return pairs.drop_nulls()


def with_detectable(estimate: PairedGap, rows: pl.DataFrame, *, stratum: Stratum) -> PairedGap:
    """The estimate with the smallest gap that answers like these would show; None where they can show none."""
    variances = {part.name: part.variance for part in estimate.components}
    if estimate.smallest_detectable is None or any(value is None for value in variances.values()):
        return estimate
    design = design_of(rows)
    sd = {name: math.sqrt(max(value or 0.0, 0.0)) for name, value in variances.items()}
    components = Components(
        set=sd.get("set", 0.0),
        item=sd.get("item", 0.0),
        cell=0.0,
        noise=sd.get("residual", 0.0) * math.sqrt(design.replicates),
        source="found here",
        df=estimate.df,
    )
    answers = answers_behind(rows, stratum=stratum, components=components)
    if answers is None or min(design.items, design.sets) < 2:
        return estimate
    settings = stratum.settings
    needed = smallest_gap(design, variation=answers, alpha=settings.alpha, power=settings.power)
    stated = None if needed is None else max(needed, estimate.smallest_detectable)
    return replace(estimate, smallest_detectable=stated)
