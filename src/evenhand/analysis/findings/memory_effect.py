"""What memory does at all: any profile against none, placebo against none, profile against placebo.

Estimand: the mean, over the sampling units and items of the design, of the score with memory minus the item's own mean
score without memory. Probability scale. Sampling units: matched sets (or profiles of a crossing) and items; the noise
of an item's no-memory mean is shared by all units and so is counted in the item component. Estimator:
`evenhand.analysis.estimators.paired` on arm differences; docs/methods/paired-gaps.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import PairedGap, arm_differences, paired_gap
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.table.grid import grid, item_means
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import MissingBounds
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Measure, Quantity
from evenhand.records.profile import Cue
from evenhand.seeds import stream

__all__ = ["NOTHING_SHARED", "Comparison", "against", "memory_findings"]

NOTHING_SHARED = "No item has answers on both sides, so there is no difference to average."
_METHOD = "arm differences within items, crossed random effects (quasi-F, Satterthwaite)"


class Comparison(Struct, frozen=True, kw_only=True):
    """One set of trials compared with a baseline, item by item."""

    rows: pl.DataFrame
    baseline: pl.DataFrame
    column: str = "value"
    name: str
    """Names the random stream of the sign flips."""


def memory_findings(stratum: Stratum) -> list[Finding]:
    """The memory effect for every cue style, the placebo effect, and profile against placebo."""
    none, placebo = stratum.arm("none"), stratum.arm("placebo")
    found: list[Finding] = []
    for cue in cues(stratum):
        rows = stratum.profiles(cue)
        if rows.height and none.height:
            estimand = _estimand(
                stratum, "memory_effect", arms=ArmContrast(arm="profile", baseline="none"), cue=cue, main=True
            )
            found.append(_effect(stratum, rows, baseline=none, estimand=estimand))
        if rows.height and placebo.height:
            estimand = _estimand(stratum, "memory_effect", arms=ArmContrast(arm="profile", baseline="placebo"), cue=cue)
            found.append(_effect(stratum, rows, baseline=placebo, estimand=estimand))
    if placebo.height and none.height:
        estimand = _estimand(stratum, "placebo_effect", arms=ArmContrast(arm="placebo", baseline="none"), cue=None)
        found.append(_effect(stratum, placebo, baseline=none, estimand=estimand))
    return found


def against(comparison: Comparison, *, stratum: Stratum) -> tuple[PairedGap | None, SampleSize]:
    """The estimate of trials minus their items' baseline; None where no item has both."""
    settings = stratum.settings
    cells = grid(comparison.rows, column=comparison.column)
    baseline = item_means(comparison.baseline, items=cells.items, column=comparison.column)
    differences = arm_differences(cells.values, baseline=baseline)
    sample = SampleSize(trials=cells.trials, items=len(cells.items), profiles=len(cells.units))
    if not np.isfinite(differences).any():
        return None, sample
    spec = EstimateSpec(confidence=1 - settings.alpha, power=settings.power)
    rng = stream(settings.seed, "analysis", comparison.name)
    return paired_gap(differences, spec=spec, rng=rng), sample


def _effect(stratum: Stratum, rows: pl.DataFrame, *, baseline: pl.DataFrame, estimand: Estimand) -> Finding:
    name = f"{estimand.measure}/{estimand.arms.baseline}/{stratum.stream_name}/{estimand.cue}"
    estimate, sample = against(Comparison(rows=rows, baseline=baseline, name=name), stratum=stratum)
    if estimate is None:
        return without_number(estimand, stratum=stratum, sample=sample, reason=NOTHING_SHARED)
    bounds = _bounds(rows, baseline=baseline, estimate=estimate.estimate)
    return finding(estimand, stratum=stratum, estimate=estimate, sample=sample, bounds=bounds)


def _bounds(rows: pl.DataFrame, *, baseline: pl.DataFrame, estimate: float) -> MissingBounds:
    missing = rows["value"].null_count() + baseline["value"].null_count()
    if missing == 0:
        return MissingBounds(low=estimate, high=estimate, missing=0)
    ends = []
    for high in (0.0, 1.0):
        cells = grid(rows.with_columns(pl.col("value").fill_null(high)))
        reference = item_means(baseline.with_columns(pl.col("value").fill_null(1 - high)), items=cells.items)
        ends.append(paired_gap(arm_differences(cells.values, baseline=reference), spec=EstimateSpec(flips=0)).estimate)
    first, second = (side["value"].null_count() / side.height for side in (rows, baseline))
    return MissingBounds(low=ends[0], high=ends[1], missing=missing, first=first, second=second)


def _estimand(
    stratum: Stratum, measure: Measure, *, arms: ArmContrast, cue: Cue | None, main: bool = False
) -> Estimand:
    quantity = Quantity(name=stratum.primary)
    return Estimand(measure=measure, arms=arms, quantity=quantity, method=_METHOD, cue=cue, main=main)
