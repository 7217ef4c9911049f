"""A rate or mean over users and items, as a finding: not tested against zero, interval kept within [0, 1]."""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import PairedGap, paired_gap
from evenhand.analysis.estimators.shares import share_interval
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.table.grid import grid
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.finding import Finding, SampleSize

__all__ = ["rate_finding"]

_ALIKE = (
    "Every value is the same, so its variation cannot be estimated; the interval is that of {units} independent "
    "units of which none differs."
)


def rate_finding(estimand: Estimand, *, stratum: Stratum, rows: pl.DataFrame, column: str) -> Finding:
    """The mean of a column over sampling units and items, both taken as samples.

    The variance is that of `evenhand.analysis.estimators.paired` with values in place of differences, the interval that
    of a share with as many independent answers as give this variance (`evenhand.analysis.estimators.shares`). Where all
    values
    are alike it is the exact one for none (or all) of as many independent units as the smaller of users and items.
    """
    cells = grid(rows, column=column)
    sample = SampleSize(trials=cells.trials, items=len(cells.items), profiles=len(cells.units))
    if not cells.observed:
        return without_number(estimand, stratum=stratum, sample=sample, reason="No trial of this arm is answered.")
    alpha = stratum.settings.alpha
    estimate = paired_gap(cells.values, planned=cells.planned, spec=EstimateSpec(confidence=1 - alpha))
    if estimate.degenerate:
        return finding(estimand, stratum=stratum, estimate=_exact(estimate, alpha=alpha), sample=sample)
    low, high = share_interval(estimate, alpha=alpha)
    # Notes on which components the design can tell apart belong to tests; a rate states its interval only.
    kept = replace(estimate, low=low, high=high, notes=())
    return finding(estimand, stratum=stratum, estimate=kept, sample=sample)


def _exact(estimate: PairedGap, *, alpha: float) -> PairedGap:
    units = min(estimate.sets, estimate.items) if min(estimate.sets, estimate.items) > 1 else estimate.pairs
    reach = 1 - alpha ** (1 / units)
    return replace(
        estimate,
        low=max(estimate.estimate - reach, 0.0),
        high=min(estimate.estimate + reach, 1.0),
        notes=(_ALIKE.format(units=units),),
    )
