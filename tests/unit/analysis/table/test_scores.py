"""The strict score table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenhand.analysis.table.scores import (
    CELL_KEY,
    is_score_table,
    level_column,
    read_scores,
    scores_from_frame,
    write_scores,
)
from evenhand.errors import TableError
from evenhand.records.score import SCORE_COLUMNS
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

SETTINGS = AnalysisSettings()


@pytest.fixture
def plain() -> pl.DataFrame:
    scores = simulated_scores(
        Respondent(missing={"advantaged": 0.2}), design=SimulatedDesign(items=4, sets=3), rng=np.random.default_rng(0)
    )
    plain = scores.frame.rename({level_column("position"): "position"})
    return plain.with_columns(pl.selectors.categorical().cast(pl.String))


def test_a_table_keeps_the_columns_of_the_record_in_order_and_then_the_factors(plain: pl.DataFrame) -> None:
    scores = scores_from_frame(plain.select(sorted(plain.columns)), settings=SETTINGS)
    assert scores.frame.columns == [*(column.name for column in SCORE_COLUMNS), level_column("position")]
    assert scores.factors == ("position",)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_table_survives_a_round_trip(plain: pl.DataFrame, tmp_path: Path, suffix: str) -> None:
    scores = scores_from_frame(plain, settings=SETTINGS)
    path = tmp_path / f"scores{suffix}"
    if suffix == ".parquet":
        write_scores(scores, path=path)
        assert not list(tmp_path.glob("*.partial"))
    elif suffix == ".csv":
        plain.write_csv(path)
    else:
        plain.write_ndjson(path)
    assert is_score_table(path)
    read = read_scores(path, settings=SETTINGS).frame.sort("cell_key")
    assert read.equals(scores.frame.sort("cell_key"))


def test_optional_columns_may_be_absent(plain: pl.DataFrame) -> None:
    scores = scores_from_frame(plain.drop("leak", "latency_s", "choice_tag"), settings=SETTINGS)
    assert scores.frame["latency_s"].null_count() == plain.height


def broken(frame: pl.DataFrame, column: str, value: object) -> pl.DataFrame:
    """The frame with one value put into the first row."""
    kept = frame[column].to_list()
    return frame.with_columns(pl.Series(column, [value, *kept[1:]], strict=False))


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("score", float("nan"), "'score'"),
        ("score", 1.5, "from 0 to 1"),
        ("p_score", -0.1, "from 0 to 1"),
        ("outcome", "lost", "'lost'"),
        ("outcome", "refused", "has a score"),
        ("arm_kind", "persona", "'persona'"),
        ("kind", "riddle", "'riddle'"),
        ("item", None, "'item'"),
        ("score", None, "no score"),
        ("replicate", -1, "count from 0"),
    ],
)
def test_a_value_that_may_not_stand_there_is_named(plain: pl.DataFrame, column: str, value: object, says: str) -> None:
    with pytest.raises(TableError) as caught:
        scores_from_frame(broken(plain, column, value), settings=SETTINGS)
    assert says in str(caught.value)


def test_a_missing_column_is_named(plain: pl.DataFrame) -> None:
    with pytest.raises(TableError, match="lacks the column 'item'"):
        scores_from_frame(plain.drop("item"), settings=SETTINGS)


def test_text_in_a_number_column_is_named_with_its_row(plain: pl.DataFrame) -> None:
    text = plain.with_columns(pl.col("score").cast(pl.String).fill_null("0.5"))
    text = text.with_columns(pl.Series("score", ["high", *text["score"].to_list()[1:]]))
    with pytest.raises(TableError, match="'high' in row 1"):
        scores_from_frame(text, settings=SETTINGS)


def test_the_same_trial_twice_is_refused(plain: pl.DataFrame) -> None:
    with pytest.raises(TableError, match="more than once"):
        scores_from_frame(pl.concat([plain, plain.head(1)]), settings=SETTINGS)


def test_a_table_without_rows_is_refused(plain: pl.DataFrame) -> None:
    with pytest.raises(TableError, match="no rows"):
        scores_from_frame(plain.clear(), settings=SETTINGS)


def test_a_factor_may_not_take_a_name_of_the_table(plain: pl.DataFrame) -> None:
    with pytest.raises(TableError, match="'model'"):
        scores_from_frame(plain, settings=SETTINGS, factors=("model",))


def test_covariates_are_numbers_and_may_not_be_nan(plain: pl.DataFrame) -> None:
    lengths = plain.with_columns(pl.Series("length", [float("nan"), *[1.0] * (plain.height - 1)]))
    with pytest.raises(TableError, match="'length'"):
        scores_from_frame(lengths, settings=SETTINGS, covariates=("length",))
    good = lengths.with_columns(pl.lit(2.0).alias("length"))
    assert scores_from_frame(good, settings=SETTINGS, covariates=("length",)).covariates == ("length",)


def test_a_table_comes_back_in_the_order_of_its_texts_whatever_the_order_of_the_file(
    plain: pl.DataFrame, tmp_path: Path
) -> None:
    # A category of its own, read first, would come first if categories counted.
    pl.Series(["placebo/01", "none"]).cast(pl.Categorical)
    path = tmp_path / "scores.parquet"
    plain.sample(fraction=1.0, shuffle=True, seed=3).write_parquet(path)
    read = read_scores(path, settings=SETTINGS).frame
    keys = read.select(pl.col(*CELL_KEY).exclude("replicate").cast(pl.String), "replicate").select(CELL_KEY).rows()
    assert keys == sorted(keys)
    write_scores(read_scores(path, settings=SETTINGS), path=path)
    assert read_scores(path, settings=SETTINGS).frame.equals(read)
