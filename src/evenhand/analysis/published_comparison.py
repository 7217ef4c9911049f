"""The published analysis beside ours, on the same trials: for comparison, never for a verdict.

The published model is a binomial mixed model with an item intercept and nothing else, fitted by variational Bayes. It
takes answers of one profile as independent, so its standard errors are too small (docs/methods/mixed-models.md holds
the false-alarm rates). Every finding made here says so.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.binomial_mixed import FixedEffect
from evenhand.analysis.claim import Claim, Sample, finding
from evenhand.analysis.crossed import dummies
from evenhand.analysis.factor_gaps import crossing_levels
from evenhand.analysis.published import item_only_bayes
from evenhand.analysis.stratum import Stratum, codes, cues
from evenhand.records.finding import Finding, Table

__all__ = ["published_findings", "published_table"]

LARGEST = 30_000
"""Trials beyond which the published model is left out: variational Bayes on single rows then costs more than all else."""

_LABEL = "For comparison only: the published model treats answers of one profile as independent and finds too much."
_METHOD = "published: item intercept only, variational Bayes (for comparison)"


class _Part(Struct, frozen=True, kw_only=True):
    rows: pl.DataFrame
    columns: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]
    names: list[str]
    references: dict[str, str]


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
        sample = Sample(trials=part.rows.height, items=len(items), profiles=part.rows["arm"].n_unique())
        found += [_finding(stratum, part, effect, sample) for effect in effects if effect.name in part.references]
    return found


def published_table(findings: tuple[Finding, ...], *, model: str) -> Table | None:
    """The published model's table and ours, side by side, for one model; None where it was not fitted."""
    of_model = [found for found in findings if found.model == model]
    published = [found for found in of_model if found.measure == "published_model"]
    if not published:
        return None
    ours = {_key(found): found for found in of_model if found.measure == "mixed_model" and found.scale == "log-odds"}
    gaps = {_key(found): found for found in of_model if found.measure in {"factor_gap", "gap"} and found.p is not None}
    rows = []
    for found in published:
        mixed, gap = ours.get(_key(found)), gaps.get(_key(found))
        rows.append(
            (
                found.kind,
                f"{found.factor}: {found.level}",
                found.estimate,
                found.se,
                found.p,
                *((None, None, None) if mixed is None else (mixed.estimate, mixed.se, mixed.p)),
                *((None, None, None) if gap is None else (gap.estimate, gap.p_adjusted, gap.verdict)),
            )
        )
    return Table(
        id=f"published_model/{model}",
        title="The published analysis and ours, side by side",
        caption=(
            f"{_LABEL} Ours: a binomial mixed model with crossed items and profiles (log-odds), and the primary gap on "
            f"the probability scale with its adjusted p and verdict."
        ),
        columns=(
            "kind",
            "level",
            "published log-odds",
            "published se",
            "published p",
            "our log-odds",
            "our se",
            "our p",
            "our gap",
            "adjusted p",
            "verdict",
        ),
        rows=tuple(rows),
        model=model,
        units={
            "published log-odds": "number",
            "published se": "number",
            "published p": "p",
            "our log-odds": "number",
            "our se": "number",
            "our p": "p",
            "our gap": "points",
            "adjusted p": "p",
        },
    )


def _key(found: Finding) -> tuple[str | None, ...]:
    return (found.kind, found.placement, found.reader, found.mitigation, found.factor, found.level)


def _crossing(stratum: Stratum, *, cue: str | None) -> _Part | None:
    rows = stratum.crossed(cue).filter(pl.col("score").is_not_null())
    if rows.height == 0:
        return None
    _, factors = crossing_levels(rows, stratum)
    profile, _ = codes(rows["arm"])
    labels = [f"{factor.name}.{level}" for factor in factors for level in factor.levels[1:]]
    references = {f"{f.name}.{level}": f.levels[0] for f in factors for level in f.levels[1:]}
    columns = [dummies(factor.codes)[profile] for factor in factors]
    for name in stratum.covariates:
        values = rows[name].to_numpy()
        values = np.where(np.isnan(values), np.nanmean(values), values)
        if np.ptp(values) > 0:
            columns.append(((values - values.mean()) / values.std())[:, None])
            labels.append(name)
    return _Part(rows=rows, columns=columns, names=labels, references=references)


def _pairs(stratum: Stratum, *, cue: str | None) -> _Part | None:
    settings = stratum.settings
    rows = stratum.paired(cue).filter(pl.col("score").is_not_null())
    if rows.height == 0 or rows[settings.contrast].n_unique() < 2:
        return None
    side = (rows[settings.contrast].cast(pl.String) == settings.advantaged).cast(pl.Float64).to_numpy()
    name = f"{settings.contrast}.{settings.advantaged}"
    return _Part(rows=rows, columns=[side[:, None]], names=[name], references={name: settings.disadvantaged})


def _finding(stratum: Stratum, part: _Part, effect: FixedEffect, sample: Sample) -> Finding:
    factor, _, level = effect.name.partition(".")
    reference = part.references[effect.name]
    claim = Claim(
        measure="published_model",
        title=f"Published model, {factor}: {level} minus {reference}",
        estimand=f"The log-odds of a right answer with {factor} {level!r} minus that with {factor} {reference!r}",
        method=_METHOD,
        scale="log-odds",
        tail=effect.name,
        factor=factor,
        level=level,
        reference=reference,
        tested=False,
    )
    bare = finding(claim, stratum=stratum, estimate=None, sample=sample, notes=(_LABEL,))
    return replace(bare, estimate=effect.estimate, se=effect.se, low=effect.low, high=effect.high, p=effect.p)
