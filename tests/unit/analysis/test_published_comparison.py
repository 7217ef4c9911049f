"""The published model beside ours."""

from __future__ import annotations

import numpy as np

from evenhand.analysis.analyse import analyse
from evenhand.analysis.published_comparison import published_findings
from evenhand.analysis.respondents import Respondent, SimulatedDesign, simulated_scores
from evenhand.analysis.stratum import strata
from evenhand.analysis.table import Scores


def scores(**design: object) -> Scores:
    sized = SimulatedDesign(**{"items": 8, "sets": 6, "crossing": True, "placebos": 0, **design})  # type: ignore[arg-type]
    respondent = Respondent(gap=1.0, effects={"gender.female": -1.0})
    return simulated_scores(respondent, design=sized, rng=np.random.default_rng(0))


def test_every_published_number_says_that_it_is_for_comparison_and_has_no_verdict() -> None:
    findings = analyse(scores(), published=True)
    published = [found for found in findings.findings if found.measure == "published_model"]
    assert {found.factor for found in published} == {"position", "gender", "age", "religion", "ethnicity"}
    for found in published:
        assert found.verdict is None
        assert found.family == "descriptive"
        assert "For comparison only" in found.notes[0]


def test_the_side_by_side_table_holds_both_analyses() -> None:
    table = next(table for table in analyse(scores(), published=True).tables if table.id.startswith("published_model"))
    female = next(row for row in table.rows if row[1] == "gender: female")
    assert all(isinstance(value, float) for value in female[2:10])
    assert isinstance(female[2], float) and isinstance(female[5], float)
    assert female[2] < 0 and female[5] < 0


def test_it_is_left_out_unless_asked_for_or_a_bare_table() -> None:
    assert not [found for found in analyse(scores(), published=False).findings if found.measure == "published_model"]


def test_answers_that_are_all_alike_are_left_out() -> None:
    alike = simulated_scores(
        Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0),
        design=SimulatedDesign(items=4, sets=3),
        rng=np.random.default_rng(0),
    )
    assert published_findings(strata(alike)[0]) == []
