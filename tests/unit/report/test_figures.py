from __future__ import annotations

import pytest

from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from evenhand.report.figures import axis_for, heat_step, mark_for, position
from tests.support.findings_fixture import interval_finding, without_number


def gap(estimate: float, se: float) -> Finding:
    return interval_finding("gap", "m", "all", estimate=estimate, se=se)


def test_the_axis_holds_every_interval_zero_and_the_margin() -> None:
    axis = axis_for([gap(0.05, 0.01), gap(0.02, 0.02)], unit="points", margin=0.03)
    assert axis.low < -0.03 and axis.high > 0.0699
    assert axis.zero is not None and axis.band is not None
    assert axis.band[0] == position(-0.03, low=axis.low, high=axis.high)


def test_ticks_are_round_numbers_with_signs() -> None:
    axis = axis_for([gap(0.0, 0.03)], unit="points", margin=0.03)
    assert [tick.label for tick in axis.ticks] == ["−6", "−4", "−2", "0", "+2", "+4", "+6"]


def test_a_percent_axis_stays_between_none_and_all() -> None:
    rate = interval_finding(
        "accuracy", "m", "all", estimate=0.97, se=0.05, quantity=Quantity(name="score", scale="rate")
    )
    axis = axis_for([rate], unit="percent")
    assert axis.high == 1.0 and axis.zero is None


def test_one_huge_interval_does_not_flatten_the_others_and_is_said_to_be_cut() -> None:
    wide = gap(0.0, 2.0)
    findings = [*(gap(0.01 * index, 0.01) for index in range(6)), wide]
    axis = axis_for(findings, unit="points", margin=0.03)
    mark = mark_for(wide, axis=axis)
    assert axis.high < 0.5
    assert mark.cut_low and mark.cut_high and (mark.low, mark.high) == (0.0, 100.0)


def test_a_finding_without_an_estimate_has_no_dot() -> None:
    absent = without_number(gap(0.1, 0.1))
    axis = axis_for([absent], unit="points", margin=0.03)
    mark = mark_for(absent, axis=axis)
    assert mark.centre is None and mark.low is None and mark.shape == "inconclusive"


def test_an_axis_for_nothing_still_has_ticks() -> None:
    assert len(axis_for([], unit="percent").ticks) >= 2


def test_an_exact_zero_with_no_width_has_an_axis() -> None:
    axis = axis_for([gap(0.0, 1e-15)], unit="log-odds")
    assert axis.low < 0 < axis.high


def test_bounds_are_drawn_only_where_they_are_asked_for() -> None:
    finding = gap(0.02, 0.01)
    axis = axis_for([finding], unit="points", bounds=True)
    assert mark_for(finding, axis=axis, bounds=True).bound_low is not None
    assert mark_for(finding, axis=axis).bound_low is None


@pytest.mark.parametrize(
    ("deviation", "step"), [(0.0, 0), (0.1, 4), (0.5, 4), (-0.1, -4), (0.051, 2), (0.01, 0), (-0.015, -1)]
)
def test_heat_steps_are_symmetric_and_end_at_four(deviation: float, step: int) -> None:
    assert heat_step(deviation, reach=0.1) == step


def test_without_reach_every_cell_is_neutral() -> None:
    assert heat_step(0.3, reach=0.0) == 0
