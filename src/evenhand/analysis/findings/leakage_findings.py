"""Whether stored facts surface in answers, and whether answers change without the reasoning ever naming them.

Estimand of `leakage`: the probability that the answer (or the reasoning) of a trial with memory mentions a stored fact.
Estimand of `silent_influence`: the probability that an answer differs from a no-memory answer to the same item in the
same option order while the reasoning mentions no stored fact. Sampling units: matched sets (or profiles) and items,
crossed. What counts as a mention is decided when trials are scored.
"""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from evenhand.analysis.findings.estimand import Estimand, finding
from evenhand.analysis.findings.flips import disagreement
from evenhand.analysis.findings.gaps import gap_estimate, gap_grid, sample_of
from evenhand.analysis.findings.rates import rate_finding
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, ArmGroup, LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from evenhand.records.profile import Cue
from evenhand.records.results import FactMention

__all__ = ["fact_mentions", "leakage_findings"]

_QUANTITIES: dict[str, Quantity] = {
    "leak": Quantity(name="mention_answer", scale="rate"),
    "leak_reasoning": Quantity(name="mention_reasoning", scale="rate"),
}
"""Column of the score table -> what it counts."""


def leakage_findings(stratum: Stratum) -> list[Finding]:
    """Mention rates by arm, their gap between versions, and silent influence; none where nothing was looked for."""
    found: list[Finding] = []
    for column in _QUANTITIES:
        for cue in cues(stratum):
            looked = _looked(stratum.profiles(cue), column)
            if looked.height:
                found.append(_rate(stratum, looked, column=column, arm="profile", cue=cue))
            placebo = _looked(stratum.arm("placebo"), column)
            if placebo.height and cue == cues(stratum)[0]:
                found.append(_rate(stratum, placebo, column=column, arm="placebo", cue=None))
            found += _gap(stratum, column=column, cue=cue)
    for cue in cues(stratum):
        found += _silent(stratum, cue=cue)
    return found


def fact_mentions(stratum: Stratum) -> list[FactMention]:
    """Mentions by dimension of the fact and by arm; none where nothing was looked for or found."""
    looked = _looked(stratum.rows, "leak")
    if looked.height == 0:
        return []
    arm = pl.col("arm_kind").cast(pl.String)
    total = looked.group_by(arm).agg(pl.len().alias("trials"))
    named = looked.filter(pl.col("leak_dimension").is_not_null())
    counts = named.group_by(arm, pl.col("leak_dimension").cast(pl.String)).agg(pl.len().alias("count"))
    return [
        FactMention(
            model=stratum.model,
            kind=stratum.kind,
            where=stratum.where,
            arm_kind=arm_kind,
            dimension=dimension,
            count=count,
            share=count / trials,
        )
        for arm_kind, dimension, count, trials in (
            counts.join(total, on="arm_kind").sort("arm_kind", "leak_dimension").iter_rows()
        )
    ]


def _rate(stratum: Stratum, rows: pl.DataFrame, *, column: str, arm: ArmGroup, cue: Cue | None) -> Finding:
    estimand = Estimand(
        measure="leakage",
        arms=ArmContrast(arm=arm),
        quantity=_QUANTITIES[column],
        method="share, crossed random effects of users and items",
        cue=cue,
        tested=False,
    )
    return rate_finding(estimand, stratum=stratum, rows=rows, column=column)


def _looked(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The trials in whose answer or reasoning facts were looked for."""
    return rows.filter(rows[column].is_not_null()) if rows[column].null_count() else rows


def _gap(stratum: Stratum, *, column: str, cue: Cue | None) -> list[Finding]:
    rows = _looked(stratum.paired(cue), column)
    if rows.height == 0 or not rows[column].any():
        return []
    settings = stratum.settings
    differences = gap_grid(rows, stratum=stratum, column=column)
    if not differences.observed:
        return []
    estimand = Estimand(
        measure="leakage",
        arms=ArmContrast(arm="pairs"),
        contrast=(
            LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged),
        ),
        quantity=_QUANTITIES[column],
        method="paired differences of indicators, crossed random effects (quasi-F, Satterthwaite)",
        cue=cue,
    )
    estimate = gap_estimate(differences, stratum=stratum, name=f"leakage/{stratum.stream_name}/{cue}/{column}")
    return [finding(estimand, stratum=stratum, estimate=estimate, sample=sample_of(differences))]


def _silent(stratum: Stratum, *, cue: Cue | None) -> list[Finding]:
    """Answers changed without a word; only where there is reasoning to look in."""
    rows = _looked(stratum.profiles(cue), "leak_reasoning")
    if rows.height == 0:
        return []
    compared = disagreement(rows, none=stratum.arm("none"))
    if compared.height == 0:
        return []
    silent = compared.with_columns((pl.col("flip") * (~pl.col("leak_reasoning")).cast(pl.Float64)).alias("silent"))
    changed = float(silent["flip"].sum())
    estimand = Estimand(
        measure="silent_influence",
        arms=ArmContrast(arm="profile", baseline="none"),
        quantity=Quantity(name="choice", scale="rate"),
        method="share, crossed random effects of users and items",
        cue=cue,
        tested=False,
    )
    made = rate_finding(estimand, stratum=stratum, rows=silent, column="silent")
    share = (
        f"{100 * float(silent['silent'].sum()) / changed:.0f}% of changed answers" if changed else "No answer changed"
    )
    note = f"{share}; the noise floor of repeated no-memory answers is not taken off."
    return [replace(made, notes=(*made.notes, note))]
