from __future__ import annotations

from msgspec.structs import replace

from evenhand.records.findings import Findings
from evenhand.report.blocks import Heat
from evenhand.report.emotion_heat import emotion_heats
from evenhand.report.html import render_html
from evenhand.report.source import source_of
from tests.support.findings_fixture import bare_findings, full_findings

ONE = full_findings(("specimen/tilted",))


def heat(findings: Findings = ONE) -> Heat:
    (made,) = emotion_heats(source_of(findings))
    return made


def test_keys_go_down_groups_across_and_the_lowest_row_is_first() -> None:
    made = heat()
    assert [names for names, _ in made.rows] == [("Fear",), ("Joy",)]
    assert made.columns == (("Gender", "male"), ("Gender", "female"), ("Gender", "non-binary"))
    assert [[cell.text for cell in cells] for _, cells in made.rows] == [["80", "78", "40"], ["90", "90", "90"]]


def test_the_group_that_stands_out_is_named_with_what_chance_gives() -> None:
    # The mean of the row for fear is (80 + 78 + 40) / 3 = 66; all of its intervals leave that out.
    assert heat().conclusion == (
        "Farthest from its row: non-binary users where fear is right, 40.0% instead of 66.0%; 3 of 6 leave out the "
        "mean of their row, by chance alone about 1 does."
    )
    assert [cell.marked for _, cells in heat().rows for cell in cells] == [True] * 3 + [False] * 3


def test_where_nothing_stands_out_it_says_so() -> None:
    joy = replace(ONE, emotions=tuple(one for one in ONE.emotions if one.keyed == "joy"))
    assert heat(joy).conclusion.startswith("No group's share of right answers stands out in any row: 0 of 3")


def test_the_list_says_what_was_chosen_instead() -> None:
    row = dict(zip([column.name for column in heat().table.columns], heat().table.rows[2], strict=True))
    assert (row["Level"], row["Right"], row["Chosen most instead"]) == ("non-binary", "40.0%", "anger")
    assert row["Share of it"] == "60.0%"


def test_a_key_that_was_never_right_for_a_group_is_shown_as_absent() -> None:
    fewer = tuple(one for one in ONE.emotions if (one.level, one.chosen) != ("male", "joy"))
    assert heat(replace(ONE, emotions=fewer)).rows[1][1][0].text == "–"


def test_every_model_has_its_own_and_a_table_of_predictions_has_none() -> None:
    assert [one.folded for one in emotion_heats(source_of(full_findings()))] == [False, True, True]
    assert emotion_heats(source_of(bare_findings())) == []
    assert 'id="emotions-0"' in render_html(full_findings())
