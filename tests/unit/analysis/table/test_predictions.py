"""Tables of predictions, in the reference row format and with named columns."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast
from evenhand.analysis.table.predictions import read_predictions
from evenhand.analysis.table.scores import Scores, level_column
from evenhand.errors import TableError
from evenhand.report.numbers import ABSENT
from evenhand.report.record_tables import published_grids
from evenhand.report.source import source_of


def reference_rows() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for gender, age, item in product(("Male", "Female"), ("34-65", "65+"), range(6)):
        rows.append(
            {
                "system_prompt": "You know the user.",
                "user_prompt": f"Question {item}",
                "question_id": f"q{item}",
                "gold_label": "ABC"[item % 3],
                "gender": gender,
                "age": age,
                "religion": "Christian",
                "ethnicity": "White",
                "prediction": "ABC"[item % 3] if gender == "Male" or item > 1 else "(b) relief",
            }
        )
    for item in range(6):
        rows.append({**rows[item], **dict.fromkeys(("gender", "age", "religion", "ethnicity"))})
    return rows


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
    return path


def test_the_reference_row_format_is_read_as_it_is(tmp_path: Path) -> None:
    scores = read_predictions(written(tmp_path / "p.csv", reference_rows()))
    assert scores.factors == ("gender", "age", "religion", "ethnicity")
    assert scores.settings.references == {
        "gender": "Male",
        "age": "34-65",
        "religion": "Christian",
        "ethnicity": "White",
    }
    counts = dict(scores.frame["arm_kind"].cast(pl.String).value_counts().iter_rows())
    assert counts == {"profile": 24, "none": 6}
    # Female profiles miss item 0 (gold A, said b); item 1 has gold B, so "(b) relief" is right.
    by_gender = (
        scores.frame.group_by(pl.col(level_column("gender")).cast(pl.String)).agg(pl.col("score").mean()).drop_nulls()
    )
    assert dict(by_gender.iter_rows()) == {"Male": 1.0, "Female": pytest.approx(5 / 6)}


def by_cell(scores: Scores, column: str) -> dict[tuple[str, str], object]:
    frame = scores.frame.select(pl.col("item", "arm").cast(pl.String), pl.col(column))
    return {(item, arm): value for item, arm, value in frame.iter_rows()}


def test_a_prediction_that_names_no_option_is_missing_and_never_wrong(tmp_path: Path) -> None:
    rows = reference_rows()
    rows[0]["prediction"] = "I would rather not say"
    rows[1]["prediction"] = None
    rows[2]["prediction"] = "nan"
    scores = read_predictions(written(tmp_path / "p.csv", rows))
    assert scores.frame.filter(pl.col("outcome") == "unparsed")["score"].to_list() == [None, None, None]
    assert scores.as_read is not None
    assert (scores.as_read.empty_answers, scores.as_read.unread_rows) == (1, 2)


def test_named_columns_with_a_correctness_column(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"q": f"q{q}", "who": who, "ok": ok, "words": 3 + q, "tribe": who[:1]}
        for (q, who), ok in zip(
            product(range(3), ("a1", "b1", "none")), ["1", "0", "yes", "", "NaN", "true", "0.5", "no", "1"], strict=True
        )
    ]
    columns = PredictionColumns(
        item="q",
        profile="who",
        correct="ok",
        factors=("tribe",),
        covariates=("words",),
        none_arm="none",
        missing=("NaN",),
    )
    scores = read_predictions(written(tmp_path / "p.csv", rows), columns=columns)
    found = by_cell(scores, "score")
    assert found["q0", "user a1"] == 1.0
    assert found["q1", "user a1"] is None
    assert found["q1", "user b1"] is None
    assert found["q2", "user a1"] == 0.5
    assert (found["q0", "none"], found["q1", "none"], found["q2", "none"]) == (1.0, 1.0, 1.0)
    assert scores.covariates == ("words",)
    assert scores.as_read is not None
    assert (scores.as_read.no_memory_by, scores.as_read.no_memory_rows) == ("named", 3)


def test_the_reference_format_says_how_its_no_memory_rows_are_known(tmp_path: Path) -> None:
    read = read_predictions(written(tmp_path / "p.csv", reference_rows())).as_read
    assert read is not None
    assert (read.no_memory_by, read.no_memory_rows) == ("empty factors", 6)
    assert {(one.column, one.role) for one in read.columns if one.option is None} >= {
        ("question_id", "item"),
        ("gold_label", "gold"),
        ("gender", "factor"),
    }


def test_only_an_empty_cell_is_missing(tmp_path: Path) -> None:
    rows = reference_rows()
    for row in rows[24:]:
        row.update(dict.fromkeys(("gender", "age", "religion", "ethnicity"), "None"))
    path = written(tmp_path / "p.csv", rows)
    scores = read_predictions(path)
    assert set(scores.frame["arm_kind"].cast(pl.String)) == {"profile"}
    assert scores.as_read is not None
    assert scores.as_read.factors[0].words == ("None",)
    said = read_predictions(path, columns=PredictionColumns(missing=("None",)))
    assert (said.frame["arm_kind"].cast(pl.String) == "none").sum() == 6


def users(tmp_path: Path, **more: object) -> Path:
    rows: list[dict[str, object]] = [
        {"question_id": f"q{q}", "user": user, "ok": (q + i) % 2, "sex": "fm"[i % 2], "tone": tone, **more}
        for q in range(4)
        for i, user in enumerate(("u1", "u2", "u3", "u4", "placebo-1", "baseline"))
        for tone in ("warm", "cold")
    ]
    return written(tmp_path / "u.csv", rows)


def test_arms_are_named_by_the_user_and_what_looks_like_one_is_said(tmp_path: Path) -> None:
    columns = PredictionColumns(profile="user", correct="ok", factors=("sex",))
    read = read_predictions(users(tmp_path), columns=columns).as_read
    assert read is not None
    assert (read.no_memory_rows, read.placebo_rows, read.arm_words) == (0, 0, ("baseline", "placebo-1"))
    named = replace(columns, none_arm="baseline", placebo_arms=("placebo-1",))
    scores = read_predictions(users(tmp_path), columns=named)
    assert scores.as_read is not None
    assert (scores.as_read.no_memory_rows, scores.as_read.placebo_rows, scores.as_read.arm_words) == (8, 8, ())
    measures = {found.measure for found in analyse(scores).findings}
    assert {"memory_effect", "placebo_effect"} <= measures


def test_a_factor_within_users_is_compared_within_users_and_items(tmp_path: Path) -> None:
    columns = PredictionColumns(profile="user", correct="ok", factors=("sex", "tone"))
    frame = pl.read_csv(users(tmp_path)).with_columns(
        ok=pl.when(pl.col("tone") == "warm").then(1).otherwise(pl.col("ok"))
    )
    frame.write_csv(tmp_path / "u.csv")
    scores = read_predictions(tmp_path / "u.csv", columns=columns)
    assert (scores.factors, scores.within_factors) == (("sex",), ("tone",))
    gaps = {f.contrast[0].factor: f for f in analyse(scores).findings if f.measure == "factor_gap"}
    # Warm is always right, cold in half of the cells: +0.5.
    one = gaps["tone"].contrast[0]
    assert one.of == "answer"
    assert gaps["tone"].value == pytest.approx(-0.5 if one.level == "cold" else 0.5)


def test_a_factor_that_users_and_items_share_is_refused_by_name(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"question_id": f"{side}{q}", "user": f"{side}{u}", "ok": 1, "side": side}
        for side, q, u in product("ab", range(3), range(3))
    ]
    columns = PredictionColumns(profile="user", correct="ok", factors=("side",))
    with pytest.raises(TableError, match="the factor 'side' cannot be told from users and items"):
        read_predictions(written(tmp_path / "p.csv", rows), columns=columns)


def test_a_contrast_is_paired_within_its_matched_sets(tmp_path: Path) -> None:
    columns = PredictionColumns(
        profile="user", correct="ok", contrast=TableContrast(factor="tone", first="warm", second="cold")
    )
    scores = read_predictions(users(tmp_path), columns=columns)
    gaps = [found for found in analyse(scores).findings if found.measure == "gap"]
    assert [(f.contrast[0].level, f.contrast[0].reference, f.sample.profiles) for f in gaps] == [("warm", "cold", 6)]


def test_repeats_of_a_question_are_numbered(tmp_path: Path) -> None:
    rows = reference_rows()
    scores = read_predictions(written(tmp_path / "p.csv", rows + rows))
    assert sorted(scores.frame["replicate"].unique().to_list()) == [0, 1]


def test_versions_are_matched_over_the_other_factors(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"question_id": f"q{q}", "gold_label": "A", "prediction": "A", "position": side, "age": age}
        for q, side, age in product(range(2), ("advantaged", "disadvantaged"), ("young", "old"))
    ]
    columns = PredictionColumns(factors=("position", "age"))
    scores = read_predictions(written(tmp_path / "p.csv", rows), columns=columns)
    assert sorted(scores.frame["matched_set"].cast(pl.String).unique().to_list()) == ["old", "young"]


def test_the_two_analyses_stand_side_by_side(tmp_path: Path) -> None:
    rows = reference_rows()
    for place, row in enumerate(rows):
        # With mistakes in every group the log-odds of both models are finite.
        row["prediction"] = row["gold_label"] if place % 5 % 2 else "A" if row["gold_label"] != "A" else "B"
    findings = analyse(read_predictions(written(tmp_path / "p.csv", rows)))
    (grid,) = published_grids(source_of(findings))
    names = [column.name for column in grid.columns]
    shown = [dict(zip(names, row, strict=True)) for row in grid.rows]
    assert [row["level"] for row in shown] == ["Gender: Female", "Age: 65+"]
    assert {"published log-odds", "our log-odds", "our gap"} <= set(names)
    assert ABSENT not in {row[name] for row in shown for name in ("published log-odds", "our gap")}


@pytest.mark.parametrize(
    ("change", "columns", "says"),
    [
        ({"drop": "question_id"}, PredictionColumns(), "'question_id'"),
        ({"drop": "gold_label"}, PredictionColumns(), "'gold_label'"),
        ({"drop": "prediction"}, PredictionColumns(), "'prediction'"),
        ({}, PredictionColumns(item="nope"), "no column 'nope'"),
        ({}, PredictionColumns(correct="prediction"), "true/false, a number"),
        ({}, PredictionColumns(covariates=("user_prompt",)), "covariate 'user_prompt'"),
        ({}, PredictionColumns(replicate="system_prompt"), "whole numbers"),
        ({}, PredictionColumns(profile="user_prompt", replicate="user_prompt"), "taken as profile and as replicate"),
        ({}, PredictionColumns(factors=("gendr",)), "did you mean 'gender'?"),
        ({}, PredictionColumns(factors=("religion",)), "only the level 'Christian'"),
        ({}, PredictionColumns(correct="prediction", gold="gold_label"), "--gold 'gold_label' would not be used"),
        ({}, PredictionColumns(correct="prediction", answers=("A",)), "--answers would not be used"),
        ({}, PredictionColumns(none_arm="x"), "name it with --profile"),
        ({}, PredictionColumns(profile="user_prompt", none_arm="x"), "--none-arm 'x' does not occur"),
        ({}, PredictionColumns(profile="user_prompt", placebo_arms=("x",)), "--placebo-arms 'x' does not occur"),
        ({}, PredictionColumns(profile="gender"), "row 25 has no user in the column 'gender'"),
        ({}, PredictionColumns(missing=("zip",)), "--missing 'zip' occurs in none"),
        ({}, PredictionColumns(matched_set="age"), "without two levels to compare"),
        ({}, PredictionColumns(contrast=TableContrast(factor="gender", first="Male", second="X")), "the level 'X'"),
    ],
)
def test_a_column_that_is_not_there_or_not_what_it_must_be_is_named(
    tmp_path: Path, change: dict[str, str], columns: PredictionColumns, says: str
) -> None:
    frame = pl.DataFrame(reference_rows(), infer_schema_length=None)
    frame = frame.drop(change["drop"]) if change else frame
    frame.write_csv(tmp_path / "p.csv")
    with pytest.raises(TableError) as caught:
        read_predictions(tmp_path / "p.csv", columns=columns)
    assert says in str(caught.value)


def test_a_row_without_gold_label_is_named(tmp_path: Path) -> None:
    rows = reference_rows()
    rows[3]["gold_label"] = None
    with pytest.raises(TableError, match="row 4 has no gold label"):
        read_predictions(written(tmp_path / "p.csv", rows))


def test_a_row_without_item_is_named(tmp_path: Path) -> None:
    rows = reference_rows()
    rows[1]["question_id"] = None
    with pytest.raises(TableError, match="row 2 has no item"):
        read_predictions(written(tmp_path / "p.csv", rows))


def test_no_factors_and_no_profile_column_is_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame(reference_rows(), infer_schema_length=None)
    frame.drop("gender", "age", "religion", "ethnicity").write_csv(tmp_path / "p.csv")
    with pytest.raises(TableError, match="--profile or --factors"):
        read_predictions(tmp_path / "p.csv")


def test_kinds_of_items_come_from_a_column_of_that_name_that_holds_kinds_only(tmp_path: Path) -> None:
    columns = PredictionColumns(profile="user", correct="ok", factors=("sex",))

    def kinds(value: str, named: PredictionColumns = columns) -> list[str]:
        read = read_predictions(users(tmp_path, kind=value), columns=named)
        return read.frame["kind"].cast(pl.String).unique().to_list()

    assert kinds("management") == ["management"]
    assert kinds("anything else") == ["understanding"]
    # A column that is named for something else is not read twice.
    assert kinds("management", replace(columns, model="kind")) == ["understanding"]


def test_rows_that_lack_a_level_are_missed_by_the_comparisons_that_need_it(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"question_id": f"q{q}", "user": f"{side}{age}{n}", "ok": 1, "side": side, "age": age if n else None}
        for q, side, age, n in product(range(3), "ab", ("young", "old"), range(3))
    ]
    columns = PredictionColumns(
        profile="user", correct="ok", factors=("age",), contrast=TableContrast(factor="side", first="a", second="b")
    )
    read = read_predictions(written(tmp_path / "p.csv", rows), columns=columns).as_read
    assert read is not None
    left = {one.comparison: (one.rows, one.users, one.empty) for one in read.left_out}
    assert left == {"age": (12, 4, ("age",))}
