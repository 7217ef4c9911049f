"""The strict score table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.scores import (
    CELL_KEY,
    Scores,
    covariate_column,
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


def refused(frame: pl.DataFrame, **options: object) -> str:
    """What the refusal of a table says."""
    with pytest.raises(TableError) as caught:
        scores_from_frame(frame, settings=SETTINGS, **options)  # type: ignore[arg-type]
    return str(caught.value)


def in_row(frame: pl.DataFrame, row: int, **fields: object) -> pl.DataFrame:
    """The frame with other values in one row, counted from 1."""
    here = pl.int_range(pl.len()) == row - 1
    return frame.with_columns(
        pl.when(here).then(pl.lit(value, dtype=frame.schema[name])).otherwise(name).alias(name)
        for name, value in fields.items()
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"item": None}, "the column 'item' of the score table is empty in row 3 (item id); every trial needs one."),
        ({"kind": "riddle"}, "'kind' of the score table holds 'riddle' in row 3; allowed are understanding, "),
        ({"arm_kind": "pair"}, "'arm_kind' of the score table holds 'pair' in row 3; allowed are none, placebo"),
        ({"outcome": "lost"}, "'outcome' of the score table holds 'lost' in row 3; allowed are answered, "),
        ({"answer": "song"}, "'answer' of the score table holds 'song' in row 3; allowed are letter, "),
        ({"score": 1.1}, "'score' of the score table holds 1.1 in row 3; allowed are numbers from 0 to 1"),
        ({"p_score": -0.1}, "'p_score' of the score table holds -0.1 in row 3; allowed are numbers from 0 to 1"),
        ({"p_best": 1.01}, "'p_best' of the score table holds 1.01 in row 3; allowed are numbers from 0 to 1"),
        ({"latency_s": float("inf")}, "'latency_s' of the score table holds inf in row 3; allowed are finite numbers"),
        ({"replicate": -2}, "the column 'replicate' holds -2; replicates count from 0."),
        ({"score": None, "outcome": "answered"}, "row 3 of the score table is answered but has no score"),
        ({"score": 1.0, "outcome": "refused"}, "row 3 of the score table is 'refused' but has a score"),
    ],
)
def test_a_value_is_named_with_its_column_and_row(plain: pl.DataFrame, fields: dict[str, object], says: str) -> None:
    whole = plain.with_columns(
        p_score=pl.lit(0.5), p_best=pl.lit(0.5), latency_s=pl.lit(20.0), answer=pl.lit("letter")
    ).filter(pl.col("outcome") == "answered")
    assert refused(in_row(whole, 3, **fields)).startswith(
        says if says.startswith(("the", "row")) else f"the column {says}"
    )


def test_values_at_the_ends_are_taken_and_numbers_that_are_no_shares_may_be_large(plain: pl.DataFrame) -> None:
    whole = plain.filter(pl.col("outcome") == "answered").with_columns(latency_s=pl.lit(20.0))
    for value in (0.0, 1.0):
        frame = whole.with_columns(score=pl.lit(value), p_score=pl.lit(value), p_best=pl.lit(value))
        assert scores_from_frame(frame, settings=SETTINGS).frame["score"][0] == value
    loud = whole.with_columns(length=pl.lit(1e6))
    scores = scores_from_frame(loud, settings=SETTINGS, covariates=("length",))
    assert scores.frame[covariate_column("length")].to_list() == [1e6] * whole.height
    text = refused(in_row(loud, 2, length=float("nan")), covariates=("length",))
    assert text == (
        "the column 'length' of the score table holds nan in row 2; allowed are finite numbers or an empty field."
    )


@pytest.mark.parametrize("answer", ["rating", "text"])
def test_only_letters_and_percentages_need_a_score(plain: pl.DataFrame, answer: str) -> None:
    unscored = plain.with_columns(pl.lit(None, dtype=pl.Float64).alias("score"))
    rated = scores_from_frame(unscored.with_columns(answer=pl.lit(answer)), settings=SETTINGS)
    assert rated.frame["score"].null_count() == plain.height
    for scored in ("letter", "distribution"):
        assert "answered but has no score" in refused(unscored.with_columns(answer=pl.lit(scored)))


def test_absent_columns_are_counted_and_those_with_a_meaning_are_filled(plain: pl.DataFrame) -> None:
    text = refused(plain.drop("item", "model"), factors=("position", "age"))
    assert text.startswith("the score table lacks the column 'model' (3 missing in all: model, item, age)")
    assert "give --item, --profile and --correct" in text
    lettered = scores_from_frame(plain.drop("answer", strict=False), settings=SETTINGS)
    assert set(lettered.frame["answer"].cast(pl.String)) == {"letter"}


@pytest.mark.parametrize(
    ("written", "read"), [("true", True), ("FALSE", False), ("True", True), ("", None), ("yes", "refused")]
)
def test_words_for_true_and_false_are_read_in_any_case(plain: pl.DataFrame, written: str, read: object) -> None:
    frame = plain.with_columns(leak=pl.lit(written or None, dtype=pl.String))
    if read == "refused":
        assert refused(frame) == (
            "the column 'leak' of the score table holds 'yes' in row 1; allowed is bool only; correct the value or "
            "write an empty field."
        )
    else:
        assert scores_from_frame(frame, settings=SETTINGS).frame["leak"].to_list() == [read] * plain.height


def test_a_number_that_is_none_is_named_in_the_row_where_it_stands(plain: pl.DataFrame) -> None:
    text = plain.with_columns(order_index=pl.when(pl.int_range(pl.len()) == 4).then(pl.lit("x")).otherwise(pl.lit("1")))
    assert "'order_index' of the score table holds 'x' in row 5; allowed is int only" in refused(text)


@pytest.mark.parametrize(
    "coded",
    [
        lambda words: pl.Enum(words),
        lambda words: pl.Categorical(),
        lambda words: pl.Categorical(pl.Categories(f"of {words[0]}")),
        lambda words: pl.Categorical(pl.Categories(f"short {words[0]}", physical=pl.UInt8)),
    ],
)
@pytest.mark.parametrize("which", ["factors", "all"])
def test_words_that_a_frame_keeps_as_codes_are_read_as_the_words(
    plain: pl.DataFrame, coded: Callable[[list[str]], pl.DataType], which: str
) -> None:
    """Whatever list of words the codes of a column are of: the table is that of the words, and so are its findings."""
    table = plain.with_columns(
        pl.when(pl.col("item").str.ends_with("1")).then(pl.lit("work")).otherwise(pl.lit("home")).alias("topic")
    )
    text = [name for name, kind in table.schema.items() if kind == pl.String and name != "cell_key"]
    chosen = ["position", "topic"] if which == "factors" else text
    words = {name: table[name].drop_nulls().unique().sort().to_list() for name in chosen}
    kept = table.with_columns(table[name].cast(coded(words[name])) for name in chosen if words[name])

    def read(frame: pl.DataFrame) -> Scores:
        return scores_from_frame(frame, settings=SETTINGS, factors=("position",), item_factors=("topic",))

    found = read(kept)
    assert found.frame.equals(read(table).frame)
    assert {found.frame.schema[name] for name in found.frame.columns if name in text} == {pl.Categorical()}
    told, plainly = (analyse(scores, published=False).findings for scores in (found, read(table)))
    assert told == plainly
    assert any(one.contrast and one.contrast[0].level == "work" for one in told)


def test_factors_are_the_further_text_columns_and_covariates_none_of_them(plain: pl.DataFrame) -> None:
    more = plain.with_columns(
        pl.lit("f").alias("gender"), pl.lit(None).alias("empty"), pl.lit(3).alias("number"), pl.lit("4").alias("length")
    )
    found = scores_from_frame(more, settings=SETTINGS, covariates=("length",))
    assert (found.factors, found.covariates) == (("position", "gender", "empty"), ("length",))
    assert found.frame.schema[level_column("gender")] == pl.Categorical()
    assert found.frame.schema["cell_key"] == pl.String() and found.frame.schema["cue"] == pl.Categorical()
    assert found.frame[covariate_column("length")][0] == 4.0
    assert found.frame.columns[-4:] == [
        *map(level_column, ("position", "gender", "empty")),
        covariate_column("length"),
    ]


def test_factors_of_items_and_within_users_are_kept_apart(plain: pl.DataFrame) -> None:
    more = plain.with_columns(pl.lit("x").alias("topic"), pl.lit("y").alias("hour"))
    found = scores_from_frame(
        more, settings=SETTINGS, factors=("position",), item_factors=("topic",), within_factors=("hour",)
    )
    assert (found.factors, found.item_factors, found.within_factors) == (("position",), ("topic",), ("hour",))
    assert found.frame.columns[-3:] == [level_column(name) for name in ("position", "topic", "hour")]


def test_a_reserved_name_is_a_factor_under_the_name_that_the_table_gives_it(
    plain: pl.DataFrame, tmp_path: Path
) -> None:
    named = plain.with_columns(pl.lit("x").alias(level_column("model")), pl.lit(1.0).alias(covariate_column("item")))
    found = scores_from_frame(named, settings=SETTINGS, factors=("position", "model"), covariates=("item",))
    assert found.factors == ("position", "model")
    write_scores(found, path=tmp_path / "t.parquet")
    written = pl.read_parquet(tmp_path / "t.parquet").columns
    # Names of the table itself keep their place; the others are written under their own.
    assert written[-3:] == ["position", level_column("model"), covariate_column("item")]
    assert "cannot be a factor or covariate, because the score table uses that name" in refused(
        plain, covariates=("score",)
    )


def test_every_kind_of_factor_and_covariate_is_written_under_its_own_name(plain: pl.DataFrame, tmp_path: Path) -> None:
    more = plain.with_columns(topic=pl.lit("x"), hour=pl.lit("y"), length=pl.lit(2.0))
    found = scores_from_frame(
        more,
        settings=SETTINGS,
        factors=("position",),
        item_factors=("topic",),
        within_factors=("hour",),
        covariates=("length",),
    )
    write_scores(found, path=tmp_path / "t.parquet")
    written = pl.read_parquet(tmp_path / "t.parquet")
    assert written.columns[-4:] == ["position", "topic", "hour", "length"]
    assert not any(isinstance(kind, pl.Categorical) for kind in written.schema.values())
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_a_trial_that_is_there_twice_is_named_by_what_tells_trials_apart(plain: pl.DataFrame) -> None:
    text = refused(pl.concat([plain, plain.slice(4, 1).with_columns(cell_key=pl.lit("other"))]))
    first = plain.row(4, named=True)
    for name in CELL_KEY:
        assert f"{name} {first[name]!r}" in text
    # What is asked of two replicates, or in two formats, are two trials; what is shown in two cues is one.
    for other in ({"replicate": 77}, {"answer": "distribution"}, {"reader": "use"}):
        assert (
            scores_from_frame(pl.concat([plain, in_row(plain.slice(4, 1), 1, **other)]), settings=SETTINGS).frame.height
            == plain.height + 1
        )
    assert "more than once" in refused(pl.concat([plain, in_row(plain.slice(4, 1), 1, cue="stated")]))


def test_a_score_table_is_known_by_the_columns_that_it_must_have(plain: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    least = [column.name for column in SCORE_COLUMNS if not column.nullable and column.absent is None]
    plain.select(least).write_csv(path)
    assert is_score_table(path)
    plain.select(least[1:]).write_csv(path)
    assert not is_score_table(path)


def test_replicates_come_in_the_order_of_their_numbers(plain: pl.DataFrame, tmp_path: Path) -> None:
    none = plain.filter(pl.col("arm") == "none").head(1)
    many = pl.concat(
        [none.with_columns(pl.lit(n).alias("replicate"), pl.lit(f"c{n}").alias("cell_key")) for n in (10, 2, 0, 11, 1)]
    )
    many.write_parquet(tmp_path / "t.parquet")
    read = read_scores(tmp_path / "t.parquet", settings=SETTINGS)
    assert read.frame["replicate"].to_list() == [0, 1, 2, 10, 11]
