"""How the gap between versions grows with the dose: how far apart the facts of the two versions are.

Estimand: the gap with the strongest dose that was asked minus the gap with the weakest, over the number of steps
between them (mild, medium, strong are one step apart). With all three doses this is the slope of a straight line
through the three gaps, in which the middle one has no weight. Items are shared, matched sets of one dose are not those
of another: two samples of matched sets, crossed with items (`evenhand.analysis.estimators.two_samples`), and exchange
of pair differences within items; the larger p decides. Probability scale, per step. docs/methods/paired-gaps.md.
"""

from __future__ import annotations

import polars as pl

from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.memory_effect import NOTHING_SHARED, Comparison, against
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from evenhand.records.profile import DOSES, Cue, Dose

__all__ = ["dose_findings"]

_METHOD = "two samples of pair differences within items, crossed random effects (quasi-F, Satterthwaite), and exchange"


def dose_findings(stratum: Stratum) -> list[Finding]:
    """One trend for every cue style of matched pairs in at least two doses; none otherwise."""
    if len(set(stratum.settings.doses.values())) < 2:
        return []
    found = []
    for cue in cues(stratum):
        pairs = _pairs_by_dose(stratum, cue)
        if len(pairs) > 1:
            found.append(_trend(stratum, pairs, cue=cue))
    return found


def _pairs_by_dose(stratum: Stratum, cue: Cue | None) -> dict[Dose, pl.DataFrame]:
    """Dose -> pair differences, weakest first; doses without any pair that was answered are left out."""
    rows = stratum.paired(cue)
    cohort = pl.col("cohort").cast(pl.String)
    found: dict[Dose, pl.DataFrame] = {}
    for dose in DOSES:
        names = [name for name, of in stratum.settings.doses.items() if of == dose]
        pairs = _differences(rows.filter(cohort.is_in(names)), stratum=stratum)
        if pairs["value"].drop_nulls().len():
            found[dose] = pairs
    return found


def _differences(rows: pl.DataFrame, *, stratum: Stratum) -> pl.DataFrame:
    """Advantaged minus disadvantaged of every pair that was asked, with the columns of trials."""
    settings = stratum.settings
    side = pl.col(level_column(settings.contrast)).cast(pl.String)
    first, second = (
        pl.col("value").cast(pl.Float64).filter(side == level).mean()
        for level in (settings.advantaged, settings.disadvantaged)
    )
    return rows.group_by("cohort", "unit", "item", "replicate", maintain_order=True).agg(
        (first - second).alias("value"),
        pl.col("arm").first(),
        pl.col("order_index").first(),
    )


def _trend(stratum: Stratum, pairs: dict[Dose, pl.DataFrame], *, cue: Cue | None) -> Finding:
    settings = stratum.settings
    weakest, strongest = next(iter(pairs)), next(reversed(pairs))
    steps = DOSES.index(strongest) - DOSES.index(weakest)
    estimand = Estimand(
        measure="dose_trend",
        arms=ArmContrast(arm="pairs"),
        contrast=(
            LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged),
        ),
        quantity=Quantity(name=stratum.primary),
        method=_METHOD,
        cue=cue,
    )
    per_step = pl.col("value") / steps
    compared = Comparison(
        rows=pairs[strongest].with_columns(per_step),
        baseline=pairs[weakest].with_columns(per_step),
        name=f"dose_trend/{stratum.stream_name}/{cue}",
        sampled=True,
    )
    estimate, sample = against(compared, stratum=stratum)
    if estimate is None:
        return without_number(estimand, stratum=stratum, sample=sample, reason=NOTHING_SHARED)
    return finding(estimand, stratum=stratum, estimate=estimate, sample=sample, notes=(_said(pairs),))


def _said(pairs: dict[Dose, pl.DataFrame]) -> str:
    """The mean difference at each dose, over pairs as they come."""
    means = (f"{dose} {100 * float(frame['value'].mean() or 0.0):+.1f}" for dose, frame in pairs.items())  # type: ignore[arg-type]
    return f"Mean difference by dose, in points: {', '.join(means)}."
