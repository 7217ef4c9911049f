"""The page of a comparison speaks of changes."""

from __future__ import annotations

import numpy as np

from evenhand.analysis.findings.compare import compare
from evenhand.records.findings import Findings
from evenhand.report.answer import answers_of
from evenhand.report.context import page_of
from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores


def compared(first: Respondent, second: Respondent, *, seeds: tuple[int, int] = (0, 1)) -> Findings:
    design = SimulatedDesign(items=20, sets=12, crossing=True)
    one, two = (
        simulated_scores(respondent, design=design, rng=np.random.default_rng(seed))
        for respondent, seed in zip((first, second), seeds, strict=True)
    )
    return compare(one, two)


def test_a_run_against_itself_is_told_as_no_change_and_nothing_is_called_the_same_score_of_users() -> None:
    findings = compared(Respondent(gap=1.5), Respondent(gap=1.5), seeds=(0, 0))
    (answer,) = answers_of(findings).models
    assert answer.short.startswith("No change: all 2,") and answer.short.endswith("have the same score.")
    for text in (render_html(findings), render_markdown(findings)):
        assert "the score is the same as with" not in text
        assert "No gap larger than" not in text
        assert "Does the answer depend on who the user is?" not in text
        assert "There is no change" in text
        assert "No item moved" in text


def test_a_removed_gap_is_stated_before_after_and_as_a_change() -> None:
    findings = compared(Respondent(gap=1.5), Respondent())
    (answer,) = answers_of(findings).models
    assert answer.verdict == "difference"
    assert answer.short.startswith("Yes. Change of the gap, advantaged minus disadvantaged: −")
    assert "adjusted p" in answer.short
    text = render_markdown(findings)
    assert "| Before | After | Change | Interval |" in text.replace("Model | ", "")
    assert "The change is −" in text


def test_the_page_has_a_layout_of_its_own() -> None:
    page = page_of(compared(Respondent(), Respondent(gap=1.0)))
    assert [section.id for section in page.sections] == ["verdict", "changes", "figure", "items", "limits"]
    assert page.kicker == "evenhand comparison of two runs"
    (grid,) = next(section for section in page.sections if section.id == "changes").blocks
    assert len(grid.rows) == 1 + 3 + 8 + 24  # type: ignore[union-attr]
