"""Probes: items that bring their own facts."""

from __future__ import annotations

import polars as pl
import pytest

from evenhand.analysis.findings.benefit_findings import benefit_findings
from evenhand.analysis.table.scores import scores_from_frame
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.settings import AnalysisSettings


def stratum(kind: str, rows: list[dict[str, object]]) -> Stratum:
    fixed = {
        "model": "m",
        "bank": "b",
        "kind": kind,
        "placement": "system",
        "reader": "none",
        "mitigation": "none",
        "order_index": 0,
        "outcome": "answered",
    }
    frame = pl.DataFrame(
        [{**fixed, "cell_key": str(number), **row} for number, row in enumerate(rows)], infer_schema_length=None
    )
    return strata(scores_from_frame(frame, settings=AnalysisSettings()))[0]


def asked(
    item: str, arm: str, choice: str, *, key: str, leak: bool | None = None, replicate: int = 0
) -> dict[str, object]:
    return {
        "item": item,
        "arm": arm,
        "arm_kind": arm,
        "replicate": replicate,
        "choice": choice,
        "keyed_option": key,
        "score": float(choice == key),
        "leak": leak,
    }


def test_a_benefit_item_is_scored_by_the_answer_the_fact_makes_right() -> None:
    # Without the fact c is best and everyone says c; with it b is best. Used with the fact: 1, 1, 0; without: 0.
    rows = [asked(f"i{n}", "none", "c", key="c") for n in range(3)]
    rows += [asked(f"i{n}", "item_fact", choice, key="b", leak=True) for n, choice in enumerate("bbc")]
    found = {one.measure: one for one in benefit_findings(stratum("benefit", rows))}
    assert found["fact_effect"].value == pytest.approx(2 / 3)
    assert found["fact_effect"].sample.items == 3
    assert found["leakage"].value == 1.0


def test_a_sycophancy_item_compares_scores() -> None:
    rows = [asked(f"i{n}", "none", "a", key="a") for n in range(4)]
    rows += [asked(f"i{n}", "item_fact", "ab"[n % 2], key="a") for n in range(4)]
    found = benefit_findings(stratum("sycophancy", rows))
    assert [one.value for one in found] == [pytest.approx(-0.5)]


def test_a_leakage_item_has_a_rate_and_no_effect() -> None:
    rows = [asked(f"i{n}", "none", "a", key="a") for n in range(4)]
    rows += [asked(f"i{n}", "item_fact", "a", key="a", leak=n == 0) for n in range(4)]
    found = benefit_findings(stratum("leakage", rows))
    assert [(one.measure, one.value) for one in found] == [("leakage", 0.25)]


def test_kinds_without_own_facts_have_no_probe_findings() -> None:
    assert benefit_findings(stratum("understanding", [asked("i", "none", "a", key="a")])) == []
