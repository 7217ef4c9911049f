"""The whole analysis."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
import numpy as np
import polars as pl
import pytest

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.scores import Scores, scores_from_frame
from evenhand.records.estimate import Absent
from evenhand.records.findings import Findings
from evenhand.records.identity import finding_id
from evenhand.records.settings import AnalysisSettings
from evenhand.report.titles import estimand_of, title_of
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

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


def numbers(value: object) -> Iterator[float]:
    """Every float in a record, however deep."""
    if isinstance(value, float):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from numbers(part)


@pytest.mark.parametrize("name", KINDS_OF_TABLE)
def test_no_number_is_ever_absent_without_a_reason_or_not_finite(name: str) -> None:
    findings = analyse(table(name))
    assert findings.findings
    results = (findings.cells, findings.items, findings.options, findings.mentions, findings.variances, findings.power)
    for record in (*findings.findings, *(one for rows in results for one in rows)):
        # As they are, not as JSON: there NaN would be null.
        assert all(map(math.isfinite, numbers(msgspec.to_builtins(record)))), record
    for found in findings.findings:
        if found.value is None:
            assert isinstance(found.number, Absent) and found.number.reason.endswith("."), finding_id(found)


@pytest.mark.parametrize("name", KINDS_OF_TABLE)
def test_every_finding_has_its_own_id_an_estimand_in_words_and_survives_json(name: str) -> None:
    findings = analyse(table(name))
    ids = [finding_id(found) for found in findings.findings]
    assert len(ids) == len(set(ids))
    for found in findings.findings:
        name = finding_id(found)
        assert len(estimand_of(found).split()) > 8, name
        assert estimand_of(found).endswith("."), name
        assert title_of(found) and found.method and found.model
        if found.low is not None and found.high is not None and found.value is not None:
            assert found.low <= found.value + 1e-9 and found.value <= found.high + 1e-9, name
        for p in (found.p, found.p_adjusted, found.equivalence.p if found.equivalence else None):
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
        assert found.role == "confirmatory"
        assert found.verdict in verdicts


def test_the_confirmatory_family_is_the_plans() -> None:
    findings = analyse(table("plain"), published=False).findings
    assert {found.measure for found in findings if found.role == "confirmatory"} == {"gap", "memory_effect"}


def test_missing_arms_are_said_in_the_warnings() -> None:
    assert any("placebo" in warning for warning in analyse(table("one pair")).warnings)
    assert any("noise floor" in warning for warning in analyse(table("one pair")).warnings)
    assert any("no usable answer" in warning for warning in analyse(table("everything refused")).warnings)
    scores = simulated_scores(
        Respondent(), design=SimulatedDesign(items=4, sets=12, none_repeats=0), rng=np.random.default_rng(0)
    )
    assert any("no no-memory arm" in warning for warning in analyse(scores).warnings)


@pytest.mark.parametrize(
    ("kind", "answer", "measures"),
    [
        ("leakage", "text", {"leakage", "missing_rate"}),
        ("leakage", "rating", {"accuracy", "leakage", "missing_rate"}),
        ("advice", "text", {"missing_rate"}),
        ("intensity", "rating", {"accuracy", "missing_rate"}),
    ],
)
def test_answers_without_a_choice_have_what_needs_none(kind: str, answer: str, measures: set[str]) -> None:
    rows = [
        {
            **{"model": "m", "bank": "b", "kind": kind, "item": f"i{item}", "arm": arm, "arm_kind": arm},
            **{"placement": "system", "reader": "none", "mitigation": "none", "answer": answer, "order_index": 0},
            **{"replicate": 0, "outcome": "answered", "score": 0.5 if answer == "rating" else None},
            **{"leak": item % 2 == 0 if arm == "item_fact" else None, "cell_key": f"{item} {arm}"},
        }
        for item in range(6)
        for arm in ("none", "item_fact")
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    found = analyse(scores_from_frame(frame, settings=AnalysisSettings()), published=False)
    own = {one.measure for one in found.findings if one.arms.arm in ("item_fact", "none")}
    assert own == measures
    # That a probe's own fact surfaces is told where a leak is what was asked for, whatever the format.
    assert any(one.arms.arm == "item_fact" and one.measure == "leakage" for one in found.findings) == (
        kind == "leakage"
    )


def test_interactions_and_cells_are_told_of_the_first_condition_of_each_model_and_kind() -> None:
    scores = table("two models, missing answers")
    found = analyse(scores, published=False)
    assert [len([cell for cell in found.cells if cell.model == model]) for model in ("a", "b")] == [81, 81]
    assert {cell.where.reader for cell in found.cells} == {"none"}
