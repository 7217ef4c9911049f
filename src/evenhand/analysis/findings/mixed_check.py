"""The cross-check: the same contrasts from mixed models, in log-odds and as probabilities.

Estimand in log-odds: the difference in the log-odds of a right answer between two levels, for an item and profile of
average easiness. As probability: that difference averaged over the items and profiles of the design. Sampling units:
items and profiles, crossed. The model of the pairs lets items react differently to the contrast and has a verdict; that
of the crossing does not, and is there for description. Estimators: `evenhand.analysis.estimators.binomial_mixed` for
right-or-wrong scores, `evenhand.analysis.estimators.linear_mixed` for graded ones; docs/methods/mixed-models.md.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from msgspec import Struct, json
from numpy.typing import NDArray
from scipy import linalg

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, BinomialFit, FixedEffect, RandomSd, fit_binomial
from evenhand.analysis.estimators.crossed import dummies
from evenhand.analysis.estimators.equivalence import sampled_units
from evenhand.analysis.estimators.estimate import Estimate
from evenhand.analysis.estimators.linear_mixed import LinearCells, fit_linear
from evenhand.analysis.estimators.marginal import MarginalEffect, marginal_effects
from evenhand.analysis.estimators.random_terms import RandomTerm, term
from evenhand.analysis.estimators.sd_interval import sd_interval
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.factor_gaps import FactorLevels, crossing_levels, factor_levels
from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.scores import covariate_column, level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.errors import TableError
from evenhand.records.contrast import ArmContrast, LevelContrast, LevelOf
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity, Scale
from evenhand.records.profile import Cue
from evenhand.records.results import VarianceComponent

__all__ = ["CovariateEffect", "MixedCheck", "MixedRows", "column_name", "crossing_rows", "mixed_check"]

Array = NDArray[np.float64]

_FEWEST = 3
LARGEST = 400_000
"""Cells beyond which the model is left out: a fit then takes minutes, and its answer is that of the gaps."""
_LARGEST_INTERVAL = 100_000
"""Cells beyond which the profile SD has no interval, which costs as much as ten fits."""
_FAR = 8.0
"""Log-odds beyond which an estimate or a standard deviation is a sign of separation: 0.03% against even odds."""
_Spread = tuple[tuple[RandomSd, tuple[float | None, float | None]], ...]


class MixedRows(Struct, frozen=True, kw_only=True):
    """Cells of one cohort with their fixed effects and random terms."""

    part: Literal["pairs", "crossing"]
    binary: bool
    """Whether every score is 0 or 1."""
    total: Array
    """Sum of the scores of each cell."""
    trials: Array
    design: Array
    names: tuple[str, ...]
    """`intercept`, then one name per level and covariate; they tell columns apart and are never read."""
    groups: dict[str, tuple[str, ...]]
    """Factor -> its columns."""
    contrasts: dict[str, LevelContrast]
    """Column of a level -> the level and its reference."""
    sds: dict[str, float]
    """Covariate -> its standard deviation over the cells; its column is in units of that."""
    terms: tuple[RandomTerm, ...]
    sample: SampleSize


class _Fixed(Struct, kw_only=True):
    """Fixed-effect columns as they are gathered."""

    columns: list[Array]
    names: list[str]
    groups: dict[str, tuple[str, ...]]
    contrasts: dict[str, LevelContrast]
    sds: dict[str, float]


class CovariateEffect(Struct, frozen=True, kw_only=True):
    """What a model makes of a covariate, per unit of it."""

    covariate: str
    sd: float
    """Over the cells."""
    coefficient: float
    se: float
    scale: Scale


class MixedCheck(Struct, frozen=True, kw_only=True):
    """The findings of a stratum and the standard deviations behind them."""

    findings: tuple[Finding, ...]
    variances: tuple[VarianceComponent, ...]
    covariates: tuple[CovariateEffect, ...] = ()
    """Coefficients of the covariates; none where no model was fitted."""


_Made = tuple[list[Finding], _Spread, tuple[CovariateEffect, ...]]


def mixed_check(stratum: Stratum) -> MixedCheck:
    """The models of a stratum's pairs and crossing, in its main cue style."""
    cue = cues(stratum)[0]
    found: list[Finding] = []
    variances: list[VarianceComponent] = []
    covariates: tuple[CovariateEffect, ...] = ()
    for rows in (_pair_rows(stratum, cue=cue), crossing_rows(stratum, cue=cue)):
        if rows is None:
            continue
        try:
            _require_samples(rows)
            made, spread, adjusted = _binomial(stratum, rows) if rows.binary else _linear(stratum, rows)
        except (TableError, linalg.LinAlgError) as error:
            estimand = _estimand(rows, contrast=next(iter(rows.contrasts.values())), scale="log-odds")
            found.append(without_number(estimand, stratum=stratum, sample=rows.sample, reason=str(error)))
            continue
        found += made
        covariates = covariates or adjusted
        variances += [
            VarianceComponent(
                model=stratum.model,
                kind=stratum.kind,
                where=stratum.where,
                cohort=rows.part,
                term=sd.name,
                sd=sd.sd,
                low=low,
                high=high,
                levels=sd.levels,
                singular=sd.singular,
            )
            for sd, (low, high) in spread
        ]
    return MixedCheck(findings=tuple(found), variances=tuple(variances), covariates=covariates)


