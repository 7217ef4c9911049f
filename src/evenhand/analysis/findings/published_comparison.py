"""The published analysis beside ours, on the same trials: for comparison, never for a verdict.

The published model is a binomial mixed model with an item intercept and nothing else, fitted by variational Bayes. It
takes answers of one profile as independent, so its standard errors are too small (docs/methods/mixed-models.md holds
the false-alarm rates). Every finding made here says so.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct

from evenhand.analysis.estimators.binomial_mixed import FixedEffect
from evenhand.analysis.estimators.crossed import dummies
from evenhand.analysis.estimators.published import item_only_bayes
from evenhand.analysis.findings.estimand import Estimand, with_number
from evenhand.analysis.findings.factor_gaps import crossing_levels
from evenhand.analysis.findings.mixed_check import column_name
from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.scores import covariate_column, level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Spread, Tested
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.records.profile import Cue

__all__ = ["published_findings", "published_left_out"]

LARGEST = 30_000
"""Trials beyond which the published model is left out: variational Bayes on single rows then costs most."""

_LABEL = "For comparison only: the published model treats answers of one profile as independent and finds too much."
_METHOD = "published: item intercept only, variational Bayes (for comparison)"


class _CodedRows(Struct, frozen=True, kw_only=True):
    rows: pl.DataFrame
    columns: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]
    names: list[str]
    contrasts: dict[str, LevelContrast]


def published_findings(stratum: Stratum) -> list[Finding]:
    """The published model's coefficients for the pairs and the crossing; none where scores are graded."""
    cue = cues(stratum)[0]
    found: list[Finding] = []
    for part in (_pairs(stratum, cue=cue), _crossing(stratum, cue=cue)):
        if part is None or part.rows.height > LARGEST or not part.rows["score"].is_in([0.0, 1.0]).all():
            continue
        if part.rows["score"].n_unique() < 2:
            continue
        item, items = codes(part.rows["item"])
        design = np.column_stack([np.ones(part.rows.height), *part.columns])
        effects = item_only_bayes(
            part.rows["score"].to_numpy(),
            design=design,
            names=("intercept", *part.names),
            item=item,
            confidence=1 - stratum.settings.alpha,
        )
        sample = SampleSize(trials=part.rows.height, items=len(items), profiles=part.rows["arm"].n_unique())
        found += [_finding(stratum, part, effect, sample) for effect in effects if effect.name in part.contrasts]
    return found


def published_left_out(stratum: Stratum) -> str | None:
    """A sentence where the published model is left out because there are too many answers; None elsewhere."""
    cue = cues(stratum)[0]
    parts = [part for part in (_pairs(stratum, cue=cue), _crossing(stratum, cue=cue)) if part is not None]
    most = max((part.rows.height for part in parts), default=0)
    if most <= LARGEST:
        return None
    return (
        f"{stratum.model}, {stratum.kind}: the published model is left out, since it is fitted up to {LARGEST:,} "
        f"answers and there are {most:,}."
    )


def _crossing(stratum: Stratum, *, cue: Cue | None) -> _CodedRows | None:
    rows = stratum.adjusted(stratum.crossed(cue)).filter(pl.col("score").is_not_null())
    if rows.height == 0:
        return None
    _, factors = crossing_levels(rows, stratum)
    profile, _ = codes(rows["arm"])
    contrasts = {
        column_name(contrast): contrast
        for factor in factors
        for contrast in (factor.contrast(code) for code in range(1, len(factor.levels)))
    }
    labels = list(contrasts)
    columns = [dummies(factor.codes)[profile] for factor in factors]
    for name in stratum.covariates:
        values = rows[covariate_column(name)].to_numpy()
        if np.ptp(values) > 0:
            columns.append(((values - values.mean()) / values.std())[:, None])
            labels.append(name)
    return _CodedRows(rows=rows, columns=columns, names=labels, contrasts=contrasts)


def _pairs(stratum: Stratum, *, cue: Cue | None) -> _CodedRows | None:
    settings = stratum.settings
    rows = stratum.paired(cue).filter(pl.col("score").is_not_null())
    if rows.height == 0 or rows[level_column(settings.contrast)].n_unique() < 2:
        return None
    side = (rows[level_column(settings.contrast)].cast(pl.String) == settings.advantaged).cast(pl.Float64).to_numpy()
    contrast = LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged)
    name = column_name(contrast)
    return _CodedRows(rows=rows, columns=[side[:, None]], names=[name], contrasts={name: contrast})


def _finding(stratum: Stratum, part: _CodedRows, effect: FixedEffect, sample: SampleSize) -> Finding:
    contrast = part.contrasts[effect.name]
    pairs = contrast.factor == stratum.settings.contrast
    estimand = Estimand(
        measure="published_model",
        arms=ArmContrast(arm="pairs" if pairs else "crossing"),
        contrast=(contrast,),
        quantity=Quantity(name="score", scale="log-odds"),
        method=_METHOD,
        tested=False,
    )
    spread = Spread(low=effect.low, high=effect.high, confidence=1 - stratum.settings.alpha, se=effect.se, df=effect.df)
    number = Tested(value=effect.estimate, p=effect.p, spread=spread)
    return with_number(estimand, stratum=stratum, number=number, sample=sample, notes=(_LABEL,))
