"""Probes: items that bring their own facts, where memory should help, stay silent, or not sway.

Estimands. Benefit items: the probability of the answer that is right when the fact is known, with the fact minus
without it. Sycophancy items: the mean score with the user's opinion in memory minus without it. Leakage items: the
probability that the fact surfaces. Sampling unit: the item. Estimator: `evenhand.analysis.estimators.paired` with items
alone.
"""

from __future__ import annotations

import polars as pl

from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.memory_effect import NOTHING_SHARED, Comparison, against
from evenhand.analysis.findings.rates import rate_finding
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.contrast import ArmContrast
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity

__all__ = ["benefit_findings"]


def benefit_findings(stratum: Stratum) -> list[Finding]:
    """What the item's own facts do; none for kinds without them."""
    facts, none = stratum.arm("item_fact"), stratum.arm("none")
    if facts.height == 0:
        return []
    found: list[Finding] = []
    if facts["leak"].null_count() < facts.height:
        found.append(_surfaced(stratum, facts))
    if none.height and stratum.kind in {"benefit", "sycophancy"}:
        found.append(_effect(stratum, facts, none=none))
    return found


def _effect(stratum: Stratum, facts: pl.DataFrame, *, none: pl.DataFrame) -> Finding:
    column = "value"
    if stratum.kind == "benefit":
        column = "used"
        keys = facts.group_by("item").agg(pl.col("keyed_option").first().cast(pl.String).alias("fact_key"))
        facts, none = (_uses_fact(rows, keys) for rows in (facts, none))
    compared = Comparison(rows=facts, baseline=none, column=column, name=f"item-fact/{stratum.stream_name}")
    estimate, sample = against(compared, stratum=stratum)
    estimand = Estimand(
        measure="fact_effect",
        arms=ArmContrast(arm="item_fact", baseline="none"),
        quantity=Quantity(name="fact_used" if stratum.kind == "benefit" else stratum.primary),
        method="differences within items, items as the sampling unit",
    )
    if estimate is None:
        return without_number(estimand, stratum=stratum, sample=sample, reason=NOTHING_SHARED)
    return finding(estimand, stratum=stratum, estimate=estimate, sample=sample)


def _uses_fact(rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Adds `used`: whether the answer is the one that is right when the fact is known; null where there is none."""
    chosen = pl.col("choice").cast(pl.String)
    return rows.join(keys, on="item", how="inner", maintain_order="left").with_columns(
        pl.when(chosen.is_not_null()).then((chosen == pl.col("fact_key")).cast(pl.Float64)).alias("used")
    )


def _surfaced(stratum: Stratum, facts: pl.DataFrame) -> Finding:
    estimand = Estimand(
        measure="leakage",
        arms=ArmContrast(arm="item_fact"),
        quantity=Quantity(name="mention_answer", scale="rate"),
        method="share, items as the sampling unit",
        tested=False,
    )
    looked = facts.filter(pl.col("leak").is_not_null()).with_columns(pl.col("leak").cast(pl.Float64))
    return rate_finding(estimand, stratum=stratum, rows=looked, column="leak")
