"""How the answers of a run vary: what the next design is planned with."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import polars as pl
from msgspec.structs import replace
from numpy.typing import NDArray

from evenhand.analysis.estimators.answer_model import ASSUMED_ANSWERS, AnswerModel
from evenhand.analysis.estimators.answer_power import Variation, gap_curve
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.power import Components, gap_range
from evenhand.analysis.findings.gaps import gap_grid
from evenhand.analysis.findings.paired_answers import answers_behind, design_of, differences_of
from evenhand.analysis.table.scores import Scores
from evenhand.analysis.table.stratum import Stratum, cues, strata
from evenhand.errors import TableError, UsageError
from evenhand.records.results import DesignPower

__all__ = [
    "design_power",
    "stratum_components",
    "stratum_variation",
    "variation_for",
    "variation_from_scores",
]

_CURVES: tuple[tuple[Literal["items", "sets", "replicates"], tuple[int, ...]], ...] = (
    ("items", (33, 66, 108, 200, 400)),
    ("sets", (10, 20, 30, 60)),
    ("replicates", (1, 2, 5, 10)),
)


def variation_from_scores(scores: Scores) -> Variation:
    """How the scores of a pilot run vary, averaged (in variance) over its strata.

    Raises:
        TableError: The table holds no matched pairs.
    """
    found = [part for part in map(stratum_variation, strata(scores)) if part is not None]
    if not found:
        raise TableError(
            f"the table has no matched pairs on the factor {scores.settings.contrast!r}, so it gives no variance "
            f"components; use a run with the explicit cohort."
        )
    df = min((part.df for part in found if part.df is not None), default=None)
    answers = [part for part in found if isinstance(part, AnswerModel)]
    if len(answers) == len(found):
        return AnswerModel(
            accuracy=_mean([part.accuracy for part in answers]),
            flips=_mean([part.flips for part in answers if part.flips is not None]),
            item_spread=_mean_sd([part.item_spread for part in answers]),
            item_slope=_mean_sd([part.item_slope for part in answers]),
            set_slope=_mean_sd([part.set_slope for part in answers]),
            df=df,
        )
    components = [part for part in map(stratum_components, strata(scores)) if part is not None]
    return Components(
        set=_mean_sd([part.set for part in components]),
        item=_mean_sd([part.item for part in components]),
        cell=_mean_sd([part.cell for part in components]),
        noise=_mean_sd([part.noise for part in components]),
        source=f"estimated from a run ({len(components)} combinations of model, kind and condition)",
        df=df,
    )


def variation_for(accuracy: float | None, *, flips: float | None, pilot: Scores | None) -> Variation:
    """How answers vary: as a pilot run found, as an accuracy implies, or as is assumed where nothing is known.

    Raises:
        UsageError: Two of them are named, or flips without the accuracy they go with.
        TableError: The pilot holds no matched pairs.
    """
    if flips is not None and accuracy is None:
        raise UsageError("--flips needs the accuracy it goes with; name it with --accuracy, for example 0.9")
    if pilot is None:
        return ASSUMED_ANSWERS if accuracy is None else AnswerModel(accuracy=accuracy, flips=flips)
    if accuracy is not None:
        raise UsageError("--pilot and --accuracy both say how answers vary; name one of them")
    return variation_from_scores(pilot)


def stratum_variation(stratum: Stratum) -> Variation | None:
    """How the scores of one stratum vary; None where it has no pairs, or all differences are alike.

    Answers that are right or wrong are described by their accuracy and its spread over items, because near 100% their
    components hold for the gap of this run only. Other scores, and designs that cannot tell items from the rest, have
    components.
    """
    components = stratum_components(stratum)
    if components is None or components.set == components.item == components.cell == components.noise == 0.0:
        return None
    return answers_behind(stratum.paired(cues(stratum)[0]), stratum=stratum, components=components) or components


def stratum_components(stratum: Stratum) -> Components | None:
    """The components of one stratum's main cue style; None where it has no pairs."""
    rows = stratum.paired(cues(stratum)[0])
    if rows.height == 0:
        return None
    grid = gap_grid(rows, stratum=stratum)
    if not grid.observed:
        return None
    estimate = paired_gap(grid.values)
    variances = {part.name: max(part.variance or 0.0, 0.0) for part in estimate.components}
    noise, replicates = _replicate_noise(rows, stratum)
    if not estimate.components or any(part.variance is None for part in estimate.components):
        return replace(_cautious(grid.values, known=variances, where=stratum.stream_name), df=estimate.df)
    residual = variances.get("residual", 0.0)
    cell = max(residual - noise / replicates, 0.0)
    return Components(
        set=math.sqrt(variances.get("set", 0.0)),
        item=math.sqrt(variances.get("item", 0.0)),
        cell=math.sqrt(cell if noise > 0 else 0.0),
        noise=math.sqrt(noise if noise > 0 else residual),
        source=f"estimated from {stratum.stream_name}",
        df=estimate.df,
    )


def _cautious(differences: NDArray[np.float64], *, known: dict[str, float], where: str) -> Components:
    """Components where the design cannot tell items from the rest: all of the rest counts as item variation.

    Only more items help against item variation, so no design looks better than it is.
    """
    rest = max(float(np.nanvar(differences, ddof=1)) - known.get("set", 0.0), 0.0)
    return Components(
        set=math.sqrt(known.get("set", 0.0)),
        item=math.sqrt(rest),
        cell=0.0,
        noise=0.0,
        source=f"estimated from {where}; items met one set each, so all variation within sets counts as that of items",
    )


def design_power(stratum: Stratum) -> list[DesignPower]:
    """Smallest detectable gap of this design and of larger and smaller ones, with the variation found in a run.

    Designs in which answers can show no gap that is found so often are left out.
    """
    variation = stratum_variation(stratum) if stratum.main else None
    if variation is None:
        return []
    design = design_of(stratum.paired(cues(stratum)[0]))
    here = {"items": design.items, "sets": design.sets, "replicates": design.replicates}
    alpha, power = stratum.settings.alpha, stratum.settings.power
    return [
        _power(stratum, size=over, to=value, gap=gap, df=variation.df)
        for over, values in _CURVES
        for value, gap in gap_curve(
            design,
            over=over,
            values=sorted({*values, here[over]}),
            variation=variation,
            alpha=alpha,
            power=power,
        )
        if gap is not None
    ]


def _power(stratum: Stratum, *, size: str, to: int, gap: float, df: float | None) -> DesignPower:
    ends = gap_range(gap, df=df)
    low, high = ends if ends is not None else (None, None)
    return DesignPower(
        model=stratum.model,
        kind=stratum.kind,
        where=stratum.where,
        size=size,
        to=to,
        smallest_gap=gap,
        low=low,
        high=high,
    )


def _replicate_noise(rows: pl.DataFrame, stratum: Stratum) -> tuple[float, float]:
    """Variance of paired differences between replicates of a pair, and the mean number of replicates."""
    cells = (
        differences_of(rows, stratum)
        .group_by("unit", "item", maintain_order=True)
        .agg(pl.col("difference").var().alias("v"), pl.len().alias("n"))
    )
    repeated = cells.filter(pl.col("n") > 1)
    if repeated.height == 0:
        return 0.0, 1.0
    spread, count = repeated["v"].to_numpy(), repeated["n"].to_numpy()
    per_cell = cells["n"].to_numpy()
    return float((spread * (count - 1)).sum() / (count - 1).sum()), float(1 / (1 / per_cell).mean())


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _mean_sd(values: list[float]) -> float:
    return math.sqrt(sum(value**2 for value in values) / len(values))