def crossing_rows(stratum: Stratum, *, cue: Cue | None) -> MixedRows | None:
    """The cells of the intersectional crossing: main effects, covariates, items and profiles."""
    rows = _modelled(stratum, cue=cue).filter(pl.col("score").is_not_null())
    if rows.height == 0:
        return None
    cells = _cells(rows, stratum)
    _, factors = crossing_levels(rows, stratum)
    kinds: dict[str, LevelOf] = dict.fromkeys(stratum.item_factors, "item")
    kinds |= dict.fromkeys(stratum.within_factors, "answer")
    others = [
        factor_levels(name, cells[level_column(name)].cast(pl.String), stratum=stratum, of=of)
        for name, of in kinds.items()
    ]
    profile, people = codes(cells["arm"])
    item, items = codes(cells["item"])
    fixed = _Fixed(columns=[np.ones((cells.height, 1))], names=["intercept"], groups={}, contrasts={}, sds={})
    for factor in factors:
        _add_factor(fixed, factor, dummies(factor.codes)[profile])
    for factor in others:
        if len(factor.levels) > 1:
            _add_factor(fixed, factor, dummies(factor.codes))
    for name in stratum.covariates:
        values = cells[covariate_column(name)].to_numpy()
        if np.ptp(values) > 0:
            fixed.sds[name] = float(values.std())
            fixed.columns.append(((values - values.mean()) / values.std())[:, None])
            fixed.names.append(covariate_column(name))
    terms = [term("item", item), term("profile", profile)]
    sample = SampleSize(trials=rows.height, items=len(items), profiles=len(people))
    return _rows(cells, part="crossing", fixed=fixed, terms=terms, sample=sample)


def _modelled(stratum: Stratum, *, cue: Cue | None) -> pl.DataFrame:
    """The trials of the crossing, or of all profiles where no factor lies between users, with no level missing."""
    others = (*stratum.item_factors, *stratum.within_factors)
    rows = stratum.crossed(cue) if stratum.crossed_factors() or not others else stratum.profiles(cue)
    kept = stratum.adjusted(rows)
    return kept.filter(pl.all_horizontal(pl.col(*map(level_column, others)).is_not_null())) if others else kept


def _add_factor(fixed: _Fixed, factor: FactorLevels, columns: Array) -> None:
    labels = tuple(column_name(factor.contrast(code)) for code in range(1, len(factor.levels)))
    fixed.columns.append(columns)
    fixed.names += labels
    fixed.groups[factor.name] = labels
    fixed.contrasts.update({name: factor.contrast(code) for code, name in enumerate(labels, start=1)})


def _pair_rows(stratum: Stratum, *, cue: Cue | None) -> MixedRows | None:
    """The cells of the matched pairs: the contrast, items with their reactions to it, sets and profiles."""
    settings = stratum.settings
    rows = stratum.paired(cue).filter(pl.col("score").is_not_null())
    column = level_column(settings.contrast)
    side = pl.col(column).cast(pl.String)
    rows = rows.filter(side.is_in([settings.advantaged, settings.disadvantaged])) if rows.height else rows
    if rows.height == 0 or rows[column].n_unique() < 2:
        return None
    cells = _cells(rows, stratum)
    half = np.where((cells[column].cast(pl.String) == settings.advantaged).to_numpy(), 0.5, -0.5)
    unit, units = codes(cells["unit"])
    item, items = codes(cells["item"])
    profile, _ = codes(cells["arm"])
    contrast = LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged)
    name = column_name(contrast)
    terms = [term("item", item), term("set", unit), term("profile", profile), term("item slope", item, covariate=half)]
    fixed = _Fixed(
        columns=[np.ones((cells.height, 1)), half[:, None]],
        names=["intercept", name],
        groups={},
        contrasts={name: contrast},
        sds={},
    )
    sample = SampleSize(trials=rows.height, items=len(items), profiles=len(units))
    return _rows(cells, part="pairs", fixed=fixed, terms=terms, sample=sample)


