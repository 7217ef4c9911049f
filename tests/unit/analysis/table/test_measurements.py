"""The measurement table: what is refused at the door, and what is estimated together."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from evenhand.analysis.table.measurements import (
    Measurements,
    MeasureStratum,
    measure_strata,
    measurements_from_frame,
    people_of,
    read_measurements,
    unmitigated,
    whole_answers,
    write_measurements,
)
from evenhand.errors import TableError
from evenhand.records.condition import Condition
from evenhand.records.settings import AnalysisSettings

SETTINGS = AnalysisSettings(margin=0.03, margins={"rating": 0.7})
Row = dict[str, object]


def row(**fields: object) -> Row:
    """A number of one trial."""
    return {
        **{"cell_key": "c", "model": "m", "bank": "b", "item": "i0", "kind": "intensity", "arm": "none"},
        **{"arm_kind": "none", "cohort": None, "matched_set": None, "placement": "system", "cue": None},
        **{"reader": "none", "mitigation": "none", "answer": "rating", "replicate": 0, "order_index": 0},
        **{"outcome": "answered", "keyed_option": "joy", "pair": None, "option": None, "quantity": "rating"},
        **{"tag": None, "value": 4.0, "position": None},
        **fields,
    }


def profile(side: str, **fields: object) -> Row:
    told = {"arm": side, "arm_kind": "profile", "cohort": "pairs", "matched_set": "s", "position": side}
    return row(**{**told, "cue": "stated", **fields})


def measured(rows: list[Row], *, settings: AnalysisSettings = SETTINGS) -> Measurements:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return measurements_from_frame(frame, factors=("position",), settings=settings)


def asked(tag: str | None = None, *, items: int = 5, **fields: object) -> list[Row]:
    """One trial of the no-memory arm and of each side for every item."""
    return [
        {**one, "cell_key": f"{item} {one['arm']} {fields}", "item": f"i{item}", "tag": tag, **fields}
        for item in range(items)
        for one in (row(), profile("advantaged"), profile("disadvantaged"))
    ]


def names(parts: list[MeasureStratum]) -> list[tuple[str, str | None]]:
    return [(part.quantity.name, part.quantity.tag) for part in parts]


def test_a_part_for_every_quantity_and_tag_that_five_items_have() -> None:
    rows = [*asked("joy"), *asked("anger", items=6), *asked("fear", items=4), *asked(quantity="words")]
    parts = measure_strata(measured(rows))
    # Quantities in alphabetical order; of a quantity, tags with most items first.
    assert names(parts) == [("rating", "anger"), ("rating", "joy"), ("words", None)]
    assert [part.stratum.rows.height for part in parts] == [18, 15, 15]
    assert [part.quantity.scale for part in parts] == ["rating", "rating", "count"]
    assert [part.measured.unit for part in parts] == ["points", "points", "words"]


def test_the_margin_is_that_of_the_settings_then_of_the_quantity_then_of_the_plan() -> None:
    rows = [
        *asked("joy"),
        *asked(quantity="words"),
        *asked(quantity="order_fit", value=0.5),
    ]
    margins = {part.quantity.name: part.stratum.settings.margin for part in measure_strata(measured(rows))}
    assert margins == {"order_fit": 0.03, "rating": 0.7, "words": 10.0}


def test_at_most_24_tags_of_a_quantity_have_parts_those_with_most_items() -> None:
    rows = [one for tag in range(26) for one in asked(f"t{tag:02}", items=6 if tag == 25 else 5)]
    found = [tag for _, tag in names(measure_strata(measured(rows)))]
    assert found == ["t25", *(f"t{tag:02}" for tag in range(23))]


def test_coordinates_of_wording_what_people_rated_and_untagged_shares_have_no_part() -> None:
    rows = [
        *asked("x", quantity="wording"),
        *asked("kind", quantity="people"),
        *asked(quantity="stated_share", value=0.5),
        *asked("joy", quantity="stated_share", value=0.5),
    ]
    assert names(measure_strata(measured(rows))) == [("stated_share", "joy")]


def test_of_the_numbers_of_a_trial_with_one_tag_the_sum_is_taken_and_an_empty_one_leaves_none() -> None:
    first = [{**one, "option": "a", "value": 1.5} for one in asked("joy")]
    second = [{**one, "option": "b", "value": 2.0} for one in asked("joy")]
    second[0]["value"] = None
    (part,) = measure_strata(measured([*first, *second]))
    assert part.stratum.rows.height == 15
    # In the order in which they came, those without memory first.
    ordered = sorted(first, key=lambda one: one["arm_kind"] != "none")
    assert part.stratum.rows["cell_key"].to_list() == [one["cell_key"] for one in ordered]
    held = dict(part.stratum.rows.select("cell_key", "value").iter_rows())
    assert held.pop(str(first[0]["cell_key"])) is None
    assert set(held.values()) == {3.5}
    # Where every trial has one number, nothing is added up.
    (alone,) = measure_strata(measured(first))
    assert set(alone.stratum.rows["value"]) == {1.5}


def test_the_memory_of_a_policy_or_reader_is_a_stratum_of_its_own_with_the_same_none() -> None:
    rows = asked("joy")
    for change in ({"reader": "use"}, {"mitigation": "gate"}):
        rows += [{**one, **change, "cell_key": f"{one['cell_key']}{change}"} for one in asked("joy")[1::3]]
    parts = [part.stratum for part in measure_strata(measured(rows))]
    assert [(part.where, part.main) for part in parts] == [
        (Condition(mitigation="gate", answer="rating"), False),
        (Condition(answer="rating"), True),
        (Condition(reader="use", answer="rating"), False),
    ]
    assert [part.arm("none").height for part in parts] == [5, 5, 5]
    assert {part.model for part in parts} == {"m"} and {part.kind for part in parts} == {"intensity"}
    assert {part.primary for part in parts} == {"score"}
    plain = unmitigated(measured(rows))
    assert plain.frame.height == len(rows) - 5
    assert set(plain.frame["mitigation"].cast(pl.String)) == {"none"}


def test_models_kinds_and_formats_of_answers_are_never_put_together() -> None:
    rows = [
        one
        for model, kind, answer in (
            ("a", "k", "rating"),
            ("a", "k", "text"),
            ("b", "k", "rating"),
            ("a", "l", "rating"),
        )
        for one in asked("joy", model=model, kind=kind, answer=answer)
    ]
    found = [
        (part.stratum.model, part.stratum.kind, part.stratum.where.answer) for part in measure_strata(measured(rows))
    ]
    assert found == [("a", "k", "rating"), ("a", "k", "text"), ("a", "l", "rating"), ("b", "k", "rating")]


def test_versions_of_a_persona_are_one_unit() -> None:
    (part,) = measure_strata(measured(asked("joy")))
    pairs = part.stratum.paired()
    assert pairs.height == 10 and set(pairs["unit"].cast(pl.String)) == {"pairs/s"}


def test_a_table_without_rows_has_no_parts() -> None:
    frame = pl.DataFrame(asked("joy"), infer_schema_length=None).clear()
    empty = measurements_from_frame(frame, factors=("position",), settings=SETTINGS)
    assert measure_strata(empty) == [] and whole_answers(empty) == []


def test_whole_answers_hold_every_option_of_a_quantity_with_its_margin() -> None:
    rows = [{**one, "option": option} for one in asked("joy") for option in ("a", "b")]
    rows += [{**one, "option": "a"} for one in asked(quantity="stated_share", value=0.5)]
    rows += asked(quantity="words")
    found = whole_answers(measured(rows))
    assert [(name, part.rows.height, part.settings.margin) for part, name in found] == [
        ("rating", 30, 0.7),
        ("stated_share", 15, 0.03),
    ]


def test_what_people_rated_is_found_by_its_criterion() -> None:
    rows = [
        row(cell_key="one", quantity="people", tag="warm", value=7.0),
        row(cell_key="two", quantity="people", tag="warm", value=None),
        row(cell_key="one", quantity="people", tag="clear", value=2.0),
        row(cell_key="one", quantity="judged", tag="warm", value=9.0),
    ]
    assert people_of(measured(rows), tag="warm").rows() == [("one", 7.0)]
    assert people_of(measured(rows), tag="absent").rows() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": 10.1}, "holds the rating 10.1; allowed are finite numbers from 0 to 10"),
        ({"value": -0.1}, "holds the rating -0.1"),
        ({"value": float("nan")}, "holds the rating nan"),
        ({"quantity": "words", "value": float("inf")}, "from 0 to inf"),
        ({"quantity": "reading_grade", "value": -float("inf")}, "from -inf to inf"),
        ({"quantity": "ratng"}, "the quantity 'ratng'; allowed are rating, "),
        ({"item": None}, "the column 'item' of the measurement table has an empty field"),
        ({"replicate": "first"}, "'replicate' of the measurement table holds 'first' in row 2; allowed is int only"),
    ],
)
def test_a_value_that_cannot_be_is_named(change: Row, says: str) -> None:
    with pytest.raises(TableError) as caught:
        measured([row(replicate="0"), row(**{"replicate": "1", **change})])
    assert says in str(caught.value)


def test_values_at_both_ends_of_their_scale_are_taken_and_rounding_beyond_them() -> None:
    rows = [row(value=value) for value in (0.0, 10.0, 10.0 + 5e-10, -5e-10, None)]
    assert measured(rows).frame["value"].null_count() == 1


def test_absent_columns_and_factors_are_named() -> None:
    frame = pl.DataFrame([row()], infer_schema_length=None)
    with pytest.raises(TableError, match=r"lacks the column 'item' \(2 missing in all: item, tag\)"):
        measurements_from_frame(frame.drop("item", "tag"), factors=(), settings=SETTINGS)
    with pytest.raises(TableError, match="lacks the factor 'religion'"):
        measurements_from_frame(frame, factors=("position", "religion"), settings=SETTINGS)


def test_a_table_that_is_written_is_read_again_as_it_was(tmp_path: Path) -> None:
    before = measured([*asked("joy"), *asked(quantity="words", value=None)])
    write_measurements(before, path=tmp_path / "t.parquet")
    after = read_measurements(tmp_path / "t.parquet", factors=("position",), settings=SETTINGS)
    assert after.frame.schema == before.frame.schema
    text = pl.selectors.categorical().cast(pl.String)
    assert after.frame.with_columns(text).equals(before.frame.with_columns(text))
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]
    assert before.frame.schema["item"] == pl.Categorical() and before.frame.schema["tag"] == pl.String()
