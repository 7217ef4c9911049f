"""The one sentence under a figure says what its rows say."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.records.condition import Condition
from evenhand.records.estimate import Unassessed
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.results import CellMean
from evenhand.report.blocks import Bars, Forest, Heat, Scatter
from evenhand.report.conclusions import cells_conclusion, forest_conclusion, leaves_out, outcomes_conclusion
from evenhand.report.context import page_of
from tests.support.findings_fixture import (
    full_findings,
    interval_finding,
    quick_findings,
    renumbered,
    run_summary,
    summary,
    without_number,
)
from tests.support.tried_fixture import tried_findings


def gap(estimate: float, se: float = 0.005) -> Finding:
    return interval_finding("factor_gap", "m", "understanding", estimate=estimate, se=se)


def unassessed(finding: Finding) -> Finding:
    return replace(finding, number=Unassessed(value=0.0, reason="At chance."))


def rate(estimate: float) -> Finding:
    return interval_finding("accuracy", "m", "understanding", estimate=estimate, se=0.01)


DIFFERS, OTHER, ALIKE, OPEN = gap(-0.15), gap(0.05), gap(0.001), gap(0.01, se=0.03)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([DIFFERS], "a differs: −15.0 points (−16.0 to −14.0)."),
        ([ALIKE], "a: shown to be smaller than the margin."),
        ([OPEN], "a: open, anything from −5.0 to 7.0 points possible."),
        ([gap(0.0, se=1e-9)], "a: shown to be smaller than the margin."),
        ([unassessed(ALIKE)], "a: could not be assessed."),
        ([ALIKE, ALIKE], "No difference is shown in any of 2 rows; all 2 are shown to be smaller than the margin."),
        (
            [ALIKE, OPEN],
            "No difference is shown in any of 2 rows; 1 of 2 is shown to be smaller than the margin; 1 of 2 is open; "
            "widest: b, anything from −5.0 to 7.0 points possible.",
        ),
        (
            [OTHER, DIFFERS, ALIKE],
            "2 of 3 differ; largest: b, −15.0 points (−16.0 to −14.0); 1 of 3 is shown to be smaller than the margin.",
        ),
        (
            [OTHER, unassessed(ALIKE)],
            "1 of 2 differs; largest: a, +5.0 points (4.0 to 6.0); 1 of 2 could not be assessed.",
        ),
        ([unassessed(ALIKE)] * 2, "All 2 could not be assessed."),
        ([rate(0.7), rate(0.9), rate(0.8)], "Lowest: a, 70.0%; highest: b, 90.0%."),
        ([rate(0.7), rate(0.7)], "70.0% in every row."),
        ([rate(0.7)], "a: 70.0% (68.0 to 72.0%)."),
        ([without_number(rate(0.7))], "Nothing here could be estimated."),
    ],
)  # fmt: skip
def test_rows_are_summed_up(rows: list[Finding], said: str) -> None:
    assert forest_conclusion(list(zip("abc", rows, strict=False))) == said


def test_an_open_row_without_width_names_no_range() -> None:
    assert forest_conclusion([("a", renumbered(OPEN, low=0.0, high=0.0))]) == "a: open."


def cell(pooled: float | None, half: float = 0.01) -> CellMean:
    ends = (None, None) if pooled is None else (pooled - half, pooled + half)
    return CellMean(
        model="m", kind="understanding", where=Condition(), levels={"age": "x"}, trials=9, pooled=pooled, raw=0.5,
        low=ends[0], high=ends[1],
    )  # fmt: skip


def test_cells_name_the_ends_and_count_those_off_the_mean() -> None:
    rows = [("low", cell(0.5)), ("middle", cell(0.6)), ("high", cell(0.7)), ("lost", cell(None))]
    said = "Lowest low (50.0%), highest high (70.0%); 2 of 3 leave out the mean of 60.0%."
    assert cells_conclusion(rows, mean=0.6) == said
    assert cells_conclusion(rows[3:], mean=0.6) == "No combination could be estimated."
    assert "no combination's interval leaves out" in cells_conclusion(rows[1:2], mean=0.6)
    assert "1 of 2 leaves out" in cells_conclusion(rows[:2], mean=0.6)


def test_rounding_leaves_no_mean_out() -> None:
    assert not leaves_out(cell(0.6 + 1e-12, half=0.0), 0.6)
    assert leaves_out(cell(0.61, half=0.001), 0.6)


def test_outcomes_say_how_much_is_missing_and_of_whom() -> None:
    run = run_summary(("a", "b"))
    none, half = summary("a", missing=0), summary("b", missing=4_860)
    assert outcomes_conclusion(replace(run, models=(none,))) == "Every planned question has a usable answer."
    assert (
        outcomes_conclusion(replace(run, models=(half,))) == "50.0% of 9,720 planned questions have no usable answer."
    )
    said = "25.0% of 19,440 planned questions have no usable answer, most of b (50.0%); none is missing of a."
    assert outcomes_conclusion(replace(run, models=(none, half))) == said


@pytest.mark.parametrize(
    "findings", [full_findings(), quick_findings(), tried_findings()], ids=["full", "quick", "tried"]
)
def test_every_figure_of_a_report_has_its_sentence_and_its_table(findings: Findings) -> None:
    blocks = [one for section in page_of(findings).sections for one in section.blocks]
    figures = [one for one in blocks if isinstance(one, Forest | Heat | Bars | Scatter)]
    assert len(figures) > 3
    for figure in figures:
        assert figure.conclusion.endswith("."), figure.title
        assert figure.table is not None and figure.table.rows, figure.title
