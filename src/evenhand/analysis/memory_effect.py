"""What memory does at all: any profile against none, placebo against none, profile against placebo.

Estimand: the mean, over the sampling units and items of the design, of the score with memory minus the item's own mean
score without memory. Probability scale. Sampling units: matched sets (or profiles of a crossing) and items; the noise
of an item's no-memory mean is shared by all units and so is counted in the item component. Estimator:
`evenhand.analysis.paired` on arm differences; docs/methods/paired-gaps.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct

from evenhand.analysis.claim import Bounds, Claim, Sample, finding
from evenhand.analysis.estimate import EstimateSpec
from evenhand.analysis.grid import grid, item_means
from evenhand.analysis.paired import PairedGap, arm_differences, paired_gap
from evenhand.analysis.stratum import Stratum, cues
from evenhand.records.finding import Finding, Measure
from evenhand.seeds import stream

__all__ = ["Comparison", "against", "memory_findings"]

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
            found.append(_effect(stratum, rows, baseline=none, claim=_memory_claim(cue)))
        if rows.height and placebo.height:
            found.append(_effect(stratum, rows, baseline=placebo, claim=_against_placebo_claim(cue)))
    if placebo.height and none.height:
        found.append(_effect(stratum, placebo, baseline=none, claim=_placebo_claim()))
    return found


def against(comparison: Comparison, *, stratum: Stratum) -> tuple[PairedGap | None, Sample]:
    """The estimate of trials minus their items' baseline; None where no item has both."""
    settings = stratum.settings
    cells = grid(comparison.rows, column=comparison.column)
    baseline = item_means(comparison.baseline, items=cells.items, column=comparison.column)
    differences = arm_differences(cells.values, baseline=baseline)
    sample = Sample(trials=cells.trials, items=len(cells.items), profiles=len(cells.units))
    if not np.isfinite(differences).any():
        return None, sample
    spec = EstimateSpec(confidence=1 - settings.alpha, power=settings.power)
    rng = stream(settings.seed, "analysis", comparison.name)
    return paired_gap(differences, spec=spec, rng=rng), sample


def _effect(stratum: Stratum, rows: pl.DataFrame, *, baseline: pl.DataFrame, claim: Claim) -> Finding:
    name = f"{claim.measure}/{claim.tail}/{stratum.where}/{claim.cue}"
    estimate, sample = against(Comparison(rows=rows, baseline=baseline, name=name), stratum=stratum)
    if estimate is None:
        note = "No item has answers on both sides, so there is no difference to average."
        return finding(claim, stratum=stratum, estimate=None, sample=sample, notes=(note,))
    bounds = _bounds(rows, baseline=baseline, estimate=estimate.estimate)
    return finding(claim, stratum=stratum, estimate=estimate, sample=sample, bounds=bounds)


def _bounds(rows: pl.DataFrame, *, baseline: pl.DataFrame, estimate: float) -> Bounds:
    missing = rows["value"].null_count() + baseline["value"].null_count()
    if missing == 0:
        return Bounds(low=estimate, high=estimate, missing=0)
    ends = []
    for high in (0.0, 1.0):
        cells = grid(rows.with_columns(pl.col("value").fill_null(high)))
        reference = item_means(baseline.with_columns(pl.col("value").fill_null(1 - high)), items=cells.items)
        ends.append(paired_gap(arm_differences(cells.values, baseline=reference), spec=EstimateSpec(flips=0)).estimate)
    shares = (rows["value"].null_count() / rows.height, baseline["value"].null_count() / baseline.height)
    return Bounds(low=ends[0], high=ends[1], missing=missing, shares=shares)


def _claim(measure: Measure, *, title: str, shown: str, baseline: str, cue: str | None, tail: str | None) -> Claim:
    return Claim(
        measure=measure,
        title=title,
        estimand=f"The mean score with {shown} in memory minus the mean score of the same items with {baseline}",
        method=_METHOD,
        cue=cue,
        tail=tail,
    )


def _memory_claim(cue: str | None) -> Claim:
    title, shown, baseline = "Any profile minus no memory", "any profile", "nothing in memory"
    return _claim("memory_effect", title=title, shown=shown, baseline=baseline, cue=cue, tail=None)


def _against_placebo_claim(cue: str | None) -> Claim:
    title, shown, baseline = "Any profile minus placebo", "any profile", "placebo facts of the same length in memory"
    return _claim("memory_effect", title=title, shown=shown, baseline=baseline, cue=cue, tail="against-placebo")


def _placebo_claim() -> Claim:
    title, shown, baseline = "Placebo minus no memory", "placebo facts", "nothing in memory"
    return _claim("placebo_effect", title=title, shown=shown, baseline=baseline, cue=None, tail=None)
