"""What memory does at all: any profile against placebo and against none, placebo against none.

Estimand: the mean score with memory minus the mean score without, or with a placebo in memory, on the same items, over
the sampling units and items of the design. Probability scale. The confirmatory effect of memory is profile minus
length-matched placebo, two samples of arms crossed with items (`evenhand.analysis.estimators.two_samples`). Profile
minus none is given with it: it mixes in what any longer prompt does. There the noise of an item's no-memory mean is
shared by all units and so is counted in the item component (`evenhand.analysis.estimators.paired` on arm differences).
Of each the decision p is the larger of that test's and of exchanging answers within items
(`evenhand.analysis.estimators.exchange`). docs/methods/paired-gaps.md.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evenhand.analysis.estimators.estimate import EstimateSpec, agreeing, infer
from evenhand.analysis.estimators.exchange import ArmAnswers, exchange_test
from evenhand.analysis.estimators.paired import PairedGap, arm_differences, paired_gap
from evenhand.analysis.estimators.two_samples import two_sample_gap
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.table.grid import MeanMatrix, grid, item_means
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import MissingBounds
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Measure, Quantity
from evenhand.records.profile import Cue
from evenhand.seeds import stream

__all__ = ["NOTHING_SHARED", "Comparison", "Second", "against", "decided", "memory_findings"]

NOTHING_SHARED = "No item has answers on both sides, so there is no difference to average."
_METHOD = "arm differences within items, crossed random effects (quasi-F, Satterthwaite), and exchange within items"
_TWO_SAMPLES = (
    "two samples of arms within items, crossed random effects (quasi-F, Satterthwaite), and exchange within items"
)
_LONGER = "Against no memory: this mixes in what any longer prompt does; profile minus placebo does not."
_CLEAR = 0.2
"""A first p-value above this decides by itself; graded answers are then not dealt out anew."""


class Comparison(Struct, frozen=True, kw_only=True):
    """One set of trials compared with a baseline, item by item."""

    rows: pl.DataFrame
    baseline: pl.DataFrame
    column: str = "value"
    name: str
    """Names the random streams."""
    sampled: bool = False
    """Whether the arms of the baseline are a sample too, as placebo texts are."""
    exchange: ExchangeTest | None = None
    """The second test; None: answers exchanged within items."""


class Second(Struct, frozen=True, kw_only=True):
    """What a second test says."""

    p: float
    variance: float
    """Of the estimate under its null hypothesis; 0 where it gives none."""


class ExchangeTest(Protocol):
    """A second test of a comparison."""

    def __call__(
        self, comparison: Comparison, *, cells: MeanMatrix, doubtful: bool, rng: np.random.Generator
    ) -> Second | None:
        """None where nothing can be exchanged; `doubtful`: the first test comes near rejecting."""


def memory_findings(stratum: Stratum) -> list[Finding]:
    """Profile against placebo and against none for every cue style, and placebo against none."""
    none, placebo = stratum.arm("none"), stratum.arm("placebo")
    found: list[Finding] = []
    for cue in cues(stratum):
        rows = stratum.profiles(cue)
        if rows.height and placebo.height:
            arms = ArmContrast(arm="profile", baseline="placebo")
            estimand = _estimand(stratum, "memory_effect", arms=arms, cue=cue, method=_TWO_SAMPLES, main=True)
            found.append(_effect(stratum, rows, baseline=placebo, estimand=estimand))
        if rows.height and none.height:
            arms = ArmContrast(arm="profile", baseline="none")
            found.append(
                _effect(stratum, rows, baseline=none, estimand=_estimand(stratum, "memory_effect", arms=arms, cue=cue))
            )
    if placebo.height and none.height:
        estimand = _estimand(stratum, "placebo_effect", arms=ArmContrast(arm="placebo", baseline="none"), cue=None)
        found.append(_effect(stratum, placebo, baseline=none, estimand=estimand))
    return found


def against(comparison: Comparison, *, stratum: Stratum) -> tuple[PairedGap | None, SampleSize]:
    """The estimate of trials minus their items' baseline; None where no item has both."""
    settings = stratum.settings
    cells = grid(comparison.rows, column=comparison.column)
    sample = SampleSize(trials=cells.trials, items=len(cells.items), profiles=len(cells.units))
    spec = EstimateSpec(confidence=1 - settings.alpha, power=settings.power)
    rng = stream(settings.seed, "analysis", comparison.name)
    if comparison.sampled:
        other = _aligned(grid(comparison.baseline, column=comparison.column, unit="arm"), items=cells.items)
        if not (np.isfinite(cells.values).any(axis=0) & np.isfinite(other).any(axis=0)).any():
            return None, sample
        estimate = two_sample_gap(cells.values, other, spec=spec)
    else:
        baseline = item_means(comparison.baseline, items=cells.items, column=comparison.column)
        differences = arm_differences(cells.values, baseline=baseline)
        if not np.isfinite(differences).any():
            return None, sample
        estimate = paired_gap(differences, planned=cells.planned, spec=spec, rng=rng)
    exchange = comparison.exchange or exchanged
    second = exchange(comparison, cells=cells, doubtful=estimate.p < _CLEAR, rng=rng)
    return decided(estimate, second, spec=spec), sample


