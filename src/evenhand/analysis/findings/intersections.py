"""Intersections: how much profiles differ, how much of that is more than the sum of their levels, cell by cell.

Estimands: the standard deviation over intersectional profiles of the mean score (probability scale), in all and beyond
the main effects of the factors; the share of the total variance between profiles (VPC); the share of the variance
between profiles that main effects explain (PCV). Sampling unit: the profile; the results hold for the items asked.
Estimator: `evenhand.analysis.estimators.profile_variance`; docs/methods/intersections.md.
"""

from __future__ import annotations

from itertools import combinations
from typing import Literal, get_args

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evenhand.analysis.estimators.crossed import cell_means, dummies
from evenhand.analysis.estimators.pooled_cells import pooled_cells
from evenhand.analysis.estimators.profile_variance import (
    ProfileMeans,
    ProfileVariance,
    profile_means,
    profile_variance,
    sd_interval,
)
from evenhand.analysis.findings.estimand import Estimand, with_number, without_number
from evenhand.analysis.findings.factor_gaps import FactorLevels, crossing_levels
from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.errors import TableError
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import Number, PointEstimate, Spread, Tested
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity, QuantityName, Scale
from evenhand.records.profile import Cue
from evenhand.records.results import CellMean
from evenhand.seeds import stream

__all__ = ["Intersections", "intersections"]

Array = NDArray[np.float64]
_TINY = 1e-12
_SdPart = Literal["profile_sd", "intersectional_sd"]
_PARTS: tuple[_SdPart, ...] = get_args(_SdPart)
_STREAMS: dict[_SdPart, str] = {"profile_sd": "all", "intersectional_sd": "beyond"}
_METHOD = "MAIHDA on profile means, REML, parametric bootstrap"


LARGEST = 500
"""Profiles beyond which there is no table of cells: each is then a user of their own, and cost is cubic in them."""


class Intersections(Struct, frozen=True, kw_only=True):
    """What one stratum says of its intersectional crossing."""

    findings: tuple[Finding, ...]
    cells: tuple[CellMean, ...]


class _Fitted(Struct, frozen=True, kw_only=True):
    people: pl.DataFrame
    factors: tuple[FactorLevels, ...]
    means: ProfileMeans
    design: NDArray[np.float64]
    """Ones and main effects, one row per profile."""
    null: ProfileVariance
    main: ProfileVariance
    sample: SampleSize


def intersections(stratum: Stratum) -> Intersections:
    """Variance partition of every cue style, and the cell table of the first."""
    found: list[Finding] = []
    cells: tuple[CellMean, ...] = ()
    for cue in cues(stratum):
        names = stratum.crossed_factors()
        rows = stratum.crossed(cue)
        if len(names) < 2 or rows.height == 0:
            continue
        try:
            fitted = _fit(rows, stratum)
        except TableError as error:
            sample = SampleSize(
                trials=rows["value"].count(), items=rows["item"].n_unique(), profiles=rows["arm"].n_unique()
            )
            estimand = _estimand("profile_sd", scale="sd", cue=cue)
            found.append(without_number(estimand, stratum=stratum, sample=sample, reason=str(error)))
            continue
        found += _variance_findings(stratum, fitted, cue=cue)
        cells = cells or _cells(stratum, fitted, cue=cue)
    return Intersections(findings=tuple(found), cells=cells)


def _fit(rows: pl.DataFrame, stratum: Stratum) -> _Fitted:
    names, factors = crossing_levels(rows, stratum)
    if len(names) > LARGEST:
        raise TableError(
            f"there are {len(names):,} profiles, too many to be cells of a table (beyond {LARGEST}); "
            f"how much users differ is the profile SD of the mixed model."
        )
    answered = rows.filter(pl.col("value").is_not_null())
    if answered["arm"].n_unique() < len(names):
        raise TableError("some profiles of the crossing have no answered trial, so profiles cannot be compared.")
    item, items = codes(answered["item"])
    profile, _ = codes(answered["arm"])
    scores = cell_means(answered["value"].to_numpy(), item=item, profile=profile)
    means = profile_means(scores, profiles=len(names))
    design = _main_effects(factors)
    if len(names) <= design.shape[1]:
        raise TableError(f"there are only {len(names)} profiles, too few to tell main effects from the rest.")
    people = answered.group_by(pl.col("arm").cast(pl.String)).agg(pl.len().alias("trials"), pl.col("value").mean())
    return _Fitted(
        people=people.sort("arm"),
        factors=factors,
        means=means,
        design=design,
        null=profile_variance(means, design=design[:, :1]),
        main=profile_variance(means, design=design),
        sample=SampleSize(trials=answered.height, items=len(items), profiles=len(names)),
    )


