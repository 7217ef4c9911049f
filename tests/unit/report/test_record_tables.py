from __future__ import annotations

import msgspec

from evenhand.records.findings import Findings
from evenhand.records.results import OptionShare
from evenhand.report import record_tables
from evenhand.report.blocks import Grid
from evenhand.report.source import Source, source_of
from tests.support.findings_fixture import full_findings

MODEL = "specimen/tilted"


def source(**changes: object) -> Source:
    return source_of(msgspec.structs.replace(full_findings((MODEL,)), **changes))


def names(grid: Grid) -> list[str]:
    return [column.name for column in grid.columns]


def test_outcomes_are_counted_by_arm_and_a_version_is_named_by_its_level() -> None:
    (grid,) = record_tables.outcome_grids(source())
    assert names(grid) == ["arm", "answered", "refused", "truncated", "unparsed", "failed", "missing"]
    assert [row[0] for row in grid.rows] == ["no memory", "any profile", "advantaged"]
    assert grid.rows[0][1:] == ("90", "6", "0", "3", "1", "10.0%")
    assert grid.caption.endswith("In every row: kind understanding, condition system/none/none.")


def test_items_are_told_with_who_met_them_and_whether_they_are_sensitive() -> None:
    (grid,) = record_tables.item_grids(source())
    rows = [dict(zip(names(grid), row, strict=True)) for row in grid.rows]
    assert [row["item"] for row in rows] == ["u-017", "u-031"]
    assert rows[0]["odds ratio"] == "2.41" and rows[0]["sensitive"] == "yes"
    assert rows[0]["p"] == "< 0.001" and rows[1]["p"] == "0.031"
    assert (rows[1]["level"], rows[1]["reference"], rows[1]["sensitive"]) == ("muslim", "christian", "no")


def test_numbers_are_written_by_their_unit() -> None:
    (options,) = record_tables.option_grids(source())
    assert options.rows[0][-3:] == ("problem solving", "41.0%", "720")
    (spread,) = record_tables.variance_grids(source())
    assert [row[-5:] for row in spread.rows] == [
        ("0.84", "–", "–", "48", "no"),
        ("0.00", "0.00", "0.19", "81", "yes"),
    ]
    (power,) = record_tables.power_grids(source())
    assert [row[-2:] for row in power.rows] == [("66", "3.1 points"), ("200", "1.8 points")]
    (mentions,) = record_tables.mention_grids(source())
    assert mentions.rows[0][-3:] == ("assets", "31", "2.1%")


def test_the_published_model_stands_beside_ours_and_the_gap_with_its_verdict() -> None:
    findings = full_findings((MODEL,))
    ours = next(found for found in findings.findings if found.measure == "mixed_model")
    published = msgspec.structs.replace(ours, measure="published_model", role="descriptive")
    (grid,) = record_tables.published_grids(source(findings=(*findings.findings, published)))
    (row,) = [dict(zip(names(grid), row, strict=True)) for row in grid.rows]
    assert row["level"] == "Position: advantaged"
    assert row["published log-odds"] == row["our log-odds"] == "0.28"
    assert (row["our gap"], row["verdict"]) == ("+4.6", "Difference")
    assert record_tables.published_grids(source()) == []


def test_the_model_is_named_only_where_there_are_several() -> None:
    assert record_tables.power_grids(source())[0].title == "What other designs could detect"
    both: Findings = full_findings((MODEL, "specimen/level"))
    assert [grid.title for grid in record_tables.power_grids(source_of(both))] == [
        "What other designs could detect: specimen/tilted",
        "What other designs could detect: specimen/level",
    ]


def test_long_tables_are_folded() -> None:
    def options(count: int) -> tuple[OptionShare, ...]:
        one = full_findings((MODEL,)).options[0]
        return tuple(msgspec.structs.replace(one, tag=f"tag {n}") for n in range(count))

    assert record_tables.option_grids(source(options=options(9)))[0].folded
    assert not record_tables.option_grids(source(options=options(8)))[0].folded


def test_results_that_are_not_there_have_no_table() -> None:
    empty = source(outcomes=(), items=(), options=(), mentions=(), variances=(), power=())
    makers = ("outcome", "item", "option", "mention", "variance", "power", "published")
    assert [getattr(record_tables, f"{name}_grids")(empty) for name in makers] == [[]] * len(makers)
