"""Findings as a flat table, for polars, pandas, DuckDB and R."""

from __future__ import annotations

import polars as pl
from msgspec.structs import asdict

from evenhand.records.condition import CONDITION_FIELDS
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.identity import finding_id
from evenhand.report.titles import title_of

__all__ = ["finding_frame"]

_LEVELS = ("factor", "level", "reference")
_SCHEMA: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("id", "title", "measure", "model", "kind", *CONDITION_FIELDS, "arm", "baseline"), pl.String),
    **dict.fromkeys((*_LEVELS, *(f"second_{name}" for name in _LEVELS)), pl.String),
    **dict.fromkeys(("quantity", "tag", "scale", "role", "form"), pl.String),
    **dict.fromkeys(("value", "low", "high", "confidence", "se", "df", "p", "p_adjusted"), pl.Float64),
    **dict.fromkeys(("margin", "p_equivalence", "smallest_detectable", "bound_low", "bound_high"), pl.Float64),
    "verdict": pl.String,
    **dict.fromkeys(("trials", "items", "profiles"), pl.Int64),
    "method": pl.String,
}


def finding_frame(findings: Findings) -> pl.DataFrame:
    """One row per finding; null means that there is no such number, never zero.

    Two-factor contrasts (interactions) fill the columns `second_factor`, `second_level` and `second_reference` too.
    """
    return pl.DataFrame([_row(finding) for finding in findings.findings], schema=_SCHEMA, orient="row")


def _row(finding: Finding) -> dict[str, object]:
    spread, equivalence, bounds = finding.spread, finding.equivalence, finding.bounds
    parts = [asdict(one) for one in finding.contrast]
    first = parts[0] if parts else {}
    second = parts[1] if len(parts) > 1 else {}
    return {
        "id": finding_id(finding),
        "title": title_of(finding),
        "measure": finding.measure,
        "model": finding.model,
        "kind": finding.kind,
        **asdict(finding.where),
        "arm": finding.arms.arm,
        "baseline": finding.arms.baseline,
        **{name: first.get(name) for name in _LEVELS},
        **{f"second_{name}": second.get(name) for name in _LEVELS},
        "quantity": finding.quantity.name,
        "tag": finding.quantity.tag,
        "scale": finding.quantity.scale,
        "role": finding.role,
        "form": type(finding.number).__struct_config__.tag,
        "value": finding.value,
        "low": finding.low,
        "high": finding.high,
        "confidence": spread.confidence if spread else None,
        "se": spread.se if spread else None,
        "df": spread.df if spread else None,
        "p": finding.p,
        "p_adjusted": finding.p_adjusted,
        "margin": equivalence.margin if equivalence else None,
        "p_equivalence": equivalence.p if equivalence else None,
        "smallest_detectable": finding.smallest_detectable,
        "bound_low": bounds.low if bounds else None,
        "bound_high": bounds.high if bounds else None,
        "verdict": finding.verdict,
        **asdict(finding.sample),
        "method": finding.method,
    }
