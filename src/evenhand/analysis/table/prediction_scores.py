"""Right or wrong, row by row, from a correctness column or from predictions and gold labels."""

from __future__ import annotations

import polars as pl
from msgspec import Struct

from evenhand.analysis.table.predicted_label import LabelReader, answers_of
from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.errors import TableError
from evenhand.records.as_read import UnreadAnswers

__all__ = ["ScoredRows", "covariate_values", "scored"]

_TRUE = ("true", "yes", "t", "y")
_FALSE = ("false", "no", "f", "n")


class ScoredRows(Struct, frozen=True, kw_only=True):
    """Scores and what was read on the way."""

    frame: pl.DataFrame
    """Columns choice, keyed_option, score, outcome."""
    possible: tuple[str, ...]
    empty: int
    unread: tuple[UnreadAnswers, ...]
    unread_rows: int


def scored(text: pl.DataFrame, columns: PredictionColumns, *, reader: LabelReader | None) -> ScoredRows:
    """Outcome, choice, key and score of every row.

    Raises:
        TableError: A correctness is neither 1/0 nor true/false nor between, or as `answers_of`.
    """
    if columns.correct is not None:
        score = correctness(text[columns.correct])
        frame = pl.DataFrame({"score": score}).with_columns(
            pl.lit(None, dtype=pl.String).alias("choice"), pl.lit("correct").alias("keyed_option")
        )
        return ScoredRows(frame=_with_outcome(frame), possible=(), empty=score.null_count(), unread=(), unread_rows=0)
    answers = answers_of(
        text[columns.gold or ""], text[columns.prediction or ""], possible=columns.answers, reader=reader
    )
    frame = pl.DataFrame({"choice": answers.choice, "keyed_option": answers.key}).with_columns(
        (pl.col("choice") == pl.col("keyed_option")).cast(pl.Float64).alias("score")
    )
    return ScoredRows(
        frame=_with_outcome(frame),
        possible=answers.possible,
        empty=answers.empty,
        unread=answers.unread,
        unread_rows=answers.unread_rows,
    )


def correctness(series: pl.Series) -> pl.Series:
    """Scores from a correctness column; null where the cell is empty.

    Raises:
        TableError: Naming the first entry that is none.
    """
    lowered = series.str.to_lowercase()
    words = {**dict.fromkeys(_TRUE, 1.0), **dict.fromkeys(_FALSE, 0.0)}
    said = lowered.replace_strict(words, default=None, return_dtype=pl.Float64)
    numeric = series.cast(pl.Float64, strict=False)
    within = numeric.is_between(0.0, 1.0).fill_null(False)  # NaN is above every number
    odd = said.is_null() & ~within & series.is_not_null()
    if odd.any():
        value = series.filter(odd)[0]
        raise TableError(
            f"the column {series.name!r} holds {value!r} in row {(odd.arg_max() or 0) + 1}; allowed are 1/0, "
            f"true/false, a number from 0 to 1, or an empty field for a missing answer; if it stands for a missing "
            f"answer, say --missing {value}."
        )
    return said.fill_null(numeric)


def covariate_values(series: pl.Series) -> pl.Series:
    """Numbers of a covariate; null where the cell is empty.

    Raises:
        TableError: An entry is no finite number, or all are alike.
    """
    numeric = series.cast(pl.Float64, strict=False)
    odd = series.is_not_null() & ~numeric.is_finite().fill_null(False)
    if odd.any():
        value = series.filter(odd)[0]
        raise TableError(
            f"the covariate {series.name!r} holds {value!r} in row {(odd.arg_max() or 0) + 1}; allowed are numbers "
            f"with a decimal point; give a text column as a factor instead, or say --missing {value}."
        )
    if numeric.drop_nulls().n_unique() < 2:
        raise TableError(f"the covariate {series.name!r} has one value only, so nothing can be adjusted; leave it out.")
    return numeric


def _with_outcome(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.when(pl.col("score").is_null()).then(pl.lit("unparsed")).otherwise(pl.lit("answered")).alias("outcome")
    )