def _main_effects(factors: tuple[FactorLevels, ...]) -> NDArray[np.float64]:
    """Ones and the levels of the factors, without those that the columns before say already: `she` beside `female`."""
    columns = np.column_stack([np.ones(factors[0].codes.size), *(dummies(factor.codes) for factor in factors)])
    kept: list[int] = []
    for index in range(columns.shape[1]):
        if np.linalg.matrix_rank(columns[:, [*kept, index]]) > len(kept):
            kept.append(index)
    result: NDArray[np.float64] = columns[:, kept]
    return result


def _variance_findings(stratum: Stratum, fitted: _Fitted, *, cue: Cue | None) -> list[Finding]:
    null, main = fitted.null.sd**2, fitted.main.sd**2
    whole = null + fitted.means.item_variance + fitted.means.residual
    explained = None if null == 0 else 1 - main / null
    shares: tuple[tuple[QuantityName, float | None, str], ...] = (
        ("profile_share", None if whole == 0 else null / whole, _NO_VARIANCE),
        ("main_effect_share", explained, _NO_SPREAD),
    )
    found = [_sd_finding(stratum, fitted, part=part, cue=cue) for part in _PARTS]
    for name, value, why in shares:
        estimand = _estimand(name, scale="share", cue=cue)
        if value is None:
            found.append(without_number(estimand, stratum=stratum, sample=fitted.sample, reason=why))
            continue
        notes = (_NEGATIVE,) if value < 0 else ()
        number = PointEstimate(value=value)
        found.append(with_number(estimand, stratum=stratum, number=number, sample=fitted.sample, notes=notes))
    return found


def _sd_finding(stratum: Stratum, fitted: _Fitted, *, part: _SdPart, cue: Cue | None) -> Finding:
    fit = fitted.null if part == "profile_sd" else fitted.main
    estimand = _estimand(part, scale="sd", cue=cue)
    if fitted.means.residual < _TINY:
        number: Number = PointEstimate(value=fit.sd if fit.sd > _TINY else 0.0)
        return with_number(estimand, stratum=stratum, number=number, sample=fitted.sample, notes=(_NO_RESIDUAL,))
    alpha = stratum.settings.alpha
    rng = stream(stratum.settings.seed, "analysis", "intersections", stratum.stream_name, str(cue), _STREAMS[part])
    interval = sd_interval(fit, rng=rng, alpha=alpha)
    notes: tuple[str, ...] = ("The interval is a parametric bootstrap interval; it holds for the items asked.",)
    if fit.sd == 0:
        notes = (
            f"The estimate lies at its edge, 0. That is not evidence of no intersectional effect: standard deviations "
            f"up to {100 * interval.high:.1f} points are compatible with the answers.",
            *notes,
        )
    spread = Spread(low=interval.low, high=interval.high, confidence=1 - alpha)
    number = Tested(value=fit.sd, p=interval.p, spread=spread)
    return with_number(estimand, stratum=stratum, number=number, sample=fitted.sample, notes=notes)


def _cells(stratum: Stratum, fitted: _Fitted, *, cue: Cue | None) -> tuple[CellMean, ...]:
    pooled, low, high = _pooled(stratum, fitted, cue=cue)
    rows = fitted.people.select("trials", "value").rows()
    return tuple(
        CellMean(
            model=stratum.model,
            kind=stratum.kind,
            where=replace(stratum.where, cue=cue),
            levels={factor.name: factor.levels[factor.codes[index]] for factor in fitted.factors},
            trials=trials,
            raw=raw,
            pooled=_clipped(pooled[index]),
            low=_clipped(low[index]),
            high=_clipped(high[index]),
        )
        for index, (trials, raw) in enumerate(rows)
    )


def _pooled(stratum: Stratum, fitted: _Fitted, *, cue: Cue | None) -> tuple[Array, Array, Array]:
    """Pooled means and both ends of the intervals that hold for all cells at once."""
    if fitted.means.residual < _TINY:
        return fitted.means.means, fitted.means.means, fitted.means.means
    pairs = [one.codes * len(two.levels) + two.codes for one, two in combinations(fitted.factors, 2)]
    rng = stream(stratum.settings.seed, "analysis", "intersections", stratum.stream_name, str(cue), "cells")
    found = pooled_cells(fitted.means, main=fitted.design, pairs=pairs, rng=rng, alpha=stratum.settings.alpha)
    return found.mean, found.low, found.high


def _clipped(value: float) -> float:
    return min(max(float(value), 0.0), 1.0)


def _estimand(name: QuantityName, *, scale: Scale, cue: Cue | None) -> Estimand:
    return Estimand(
        measure="variance",
        arms=ArmContrast(arm="crossing"),
        quantity=Quantity(name=name, scale=scale),
        method=_METHOD,
        cue=cue,
        tested=False,
    )


_NO_RESIDUAL = (
    "Answers to an item do not vary beyond profile means, so there is nothing to judge the spread against: no interval."
)
_NEGATIVE = "Below 0: the main effects explain less than chance would, so none of the spread is theirs."
_NO_VARIANCE = "The scores do not vary, so there is no variance to share out."
_NO_SPREAD = "The spread over profiles is estimated at its edge, 0, so there is no share to state."
