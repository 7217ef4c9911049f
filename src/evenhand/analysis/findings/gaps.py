"""The primary result: advantaged minus disadvantaged, paired on persona and item.

Estimand: the mean, over the matched sets and items of the design, of the score the assistant gets with the advantaged
version in memory minus the score it gets with the disadvantaged version of the same persona, on the same item in the
same option order. Probability scale. Sampling units: matched sets and items, crossed. Estimator:
`evenhand.analysis.estimators.paired`; docs/methods/paired-gaps.md.
"""

from __future__ import annotations

import polars as pl

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import PairedGap, paired_gap
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.paired_answers import with_detectable
from evenhand.analysis.table.grid import MeanMatrix, pair_grid
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import MissingBounds
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity, QuantityName
from evenhand.records.profile import Cue
from evenhand.seeds import stream

__all__ = ["gap_estimand", "gap_estimate", "gap_findings", "gap_grid", "sample_of"]


def gap_findings(stratum: Stratum) -> list[Finding]:
    """One gap for every cue style of the stratum's matched pairs; none where there are no pairs."""
    found: list[Finding] = []
    for cue in cues(stratum):
        rows = stratum.paired(cue)
        if rows.height:
            found.append(_gap(stratum, rows, cue=cue))
            found += _other_gap(stratum, rows, cue=cue)
    return found


def gap_grid(rows: pl.DataFrame, *, stratum: Stratum, column: str = "value") -> MeanMatrix:
    """Paired differences, matched sets by items."""
    settings = stratum.settings
    return pair_grid(
        rows, contrast=settings.contrast, first=settings.advantaged, second=settings.disadvantaged, column=column
    )


def gap_estimate(differences: MeanMatrix, *, stratum: Stratum, name: str) -> PairedGap:
    """The estimate of a grid of paired differences; `name` names its random stream."""
    settings = stratum.settings
    spec = EstimateSpec(confidence=1 - settings.alpha, power=settings.power)
    return paired_gap(
        differences.values, planned=differences.planned, spec=spec, rng=stream(settings.seed, "analysis", name)
    )


def _gap(stratum: Stratum, rows: pl.DataFrame, *, cue: Cue | None) -> Finding:
    estimand = gap_estimand(stratum, quantity=Quantity(name=stratum.primary), cue=cue, main=True)
    differences = gap_grid(rows, stratum=stratum)
    sample = sample_of(differences)
    if not differences.observed:
        return without_number(estimand, stratum=stratum, sample=sample, reason=_NO_PAIR)
    estimate = gap_estimate(differences, stratum=stratum, name=f"gap/{stratum.stream_name}/{cue}")
    return finding(
        estimand,
        stratum=stratum,
        estimate=with_detectable(estimate, rows, stratum=stratum),
        sample=sample,
        bounds=_bounds(rows, stratum=stratum, estimate=estimate.estimate),
        notes=_randomisation(estimate),
    )


_NO_PAIR = "No pair has both answers, so there is no difference to average."


def gap_estimand(stratum: Stratum, *, quantity: Quantity, cue: Cue | None, main: bool = False) -> Estimand:
    """The estimand of a gap between the two versions of a persona."""
    settings = stratum.settings
    return Estimand(
        measure="gap",
        arms=ArmContrast(arm="pairs"),
        contrast=(
            LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged),
        ),
        quantity=quantity,
        method="paired differences, crossed random effects (quasi-F, Satterthwaite)",
        cue=cue,
        main=main,
    )


def _other_gap(stratum: Stratum, rows: pl.DataFrame, *, cue: Cue | None) -> list[Finding]:
    """Beside the gap in the primary outcome: the gap in the other one, where every answer has it."""
    other: QuantityName = "score" if stratum.primary == "p_score" else "p_score"
    if rows.filter(pl.col("outcome") == "answered")[other].null_count() or rows[other].null_count() == rows.height:
        return []
    estimand = gap_estimand(stratum, quantity=Quantity(name=other), cue=cue)
    differences = gap_grid(rows, stratum=stratum, column=other)
    sample = sample_of(differences)
    if not differences.observed:
        return [without_number(estimand, stratum=stratum, sample=sample, reason=_NO_PAIR)]
    estimate = gap_estimate(differences, stratum=stratum, name=f"gap/{stratum.stream_name}/{cue}/answers")
    return [finding(estimand, stratum=stratum, estimate=estimate, sample=sample)]


def sample_of(differences: MeanMatrix) -> SampleSize:
    """How much a grid of differences rests on."""
    return SampleSize(trials=differences.trials, items=len(differences.items), profiles=len(differences.units))


def _randomisation(estimate: PairedGap) -> tuple[str, ...]:
    if estimate.p_flip_sets is None or estimate.p_flip_items is None:
        return ()
    return (
        f"Sign-flip randomisation beside it: p = {estimate.p_flip_sets:.3g} over matched sets, "
        f"p = {estimate.p_flip_items:.3g} over items.",
    )


def _bounds(rows: pl.DataFrame, *, stratum: Stratum, estimate: float) -> MissingBounds:
    """The gap with every missing answer at its worst and at its best."""
    missing = rows["value"].null_count()
    if missing == 0:
        return MissingBounds(low=estimate, high=estimate, missing=0)
    settings = stratum.settings
    advantaged = pl.col(level_column(settings.contrast)).cast(pl.String) == settings.advantaged
    ends = []
    for high in (0.0, 1.0):
        filled = (
            pl.when(advantaged).then(pl.col("value").fill_null(high)).otherwise(pl.col("value").fill_null(1 - high))
        )
        grid = gap_grid(rows.with_columns(filled.alias("value")), stratum=stratum)
        ends.append(paired_gap(grid.values).estimate)
    lacking = rows.group_by(advantaged.alias("first")).agg(pl.col("value").is_null().mean().alias("share"))
    shares: dict[bool, float] = dict(lacking.iter_rows())
    first, second = shares.get(True, 0.0), shares.get(False, 0.0)
    return MissingBounds(low=ends[0], high=ends[1], missing=missing, first=first, second=second)
