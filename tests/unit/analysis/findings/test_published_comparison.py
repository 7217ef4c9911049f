"""The published model beside ours."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.analyse import analyse
from evenhand.analysis.findings import published_comparison
from evenhand.analysis.findings.published_comparison import published_findings, published_left_out
from evenhand.analysis.table.scores import Scores
from evenhand.analysis.table.stratum import strata
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import number, se_of, the


def scores(**design: object) -> Scores:
    sized = SimulatedDesign(**{"items": 8, "sets": 6, "crossing": True, "placebos": 0, **design})  # type: ignore[arg-type]
    respondent = Respondent(gap=1.0, effects={"gender.female": -1.0})
    return simulated_scores(respondent, design=sized, rng=np.random.default_rng(0))


def test_every_published_number_says_that_it_is_for_comparison_and_has_no_verdict() -> None:
    findings = analyse(scores(), published=True)
    published = [found for found in findings.findings if found.measure == "published_model"]
    assert {found.contrast[0].factor for found in published} == {"position", "gender", "age", "religion", "ethnicity"}
    for found in published:
        assert found.verdict is None
        assert found.role == "descriptive"
        assert "For comparison only" in found.notes[0]


def test_both_analyses_of_a_level_are_there_with_estimate_error_and_p() -> None:
    found = analyse(scores(), published=True).findings
    published = the(found, measure="published_model", level="female", scale="log-odds")
    ours = the(found, measure="mixed_model", level="female", scale="log-odds")
    gap = the(found, measure="factor_gap", level="female")
    for one in (published, ours):
        assert number(one) < 0
        assert one.p is not None and se_of(one) is not None
    assert number(gap) < 0 and gap.p_adjusted is not None


def test_it_is_left_out_unless_asked_for_or_a_bare_table() -> None:
    assert not [found for found in analyse(scores(), published=False).findings if found.measure == "published_model"]


def test_answers_that_are_all_alike_are_left_out() -> None:
    alike = simulated_scores(
        Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0),
        design=SimulatedDesign(items=4, sets=3),
        rng=np.random.default_rng(0),
    )
    assert published_findings(strata(alike)[0]) == []


def test_a_table_that_is_too_large_for_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_comparison, "LARGEST", 50)
    findings = analyse(scores(), published=True)
    assert not [found for found in findings.findings if found.measure == "published_model"]
    (said,) = [warning for warning in findings.warnings if "published model" in warning]
    assert "the published model is left out, since it is fitted up to 50 answers" in said
    assert not [warning for warning in analyse(scores(), published=False).warnings if "published model" in warning]


def test_a_table_just_as_large_as_is_fitted_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    (part,) = strata(scores())
    largest = max(part.paired().height, part.crossed().height)
    monkeypatch.setattr(published_comparison, "LARGEST", largest)
    assert published_left_out(part) is None
    monkeypatch.setattr(published_comparison, "LARGEST", largest - 1)
    assert published_left_out(part) == (
        "simulated/model, understanding: the published model is left out, since it is fitted up to "
        f"{largest - 1:,} answers and there are {largest:,}."
    )
    design = SimulatedDesign(items=4, sets=0, placebos=0)
    (alone,) = strata(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0)))
    assert published_left_out(alone) is None


def test_the_published_model_is_fitted_up_to_thirty_thousand_answers() -> None:
    design = SimulatedDesign(items=371, sets=0, placebos=0, none_repeats=1, crossing=True)
    (part,) = strata(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0)))
    said = published_left_out(part)
    assert said is not None
    assert said.endswith("it is fitted up to 30,000 answers and there are 30,051.")
    assert published_findings(part) == []
