"""Tables of predictions, in the reference row format and with named columns."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import polars as pl
import pytest

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.predictions import PredictionColumns, read_predictions
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
    by_gender = scores.frame.group_by(pl.col("gender").cast(pl.String)).agg(pl.col("score").mean()).drop_nulls()
    assert dict(by_gender.iter_rows()) == {"Male": 1.0, "Female": pytest.approx(5 / 6)}


def test_a_prediction_that_names_no_option_is_missing_and_never_wrong(tmp_path: Path) -> None:
    rows = reference_rows()
    rows[0]["prediction"] = "I would rather not say"
    rows[1]["prediction"] = None
    rows[2]["prediction"] = "nan"
    scores = read_predictions(written(tmp_path / "p.csv", rows))
    assert scores.frame["outcome"].cast(pl.String).to_list()[:4] == ["unparsed", "unparsed", "unparsed", "answered"]
    assert scores.frame["score"].to_list()[:3] == [None, None, None]


def test_named_columns_with_a_correctness_column(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"q": f"q{q}", "who": who, "ok": ok, "words": 3 + q, "tribe": who[:1]}
        for (q, who), ok in zip(
            product(range(3), ("a1", "b1", "none")), ["1", "0", "yes", "", "NaN", "true", "0.5", "no", "1"], strict=True
        )
    ]
    columns = PredictionColumns(item="q", profile="who", correct="ok", factors=("tribe",), covariates=("words",))
    scores = read_predictions(written(tmp_path / "p.csv", rows), columns=columns)
    assert scores.frame["score"].to_list() == [1.0, 0.0, 1.0, None, None, 1.0, 0.5, 0.0, 1.0]
    assert scores.frame["arm_kind"].cast(pl.String).to_list() == ["profile", "profile", "none"] * 3
    assert scores.covariates == ("words",)


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
    findings = analyse(read_predictions(written(tmp_path / "p.csv", rows + rows)))
    (grid,) = published_grids(source_of(findings))
    names = [column.name for column in grid.columns]
    rows = [dict(zip(names, row, strict=True)) for row in grid.rows]
    assert [row["level"] for row in rows] == ["Gender: Female", "Age: 65+"]
    for row in rows:
        assert ABSENT not in {row["published log-odds"], row["our log-odds"], row["our gap"]}


@pytest.mark.parametrize(
    ("change", "columns", "says"),
    [
        ({"drop": "question_id"}, PredictionColumns(), "'question_id'"),
        ({"drop": "gold_label"}, PredictionColumns(), "'gold_label'"),
        ({"drop": "prediction"}, PredictionColumns(), "'prediction'"),
        ({}, PredictionColumns(item="nope"), "no column 'nope'"),
        ({}, PredictionColumns(correct="prediction"), "1/0, true/false"),
        ({}, PredictionColumns(covariates=("user_prompt",)), "covariate 'user_prompt'"),
        ({}, PredictionColumns(replicate="gender"), "whole numbers"),
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
