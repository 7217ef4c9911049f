"""Each level of each factor of the items against its reference, for the same users.

Estimand: the mean score on items with the level minus the mean score on items with the reference level, the other
factors of the items held equal, over the users of the design. Probability scale. Sampling units: items and users,
crossed, with a random level effect of users. Estimator: `evenhand.analysis.crossed` with users and items in each
other's place: every user's own mean is absorbed, and items are what the levels lie between. See
docs/methods/paired-gaps.md.
"""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from evenhand.analysis.estimators.crossed import CrossedContrast
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.factor_gaps import (
    CodedTrials,
    FactorLevels,
    coded_trials,
    factor_levels,
    gap_bounds,
    level_estimate,
)
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.errors import TableError
from evenhand.records.contrast import ArmContrast
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from evenhand.records.profile import Cue

__all__ = ["item_factor_findings"]

_METHOD = "level contrast between items, crossed random effects of users and items"
_TURNED = {"profile": "item", "item slope": "user slope"}


def item_factor_findings(stratum: Stratum) -> list[Finding]:
    """A gap for every cue style, factor of the items and level other than the reference."""
    found: list[Finding] = []
    for cue in cues(stratum) if stratum.item_factors else ():
        columns = [pl.col(level_column(name)) for name in stratum.item_factors]
        rows = stratum.adjusted(stratum.profiles(cue)).filter(
            pl.all_horizontal(column.is_not_null() for column in columns)
        )
        if rows.height == 0:
            continue
        crossing = _crossing(rows, stratum)
        for factor in crossing.factors:
            for level in range(1, len(factor.levels)):
                found.append(_gap(stratum, crossing, factor=factor, level=level, cue=cue))
    return found


def _crossing(rows: pl.DataFrame, stratum: Stratum) -> CodedTrials:
    """The trials with users in the place of items and items in the place of profiles."""
    columns = [level_column(name) for name in stratum.item_factors]
    levels = rows.select(pl.col("item").cast(pl.String), *(pl.col(name).cast(pl.String) for name in columns))
    items = levels.unique("item").sort("item")
    factors = tuple(
        factor_levels(name, items[column], stratum=stratum, of="item")
        for name, column in zip(stratum.item_factors, columns, strict=True)
    )
    trials = coded_trials(rows, stratum, factors=factors, item="arm", profile="item")
    return replace(trials, sample=replace(trials.sample, items=trials.sample.profiles, profiles=trials.sample.items))


def _gap(stratum: Stratum, crossing: CodedTrials, *, factor: FactorLevels, level: int, cue: Cue | None) -> Finding:
    estimand = Estimand(
        measure="factor_gap",
        arms=ArmContrast(arm="profile"),
        contrast=(factor.contrast(level),),
        quantity=Quantity(name=stratum.primary),
        method=_METHOD,
        cue=cue,
        main=True,
    )
    try:
        estimate = level_estimate(crossing, crossing.scores, factor=factor, level=level, stratum=stratum)
        bounds = gap_bounds(crossing, factor=factor, level=level, stratum=stratum, estimate=estimate.estimate)
    except TableError as error:
        reason = f"the items of the level and of the reference cannot be compared ({error})"
        return without_number(estimand, stratum=stratum, sample=crossing.sample, reason=reason)
    return finding(estimand, stratum=stratum, estimate=_turned(estimate), sample=crossing.sample, bounds=bounds)


def _turned(estimate: CrossedContrast) -> CrossedContrast:
    """The estimate with items and users under their own names."""
    components = tuple(replace(part, name=_TURNED.get(part.name, part.name)) for part in estimate.components)
    notes = ("There is a single user, so the result holds for this user only.",) if estimate.items == 1 else ()
    kept = tuple(note for note in estimate.notes if not note.startswith("There is a single item"))
    return replace(
        estimate, components=components, items=estimate.profiles, profiles=estimate.items, notes=(*notes, *kept)
    )
