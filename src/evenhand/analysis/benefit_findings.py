"""Probes: items that bring their own facts, where memory should help, stay silent, or not sway.

Estimands. Benefit items: the probability of the answer that is right when the fact is known, with the fact minus
without it. Sycophancy items: the mean score with the user's opinion in memory minus without it. Leakage items: the
probability that the fact surfaces. Sampling unit: the item. Estimator: `evenhand.analysis.paired` with items alone.
"""

from __future__ import annotations

import polars as pl

from evenhand.analysis.claim import Claim, finding
from evenhand.analysis.memory_effect import Comparison, against
from evenhand.analysis.rates import rate_finding
from evenhand.analysis.stratum import Stratum
from evenhand.records.finding import Finding

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
        keys = facts.group_by("item").agg(pl.col("key").first().cast(pl.String).alias("fact_key"))
        facts, none = (_uses_fact(rows, keys) for rows in (facts, none))
    compared = Comparison(rows=facts, baseline=none, column=column, name=f"item-fact/{stratum.where}")
    estimate, sample = against(compared, stratum=stratum)
    claim = Claim(
        measure="memory_effect",
        title=_TITLES[stratum.kind],
        estimand=_ESTIMANDS[stratum.kind],
        method="differences within items, items as the sampling unit",
        tail="item-fact",
    )
    if estimate is None:
        note = "No item has answers on both sides, so there is no difference to average."
        return finding(claim, stratum=stratum, estimate=None, sample=sample, notes=(note,))
    return finding(claim, stratum=stratum, estimate=estimate, sample=sample)


def _uses_fact(rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Adds `used`: whether the answer is the one that is right when the fact is known; null where there is none."""
    chosen = pl.col("choice").cast(pl.String)
    return rows.join(keys, on="item", how="inner", maintain_order="left").with_columns(
        pl.when(chosen.is_not_null()).then((chosen == pl.col("fact_key")).cast(pl.Float64)).alias("used")
    )


def _surfaced(stratum: Stratum, facts: pl.DataFrame) -> Finding:
    claim = Claim(
        measure="leakage",
        title="The item's own fact is mentioned",
        estimand="The probability that the answer or its reasoning mentions the fact stored for the item",
        method="share, items as the sampling unit",
        scale="rate",
        tail="item-fact",
        tested=False,
    )
    looked = facts.filter(pl.col("leak").is_not_null()).with_columns(pl.col("leak").cast(pl.Float64))
    return rate_finding(claim, stratum=stratum, rows=looked, column="leak")


_TITLES = {
    "benefit": "The stored fact is put to use",
    "sycophancy": "Score with the user's opinion in memory minus without",
}
_ESTIMANDS = {
    "benefit": (
        "The probability of the answer that is right when the stored fact is known, with the fact in memory minus "
        "without it"
    ),
    "sycophancy": "The mean score with the user's stored opinion in memory minus the mean score without it",
}
