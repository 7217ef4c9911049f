"""Each level of a factor that changes within users against its reference, by user and item.

Estimand: the mean score at the level minus the mean score at the reference level, for the same user on the same item.
Probability scale. Sampling units: users and items, crossed. Estimator: `evenhand.analysis.paired` on the differences;
docs/methods/paired-gaps.md. A user and item that was not asked at both levels has no difference; where none has one,
there is no estimate.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.factor_gaps import reference_of
from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.records.profile import Cue

__all__ = ["within_factor_findings"]

_METHOD = "differences within users and items, crossed random effects (quasi-F, Satterthwaite)"


def within_factor_findings(stratum: Stratum) -> list[Finding]:
    """A gap for every cue style, factor within users and level other than the reference."""
    found: list[Finding] = []
    for cue in cues(stratum):
        for name in stratum.within_factors:
            rows = stratum.profiles(cue).filter(pl.col(level_column(name)).is_not_null())
            coded, values = codes(rows[level_column(name)])
            if len(values) < 2:
                continue
            reference = reference_of(name, values=values, counts=np.bincount(coded), stratum=stratum)
            for level in values:
                if level != reference:
                    contrast = LevelContrast(factor=name, level=level, reference=reference, of="answer")
                    found.append(_gap(stratum, rows, contrast=contrast, cue=cue))
    return found


def _gap(stratum: Stratum, rows: pl.DataFrame, *, contrast: LevelContrast, cue: Cue | None) -> Finding:
    estimand = Estimand(
        measure="factor_gap",
        arms=ArmContrast(arm="profile"),
        contrast=(contrast,),
        quantity=Quantity(name=stratum.primary),
        method=_METHOD,
        cue=cue,
        main=True,
    )
    side = pl.col(level_column(contrast.factor)).cast(pl.String)
    cells = rows.group_by(pl.col("arm").cast(pl.String), pl.col("item").cast(pl.String)).agg(
        (
            pl.col("value").filter(side == contrast.level).mean()
            - pl.col("value").filter(side == contrast.reference).mean()
        ).alias("difference"),
        pl.col("value").filter(side.is_in([contrast.level, contrast.reference])).count().alias("trials"),
    )
    cells = cells.drop_nulls("difference").sort("arm", "item")
    if cells.height == 0:
        sample = SampleSize(trials=0, items=rows["item"].n_unique(), profiles=rows["arm"].n_unique())
        reason = (
            f"no user answered an item both at {contrast.level!r} and at {contrast.reference!r} of "
            f"{contrast.factor!r}, so nothing can be compared within users"
        )
        return without_number(estimand, stratum=stratum, sample=sample, reason=reason)
    user, users = codes(cells["arm"])
    item, items = codes(cells["item"])
    values = np.full((len(users), len(items)), np.nan)
    values[user, item] = cells["difference"].to_numpy()
    spec = EstimateSpec(confidence=1 - stratum.settings.alpha, power=stratum.settings.power)
    sample = SampleSize(trials=int(cells["trials"].sum()), items=len(items), profiles=len(users))
    notes = ("Not adjusted for covariates: users and items are their own controls.",) if stratum.covariates else ()
    return finding(estimand, stratum=stratum, estimate=paired_gap(values, spec=spec), sample=sample, notes=notes)
