from __future__ import annotations

import math

import msgspec
import pytest

from evenhand.records.finding import Finding
from evenhand.records.measure import Measure, Scale
from evenhand.report import numbers
from evenhand.report.numbers import Unit
from tests.support.findings_fixture import interval_finding


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
    finding: Finding = interval_finding(measure, "m", "understanding", estimate=0.1, se=0.1, scale=scale)
    assert numbers.unit_of(finding) == unit


def test_among_findings_on_items_only_the_gap_that_is_left_is_a_difference() -> None:
    share = interval_finding("item_functioning", "m", "all", estimate=0.1, se=0.1, scale="share")
    assert numbers.unit_of(msgspec.structs.replace(share, reference="male")) == "percent"
    assert numbers.unit_of(msgspec.structs.replace(share, scale="probability")) == "points"


@pytest.mark.parametrize(
    ("cell", "unit", "written"),
    [
        (None, "percent", "–"),
        ("text", "percent", "text"),
        (0.41, "percent", "41.0%"),
        (-0.07, "points", "−7.0"),
        (0.0004, "p", "< 0.001"),
        (1234.0, "count", "1,234"),
        (math.nan, "count", "–"),
        (1234, None, "1,234"),
        (2.411, None, "2.41"),
        (7, "text", "7"),
    ],
)
def test_cells_of_table_records_follow_the_unit_of_their_column(
    cell: str | float | int | None, unit: str | None, written: str
) -> None:
    assert numbers.cell_text(cell, unit=unit) == written


@pytest.mark.parametrize(
    ("iso", "written"),
    [
        ("2026-11-23T20:18:04+00:00", "23 November 2026, 20:18 UTC"),
        ("2026-11-24T01:18:04+05:00", "23 November 2026, 20:18 UTC"),
        ("2026-11-23", "23 November 2026"),
        ("yesterday", "yesterday"),
    ],
)
def test_dates_are_written_in_words_and_in_utc(iso: str, written: str) -> None:
    assert numbers.date_text(iso) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.84, "0.8 s"), (42.0, "42 s"), (200.4, "3 min 20 s"), (7500.0, "2 h 05 min"), (None, "–")],
)
def test_durations_are_short(seconds: float | None, written: str) -> None:
    assert numbers.duration(seconds) == written


@pytest.mark.parametrize(("usd", "written"), [(1.2, "$1.20"), (0.0042, "$0.0042"), (0.0, "$0.00"), (None, "–")])
def test_money_keeps_small_sums_visible(usd: float | None, written: str) -> None:
    assert numbers.money(usd) == written


@pytest.mark.parametrize(("margin", "written"), [(0.03, "3"), (0.025, "2.5"), (None, "–")])
def test_thresholds_have_no_needless_decimals(margin: float | None, written: str) -> None:
    assert numbers.level(margin) == written


@pytest.mark.parametrize(("unit", "name"), [("points", "percentage points"), ("number", "")])
def test_units_have_names(unit: Unit, name: str) -> None:
    assert numbers.unit_name(unit) == name


def test_counts_have_commas_and_hashes_are_short() -> None:
    assert numbers.count(26730) == "26,730"
    assert numbers.count(None) == "–"
    assert numbers.short_hash("ab" * 32) == "abababababab"