def _rows(
    cells: pl.DataFrame,
    *,
    part: Literal["pairs", "crossing"],
    fixed: _Fixed,
    terms: list[RandomTerm],
    sample: SampleSize,
) -> MixedRows:
    trials = cells["trials"].cast(pl.Float64).to_numpy()
    if (trials > 1).any():
        terms = [*terms, term("cell", np.arange(cells.height))]
    return MixedRows(
        part=part,
        binary=bool(cells["binary"].all()),
        total=cells["total"].to_numpy(),
        trials=trials,
        design=np.column_stack(fixed.columns),
        names=tuple(fixed.names),
        groups=fixed.groups,
        contrasts=fixed.contrasts,
        sds=fixed.sds,
        terms=tuple(terms),
        sample=sample,
    )


def _cells(rows: pl.DataFrame, stratum: Stratum) -> pl.DataFrame:
    """One row per arm and item, in a fixed order."""
    firsts = [pl.col(name).first() for name in ("unit", *map(level_column, (*stratum.factors, *stratum.item_factors)))]
    means = [pl.col(covariate_column(name)).mean() for name in stratum.covariates]
    within = [pl.col(level_column(name)).cast(pl.String) for name in stratum.within_factors]
    return (
        rows.group_by(pl.col("arm").cast(pl.String), pl.col("item").cast(pl.String), *within)
        .agg(
            *firsts,
            *means,
            pl.col("score").sum().alias("total"),
            pl.len().alias("trials"),
            pl.col("score").is_in([0.0, 1.0]).all().alias("binary"),
        )
        .sort("arm", "item", *map(level_column, stratum.within_factors))
    )


def _binomial(stratum: Stratum, rows: MixedRows) -> _Made:
    if np.ptp(rows.total / rows.trials) == 0 and rows.total[0] in {0.0, rows.trials[0]}:
        raise TableError("All answers are alike, so their log-odds are infinite and no model can be fitted.")
    cells = BinomialCells(
        successes=rows.total, trials=rows.trials, design=rows.design, names=rows.names, terms=rows.terms
    )
    fit = fit_binomial(cells)
    _require_finite(fit)
    notes = (*_fit_notes(fit.notes, converged=fit.converged, part=rows.part), *_interval_note(rows))
    found = [
        _fixed_finding(stratum, rows, effect, scale="log-odds", notes=notes)
        for effect in fit.effects
        if effect.name in rows.contrasts
    ]
    for effect in marginal_effects(cells, fit, groups=rows.groups):
        found.append(_marginal_finding(stratum, rows, effect, notes=notes))
    spread = tuple((sd, _interval(sd, cells=cells, fit=fit, rows=rows)) for sd in fit.sds)
    return found, spread, _covariates(rows, fit.effects, scale="log-odds")


def _interval_note(rows: MixedRows) -> tuple[str, ...]:
    """A sentence where the profile SD has no interval because there are too many cells."""
    if rows.part != "crossing" or rows.total.size <= _LARGEST_INTERVAL:
        return ()
    return (f"No interval of the profile SD: there are {rows.total.size:,} cells, above {_LARGEST_INTERVAL:,}.",)


def _interval(
    sd: RandomSd, *, cells: BinomialCells, fit: BinomialFit, rows: MixedRows
) -> tuple[float | None, float | None]:
    """Profile-likelihood interval of the profile SD of a crossing; the others are not asked about."""
    if sd.name != "profile" or rows.part != "crossing" or rows.total.size > _LARGEST_INTERVAL:
        return None, None
    try:
        return sd_interval(cells, fit, term="profile")
    except linalg.LinAlgError:
        # The likelihood is flat in every direction: there is no interval to state.
        return None, None


def _linear(stratum: Stratum, rows: MixedRows) -> _Made:
    terms = tuple(part for part in rows.terms if part.name != "cell")
    cells = LinearCells(
        score=rows.total / rows.trials, weights=rows.trials, design=rows.design, names=rows.names, terms=terms
    )
    fit = fit_linear(cells)
    notes = _fit_notes(fit.notes, converged=fit.converged, part=rows.part)
    found = [
        _fixed_finding(stratum, rows, effect, scale="probability", notes=notes)
        for effect in fit.effects
        if effect.name in rows.contrasts
    ]
    spread = tuple((sd, (None, None)) for sd in fit.sds)
    return found, spread, _covariates(rows, fit.effects, scale="probability")


