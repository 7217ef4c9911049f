from __future__ import annotations

import math

import msgspec
import pytest

from evenhand.records.finding import Finding
from evenhand.records.measure import Measure, Quantity, Scale
from evenhand.report import numbers
from evenhand.report.numbers import Unit
from tests.support.findings_fixture import POSITION, interval_finding


@pytest.mark.parametrize(
    ("number", "written"),
    [(0.027, "+2.7"), (-0.0041, "−0.4"), (0.0004, "0.0"), (-0.0004, "0.0"), (0.0, "0.0"), (None, "–"), (math.nan, "–")],
)
def test_points_have_one_decimal_a_sign_and_no_signed_zero(number: float | None, written: str) -> None:
    assert numbers.points(number) == written


@pytest.mark.parametrize(("share", "written"), [(0.724, "72.4%"), (1.0, "100.0%"), (0.0, "0.0%"), (math.inf, "–")])
def test_proportions_are_per_cent(share: float, written: str) -> None:
    assert numbers.percent(share) == written


@pytest.mark.parametrize(
    ("p", "written"),
    [
        (0.0, "< 0.001"),
        (0.00099, "< 0.001"),
        (0.001, "0.001"),
        (0.0341, "0.034"),
        (0.214, "0.21"),
        (0.995, "> 0.99"),
        (1.0, "> 0.99"),
        (None, "–"),
    ],
)
def test_p_values_are_never_zero_and_never_one(p: float | None, written: str) -> None:
    assert numbers.p_value(p) == written


def test_a_p_value_in_a_sentence_does_not_break() -> None:
    assert numbers.p_text(0.034) == "p\u00a0=\u00a00.034"
    assert numbers.p_text(0.0, name="adjusted p") == "adjusted p\u00a0<\u00a00.001"


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("points", "−1.2 to 45.0"),
        ("percent", "−1.2 to 45.0%"),
        ("log-odds", "−0.01 to 0.45"),
        ("number", "−0.012 to 0.450"),
    ],
)
def test_intervals_say_to_so_that_a_minus_is_no_dash(unit: Unit, written: str) -> None:
    assert numbers.span(-0.012, 0.45, unit=unit) == written


@pytest.mark.parametrize("unit", ["points", "percent", "log-odds", "number"])
def test_half_an_interval_is_none(unit: Unit) -> None:
    assert numbers.span(None, 0.4, unit=unit) == "–"
    assert numbers.value(None, unit=unit) == "–"


@pytest.mark.parametrize(
    ("unit", "number", "written"),
    [
        ("points", 0.05, "+5.0"),
        ("percent", 0.05, "5.0%"),
        ("log-odds", 0.05, "+0.05"),
        ("number", 0.05, "0.050"),
        ("number", 2.4, "2.40"),
    ],
)
def test_a_value_is_written_in_its_unit(unit: Unit, number: float, written: str) -> None:
    assert numbers.value(number, unit=unit) == written


@pytest.mark.parametrize(
    ("measure", "scale", "unit"),
    [
        ("gap", "probability", "points"),
        ("accuracy", "rate", "percent"),
        ("flip_rate", "rate", "percent"),
        ("flip_excess", "rate", "points"),
        ("mixed_model", "log-odds", "log-odds"),
        ("variance", "sd", "number"),
        ("leakage", "share", "percent"),
    ],
)
def test_measure_and_scale_decide_the_unit(measure: Measure, scale: Scale, unit: Unit) -> None:
    finding: Finding = interval_finding(
        measure, "m", "understanding", estimate=0.1, se=0.1, quantity=Quantity(name="score", scale=scale)
    )
    assert numbers.unit_of(finding) == unit


def test_a_rate_of_one_group_is_per_cent_and_its_difference_between_levels_is_points() -> None:
    mentions = Quantity(name="mention_answer", scale="rate")
    rate = interval_finding("leakage", "m", "all", estimate=0.1, se=0.1, quantity=mentions)
    gap = interval_finding("leakage", "m", "all", estimate=0.1, se=0.1, quantity=mentions, contrast=(POSITION,))
    assert (numbers.unit_of(rate), numbers.unit_of(gap)) == ("percent", "points")


def test_among_findings_on_items_only_the_gap_that_is_left_is_a_difference() -> None:
    share = Quantity(name="sensitive_items", scale="share")
    found = interval_finding("item_functioning", "m", "all", estimate=0.1, se=0.1, contrast=(POSITION,), quantity=share)
    assert numbers.unit_of(found) == "percent"
    assert numbers.unit_of(msgspec.structs.replace(found, quantity=Quantity(name="score"))) == "points"
