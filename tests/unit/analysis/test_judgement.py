"""Families and verdicts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.analysis.judgement import family_of, judged
from evenhand.records.finding import Finding
from evenhand.records.settings import AnalysisSettings

SETTINGS = AnalysisSettings()


def made(**changes: object) -> Finding:
    base = Finding(
        id="gap/m/understanding/system",
        measure="gap",
        family="descriptive",
        title="t",
        estimand="e",
        scale="probability",
        model="m",
        kind="understanding",
        placement="system",
        estimate=0.1,
        p=0.01,
        p_equivalence=0.9,
        method="x",
    )
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("changes", "family"),
    [
        ({}, "confirmatory"),
        ({"id": "gap/m/understanding/system/mitigation=redact"}, "exploratory"),
        ({"id": "gap/m/understanding/system/cue=implied"}, "exploratory"),
        ({"id": "gap/m/benefit/system", "kind": "benefit"}, "exploratory"),
        ({"measure": "factor_gap"}, "exploratory"),
        ({"measure": "accuracy", "p": None, "p_equivalence": None}, "descriptive"),
        ({"measure": "published_model"}, "descriptive"),
        ({"p": None, "p_equivalence": None, "estimate": None}, "confirmatory"),
    ],
)
def test_the_family_follows_from_the_plan_and_the_finding(changes: dict[str, object], family: str) -> None:
    assert family_of(made(**changes), settings=SETTINGS) == family


def test_holm_spans_models_and_benjamini_hochberg_stays_within_one() -> None:
    confirmatory = [made(id=f"gap/{m}/understanding/system", model=m, p=p) for m, p in (("a", 0.01), ("b", 0.04))]
    exploratory = [made(id=f"x{n}", measure="interaction", p=p) for n, p in enumerate((0.01, 0.04, 0.5))]
    found = judged([*confirmatory, *exploratory], settings=SETTINGS)
    # Holm: 2 x 0.01, then max(0.02, 1 x 0.04). Benjamini-Hochberg: 3 x 0.01, 3/2 x 0.04, 0.5.
    assert [one.p_adjusted for one in found] == pytest.approx([0.02, 0.04, 0.03, 0.06, 0.5])
    assert [one.verdict for one in found] == ["difference", "difference", "difference", "inconclusive", "inconclusive"]


def test_a_difference_within_the_margin_is_equivalent_and_says_that_it_differs() -> None:
    found = judged([made(p=0.001, p_equivalence=0.001)], settings=SETTINGS)[0]
    assert found.verdict == "equivalent"
    assert "less than the margin" in found.notes[-1]


def test_the_verdict_equivalent_rests_on_the_adjusted_test_against_the_margin() -> None:
    pair = [
        made(id=f"gap/{m}/understanding/system", model=m, p=0.6, p_equivalence=p) for m, p in (("a", 0.03), ("b", 0.3))
    ]
    found = judged(pair, settings=SETTINGS)
    # Holm: 2 x 0.03 is above 0.05, though 0.03 alone is not.
    assert [one.verdict for one in found] == ["inconclusive", "inconclusive"]
    assert [one.p_equivalence for one in found] == [0.03, 0.3]
    assert judged(pair[:1], settings=SETTINGS)[0].verdict == "equivalent"


def test_what_could_not_be_estimated_is_inconclusive() -> None:
    found = judged([made(estimate=None, p=None, p_equivalence=None)], settings=SETTINGS)[0]
    assert found.verdict == "inconclusive"
    assert found.p_adjusted is None


def test_descriptive_findings_have_no_verdict() -> None:
    found = judged([made(measure="accuracy", p=None, p_equivalence=None)], settings=SETTINGS)[0]
    assert found.verdict is None