def _covariates(rows: MixedRows, effects: tuple[FixedEffect, ...], *, scale: Scale) -> tuple[CovariateEffect, ...]:
    named = {covariate_column(name): (name, sd) for name, sd in rows.sds.items()}
    return tuple(
        CovariateEffect(
            covariate=named[effect.name][0],
            sd=named[effect.name][1],
            coefficient=effect.estimate / named[effect.name][1],
            se=effect.se_adjusted / named[effect.name][1],
            scale=scale,
        )
        for effect in effects
        if effect.name in named
    )


def _require_samples(rows: MixedRows) -> None:
    if min(rows.sample.items, rows.sample.profiles) < _FEWEST:
        raise TableError(
            f"a model of {rows.sample.items} items and {rows.sample.profiles} users cannot tell how either of them "
            f"varies; it needs at least {_FEWEST} of each."
        )
    if rows.total.size > LARGEST:
        raise TableError(f"there are {rows.total.size:,} cells; the mixed model is fitted up to {LARGEST:,} of them.")


def _require_finite(fit: BinomialFit) -> None:
    if not (np.isfinite(fit.beta).all() and np.isfinite(fit.variances).all() and (fit.variances >= 0).all()):
        raise TableError("the likelihood has no maximum inside on these few answers, so the model has no estimates.")
    if np.abs(fit.beta).max() > _FAR or np.sqrt(fit.variances).max(initial=0.0) > _FAR:
        raise TableError(
            f"answers to an item hardly vary, so log-odds run off (beyond {_FAR:.0f}) and say nothing; "
            f"read the gaps on the probability scale."
        )


def _fit_notes(notes: tuple[str, ...], *, converged: bool, part: Literal["pairs", "crossing"]) -> tuple[str, ...]:
    unsure = () if converged else ("The optimiser did not converge; read the number with care.",)
    return (*notes, *unsure, *((_NO_SLOPE,) if part == "crossing" else ()))


_NO_SLOPE = (
    "For description only, without a verdict: the model has no slope for items that react differently to the level, so "
    "its p-value is too small where they do. The tested contrast is the factor gap."
)


def _fixed_finding(
    stratum: Stratum, rows: MixedRows, effect: FixedEffect, *, scale: Scale, notes: tuple[str, ...]
) -> Finding:
    estimand = _estimand(rows, contrast=rows.contrasts[effect.name], scale=scale)
    se = effect.se_adjusted
    return finding(
        estimand,
        stratum=stratum,
        estimate=_estimate(effect, rows, se=se, stratum=stratum),
        sample=rows.sample,
        notes=notes,
    )


def _marginal_finding(stratum: Stratum, rows: MixedRows, effect: MarginalEffect, *, notes: tuple[str, ...]) -> Finding:
    estimand = _estimand(rows, contrast=rows.contrasts[effect.name], scale="probability")
    estimate = _estimate(effect, rows, se=effect.se, stratum=stratum)
    return finding(estimand, stratum=stratum, estimate=estimate, sample=rows.sample, notes=notes)


def _estimate(effect: FixedEffect | MarginalEffect, rows: MixedRows, *, se: float, stratum: Stratum) -> Estimate:
    sets = next((one.levels for one in rows.terms if one.name == "set"), 0)
    return Estimate(
        estimate=effect.estimate,
        se=se,
        df=effect.df,
        low=effect.low,
        high=effect.high,
        p=effect.p,
        confidence=1 - stratum.settings.alpha,
        smallest_detectable=None,
        components=(),
        degenerate=se == 0,
        notes=(),
        sampled=sampled_units((sets, rows.sample.items)),
    )


def column_name(contrast: LevelContrast) -> str:
    """A name for a level's column that no other level shares, whatever the factor and level are called."""
    return json.encode([contrast.factor, contrast.level]).decode()


def _estimand(rows: MixedRows, *, contrast: LevelContrast, scale: Scale) -> Estimand:
    return Estimand(
        measure="mixed_model",
        arms=ArmContrast(arm=rows.part),
        contrast=(contrast,),
        quantity=Quantity(name="score", scale=scale),
        described=rows.part == "crossing",
        on_margin=rows.part == "pairs",
        method="binomial mixed model" if rows.binary else "linear mixed model",
    )