def exchanged(comparison: Comparison, *, cells: MeanMatrix, doubtful: bool, rng: np.random.Generator) -> Second | None:
    """Exchange of answers within items; scores that are not 0 or 1 are dealt out anew only where it can matter."""
    items = pl.Enum(cells.items)
    sides = [_answers(rows, column=comparison.column, items=items) for rows in (comparison.rows, comparison.baseline)]
    weights = cells.planned.sum(axis=0).astype(np.float64)
    test = exchange_test(sides[0], baseline=sides[1], weights=weights, rng=rng if doubtful else None)
    return None if test is None else Second(p=test.p, variance=test.variance)


def decided(estimate: PairedGap, second: Second | None, *, spec: EstimateSpec) -> PairedGap:
    """The estimate with the larger of two p-values and of two variances, and an interval that agrees with them."""
    if second is None:
        return estimate
    variance = max(estimate.se**2, second.variance)
    if variance == 0.0:
        return replace(estimate, p=max(estimate.p, second.p))
    # All differences alike, yet the answers behind them vary: no degrees of freedom of their own.
    df = estimate.df if estimate.df is not None else float(max(estimate.units - 1, 1))
    inference = infer(estimate.estimate, se=float(np.sqrt(variance)), df=df, spec=spec)
    p = max(second.p, inference.p if estimate.degenerate else estimate.p)
    low, high = agreeing(
        inference.low, inference.high, estimate=estimate.estimate, p=p, level=1 - spec.confidence, df=df
    )
    return replace(
        estimate,
        se=float(np.sqrt(variance)),
        df=df,
        low=low,
        high=high,
        p=p,
        smallest_detectable=inference.smallest_detectable,
        degenerate=False,
    )


def _answers(rows: pl.DataFrame, *, column: str, items: pl.Enum) -> ArmAnswers:
    """The answered trials of one side; items outside the numbering are left out."""
    kept = rows.select(
        pl.col("item").cast(pl.String).cast(items, strict=False).to_physical().cast(pl.Int64).alias("code"),
        pl.col("arm").to_physical().cast(pl.Int64).alias("arm"),
        pl.col("order_index").fill_null(0).cast(pl.Int64),
        pl.col(column).cast(pl.Float64).alias("score"),
    ).drop_nulls(["code", "score"])
    code, arm, order = (kept[name].to_numpy() for name in ("code", "arm", "order_index"))
    width = int(order.max()) + 1 if order.size else 1
    question = (arm * len(items.categories) + code) * width + order
    return ArmAnswers(score=kept["score"].to_numpy(), item=code, question=question)


def _aligned(cells: MeanMatrix, *, items: list[str]) -> NDArray[np.float64]:
    """The values of a grid with its columns in the order of other items; NaN where it lacks one."""
    place = {name: index for index, name in enumerate(cells.items)}
    values = np.full((cells.values.shape[0], len(items)), np.nan)
    for column, name in enumerate(items):
        if name in place:
            values[:, column] = cells.values[:, place[name]]
    return values


def _effect(stratum: Stratum, rows: pl.DataFrame, *, baseline: pl.DataFrame, estimand: Estimand) -> Finding:
    name = f"{estimand.measure}/{estimand.arms.baseline}/{stratum.stream_name}/{estimand.cue}"
    compared = Comparison(rows=rows, baseline=baseline, name=name, sampled=estimand.arms.baseline == "placebo")
    estimate, sample = against(compared, stratum=stratum)
    if estimate is None:
        return without_number(estimand, stratum=stratum, sample=sample, reason=NOTHING_SHARED)
    bounds = _bounds(rows, baseline=baseline, estimate=estimate.estimate)
    notes = (_LONGER,) if estimand.measure == "memory_effect" and estimand.arms.baseline == "none" else ()
    return finding(estimand, stratum=stratum, estimate=estimate, sample=sample, bounds=bounds, notes=notes)


def _bounds(rows: pl.DataFrame, *, baseline: pl.DataFrame, estimate: float) -> MissingBounds:
    missing = rows["value"].null_count() + baseline["value"].null_count()
    if missing == 0:
        return MissingBounds(low=estimate, high=estimate, missing=0)
    ends = []
    for high in (0.0, 1.0):
        cells = grid(rows.with_columns(pl.col("value").fill_null(high)))
        reference = item_means(baseline.with_columns(pl.col("value").fill_null(1 - high)), items=cells.items)
        ends.append(paired_gap(arm_differences(cells.values, baseline=reference)).estimate)
    first, second = (side["value"].null_count() / side.height for side in (rows, baseline))
    return MissingBounds(low=ends[0], high=ends[1], missing=missing, first=first, second=second)


def _estimand(
    stratum: Stratum,
    measure: Measure,
    *,
    arms: ArmContrast,
    cue: Cue | None,
    method: str = _METHOD,
    main: bool = False,
) -> Estimand:
    quantity = Quantity(name=stratum.primary)
    return Estimand(measure=measure, arms=arms, quantity=quantity, method=method, cue=cue, main=main)
