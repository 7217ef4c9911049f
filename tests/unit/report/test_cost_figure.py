from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.records.findings import Findings
from evenhand.report.blocks import Scatter
from evenhand.report.cost_figure import cost_figure
from evenhand.report.source import source_of
from tests.support.findings_fixture import bare_findings, design_power, full_findings, quick_findings

MODEL = "openai/gpt-5.1"


def priced(usd: float | None = 12.0) -> Findings:
    found = quick_findings(MODEL)
    assert found.run is not None
    models = tuple(replace(one, cost_usd=usd) for one in found.run.models)
    return replace(found, run=replace(found.run, models=models), power=design_power(MODEL))


def figure(findings: Findings) -> Scatter:
    made = cost_figure(source_of(findings))
    assert made is not None
    return made


def test_half_the_width_stands_against_money_and_other_designs_are_worked_out() -> None:
    findings = priced()
    gap = next(one for one in findings.findings if one.measure == "gap" and one.role == "confirmatory")
    assert gap.low is not None and gap.high is not None and gap.smallest_detectable is not None
    rows = [
        dict(zip([c.name for c in figure(findings).table.columns], row, strict=True))
        for row in figure(findings).table.rows
    ]
    half = (gap.high - gap.low) / 2
    assert rows[0]["Half width, points"] == f"{100 * half:.2f}" and rows[0]["US dollars"] == "12.00"
    # 200 items instead of 48: 200 / 48 times the money; the width goes with the smallest gap that is recorded, 0.018.
    assert rows[2]["US dollars"] == f"{12 * 200 / 48:.2f}"
    assert rows[2]["Half width, points"] == f"{100 * half * 0.018 / gap.smallest_detectable:.2f}"
    assert [point.shape for point in figure(findings).points] == ["pareto", "other", "other"]
    assert figure(findings).across_label == "US dollars"


def test_more_money_is_farther_right_and_a_surer_design_lower() -> None:
    now, _, more = figure(priced()).points
    assert now.x < more.x
    assert min(now.y, more.y) >= 0 and max(now.y, more.y) <= 100


def test_the_sentence_names_the_cheapest_surer_design() -> None:
    assert "This run: ±" in figure(priced()).conclusion
    assert "for 9,720 calls, $12.00; with 66 items ±" in figure(priced()).conclusion


@pytest.mark.parametrize("usd", [None, 0.0])
def test_without_a_price_calls_are_drawn(usd: float | None) -> None:
    made = figure(priced(usd))
    assert made.across_label == "calls" and "$" not in made.conclusion


def test_of_many_models_only_what_was_run_is_drawn() -> None:
    many = full_findings(tuple(f"m/{number}" for number in range(5)))
    drawn = cost_figure(source_of(many))
    assert drawn is None or {point.shape for point in drawn.points} == {"pareto"}
    three = figure(full_findings())
    assert "surest" in three.conclusion and {point.shape for point in three.points} == {"pareto", "other"}


def test_a_table_of_predictions_cost_nothing_that_is_known() -> None:
    assert cost_figure(source_of(bare_findings())) is None


def test_other_designs_are_compared_with_the_recorded_power_of_this_size_where_there_is_one() -> None:
    findings = priced()
    gap = next(one for one in findings.findings if one.measure == "gap" and one.role == "confirmatory")
    assert gap.low is not None and gap.high is not None and gap.sample.items is not None
    here = replace(design_power(MODEL)[0], to=gap.sample.items, smallest_gap=0.036)
    rows = figure(replace(findings, power=(here, *findings.power))).table.rows
    assert f"{100 * (gap.high - gap.low) / 2 * 0.018 / 0.036:.2f}" in rows[2]
