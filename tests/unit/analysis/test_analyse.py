"""The whole analysis."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from evenhand.analysis.analyse import analyse
from evenhand.analysis.respondents import Respondent, SimulatedDesign, simulated_scores
from evenhand.analysis.table import Scores
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings

KINDS_OF_TABLE = {
    "plain": (Respondent(), SimulatedDesign(items=8, sets=6, crossing=True)),
    "two models, missing answers": (
        Respondent(missing={"advantaged": 0.3, "none": 0.1, "crossing": 0.2}, leak=0.2),
        SimulatedDesign(models=("a", "b"), items=8, sets=6, crossing=True, replicates=2),
    ),
    "probabilities": (Respondent(gap=0.5), SimulatedDesign(items=8, sets=6, logprobs=True)),
    "constant answers": (
        Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0),
        SimulatedDesign(items=6, sets=4, crossing=True),
    ),
    "always wrong": (Respondent(easiness=-50.0, item_sd=0.0, cell_sd=0.0), SimulatedDesign(items=6, sets=4)),
    "one item": (Respondent(), SimulatedDesign(items=1, sets=6, crossing=True)),
    "one set": (Respondent(), SimulatedDesign(items=6, sets=1, placebos=0)),
    "one pair": (Respondent(), SimulatedDesign(items=1, sets=1, placebos=0, none_repeats=1)),
    "no memory only": (Respondent(), SimulatedDesign(items=6, sets=0, placebos=0)),
    "everything refused": (
        Respondent(missing=dict.fromkeys(("none", "placebo", "advantaged", "disadvantaged", "crossing"), 1.0)),
        SimulatedDesign(items=4, sets=3, crossing=True),
    ),
    "profiles refused": (
        Respondent(missing=dict.fromkeys(("advantaged", "disadvantaged", "crossing"), 1.0)),
        SimulatedDesign(items=4, sets=3, crossing=True),
    ),
    "incomplete": (Respondent(gap=0.3), SimulatedDesign(items=24, sets=12, sets_per_item=1)),
    "management": (Respondent(gap=0.3), SimulatedDesign(items=8, sets=6, kind="management")),
}


def table(name: str) -> Scores:
    respondent, design = KINDS_OF_TABLE[name]
    return simulated_scores(respondent, design=design, rng=np.random.default_rng(7))


def numbers(found: Finding) -> dict[str, float | None]:
    return {
        field: value
        for field, value in msgspec.structs.asdict(found).items()
        if isinstance(value, float) or field in {"estimate", "p", "low", "high"}
    }


@pytest.mark.parametrize("name", KINDS_OF_TABLE)
def test_no_finding_ever_holds_a_number_that_is_none_without_a_note_or_not_finite(name: str) -> None:
    findings = analyse(table(name))
    assert findings.findings
    for found in findings.findings:
        for field, value in numbers(found).items():
            assert value is None or math.isfinite(value), (found.id, field)
        if found.estimate is None:
            assert found.notes, found.id
    for shown in findings.tables:
        for row in shown.rows:
            assert len(row) == len(shown.columns)
            assert all(math.isfinite(cell) for cell in row if isinstance(cell, float)), shown.id


@pytest.mark.parametrize("name", KINDS_OF_TABLE)
def test_every_finding_has_its_own_id_an_estimand_in_words_and_survives_json(name: str) -> None:
    findings = analyse(table(name))
    ids = [found.id for found in findings.findings]
    assert len(ids) == len(set(ids))
    for found in findings.findings:
        assert len(found.estimand.split()) > 8
        assert found.model in found.estimand
        assert found.title and found.method
        if found.low is not None and found.high is not None and found.estimate is not None:
            assert found.low <= found.estimate + 1e-9 and found.estimate <= found.high + 1e-9, found.id
        for p in (found.p, found.p_adjusted, found.p_equivalence):
            assert p is None or 0 <= p <= 1
    assert msgspec.json.decode(msgspec.json.encode(findings), type=Findings) == findings


def test_the_same_table_and_seed_give_the_same_findings() -> None:
    scores = table("two models, missing answers")
    assert msgspec.json.encode(analyse(scores, published=False)) == msgspec.json.encode(
        analyse(scores, published=False)
    )


def test_a_planted_gap_gets_the_verdict_difference_and_no_gap_gets_none() -> None:
    design = SimulatedDesign(items=40, sets=24, placebos=4)
    for gap, verdicts in ((1.2, {"difference"}), (0.0, {"equivalent", "inconclusive"})):
        scores = simulated_scores(Respondent(gap=gap), design=design, rng=np.random.default_rng(1))
        found = next(one for one in analyse(scores, published=False).findings if one.measure == "gap")
        assert found.family == "confirmatory"
        assert found.verdict in verdicts


def test_the_confirmatory_family_is_the_plans() -> None:
    findings = analyse(table("plain"), published=False).findings
    assert {found.measure for found in findings if found.family == "confirmatory"} == {"gap", "memory_effect"}


def test_missing_arms_are_said_in_the_warnings() -> None:
    assert any("placebo" in warning for warning in analyse(table("one pair")).warnings)
    assert any("noise floor" in warning for warning in analyse(table("one pair")).warnings)
    assert any("no usable answer" in warning for warning in analyse(table("everything refused")).warnings)
    scores = simulated_scores(
        Respondent(), design=SimulatedDesign(items=4, sets=12, none_repeats=0), rng=np.random.default_rng(0)
    )
    assert any("no no-memory arm" in warning for warning in analyse(scores).warnings)
