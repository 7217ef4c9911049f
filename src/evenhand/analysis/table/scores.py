"""The score table as the analysis sees it: strict, one shape, checked once at the door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evenhand.analysis.table.codes import codes, groups_of, joint_codes
from evenhand.analysis.table.table_file import column_names, read_table_file
from evenhand.errors import TableError
from evenhand.records.answer_format import ANSWER_FORMATS
from evenhand.records.as_read import AsRead
from evenhand.records.condition import CONDITION_FIELDS
from evenhand.records.item import ITEM_KINDS
from evenhand.records.profile import ARM_KINDS
from evenhand.records.score import RESERVED_COLUMNS, SCORE_COLUMNS, ColumnType
from evenhand.records.settings import AnalysisSettings
from evenhand.records.trial import OUTCOMES

__all__ = [
    "CELL_KEY",
    "Scores",
    "covariate_column",
    "is_score_table",
    "level_column",
    "read_scores",
    "scores_from_frame",
    "write_scores",
]

_TYPES: dict[ColumnType, pl.DataType] = {
    "str": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
}
_CLOSED: dict[str, tuple[str, ...]] = {
    "kind": ITEM_KINDS,
    "arm_kind": ARM_KINDS,
    "outcome": OUTCOMES,
    "answer": ANSWER_FORMATS,
}
_SCORED = ("letter", "distribution")
"""Formats whose answers always have a score; ratings and texts have one only where there is a reference."""
_CODED = (pl.Categorical, pl.Enum)
"""Text as codes, which a large table needs: kept as codes, whatever list of words its own were made for."""
_TEXT = tuple(column.name for column in SCORE_COLUMNS if column.type == "str" and column.name != "cell_key")
"""Columns of text that are kept as codes."""
_UNIT_INTERVAL = ("score", "p_score", "p_best")

CELL_KEY: tuple[str, ...] = (
    "model",
    "bank",
    "item",
    "arm",
    *(name for name in CONDITION_FIELDS if name != "cue"),
    "replicate",
)
"""Columns that together name one trial: a table holds each combination at most once."""


def level_column(factor: str) -> str:
    """The column of a frame that holds the levels of a factor.

    Names of factors and covariates are the user's; no column of ours has a name like these, so that a factor may be
    called `value`, `item` or `user.gender`. Nothing reads the name back.
    """
    return f"level of {factor}"


def covariate_column(covariate: str) -> str:
    """The column of a frame that holds a covariate; see `level_column`."""
    return f"covariate {covariate}"


class Scores(Struct, frozen=True, kw_only=True):
    """A checked score table.

    Example:
        >>> import evenhand
        >>> run = evenhand.open_run("runs/example")
        >>> scores = evenhand.read_scores(run.path / "scores.parquet", settings=run.plan.analysis)
        >>> "position" in scores.factors
        True
    """

    frame: pl.DataFrame
    """SCORE_COLUMNS in their order, then a `level_column` per factor, then a `covariate_column` per covariate.
    `cell_key` is plain text, every other text column categorical, covariates are floats. Null means absent; NaN never
    occurs."""
    factors: tuple[str, ...]
    """Factors between users, in the table's order."""
    item_factors: tuple[str, ...] = ()
    """Factors of which every item has one level."""
    within_factors: tuple[str, ...] = ()
    """Factors whose levels change within users and within items."""
    covariates: tuple[str, ...] = ()
    """Numbers that factor gaps and mixed models are adjusted for."""
    as_read: AsRead | None = None
    """How a table of a stranger was read; None for score tables."""
    settings: AnalysisSettings


def scores_from_frame(
    frame: pl.DataFrame,
    *,
    settings: AnalysisSettings,
    factors: tuple[str, ...] | None = None,
    item_factors: tuple[str, ...] = (),
    within_factors: tuple[str, ...] = (),
    covariates: tuple[str, ...] = (),
    as_read: AsRead | None = None,
) -> Scores:
    """Check a plain data frame and give it the one shape the analysis works on.

    Args:
        frame: SCORE_COLUMNS (the nullable ones may be absent), and factors and covariates under their own names or, for
            names that the table itself uses, under `level_column` and `covariate_column`.
        settings: What the plan told the analysis beforehand.
        factors: Factors between users; None takes every further text column that is not a covariate.
        item_factors: Factors of the items.
        within_factors: Factors that change within users and items.
        covariates: Numbers to adjust for.
        as_read: How the table was read.

    Raises:
        TableError: A column is missing, of another type, or holds a value it may not.
    """
    if frame.height == 0:
        raise TableError("the score table has no rows; it needs at least one trial.")
    frame = _filled(frame)
    chosen = _factor_columns(frame, covariates=covariates) if factors is None else factors
    named = (*chosen, *item_factors, *within_factors)
    columns = {**{name: level_column(name) for name in named}, **{name: covariate_column(name) for name in covariates}}
    _require_columns(frame, columns)
    renamed = frame.rename({name: column for name, column in columns.items() if column not in frame.columns})
    shaped = _shape(renamed, factors=named, covariates=covariates)
    _check_values(shaped, covariates=covariates)
    _check_outcomes(shaped)
    coded = shaped.with_columns(pl.col(*_TEXT, *map(level_column, named)).cast(pl.Categorical))
    _check_unique(coded)
    return Scores(
        frame=coded,
        factors=chosen,
        item_factors=item_factors,
        within_factors=within_factors,
        covariates=covariates,
        as_read=as_read,
        settings=settings,
    )


def read_scores(path: Path, *, settings: AnalysisSettings) -> Scores:
    """The score table in a Parquet, CSV or JSON lines file, in an order of its own.

    Raises:
        TableError: The file cannot be read, or is not a score table.

    Example:
        >>> import evenhand
        >>> run = evenhand.open_run("runs/example")
        >>> scores = evenhand.read_scores(run.path / "scores.parquet", settings=run.plan.analysis)
        >>> len(scores.frame) == len(run.scores)
        True
    """
    scores = scores_from_frame(read_table_file(path, coded=_TEXT), settings=settings)
    key = _key(scores.frame)
    if bool((key[1:] > key[:-1]).all()):
        return scores
    return replace(scores, frame=scores.frame[np.argsort(key, kind="stable")])


def write_scores(scores: Scores, *, path: Path) -> None:
    """Write the table as Parquet with plain text columns, so that pandas, DuckDB and R read it as it is."""
    text = pl.selectors.categorical()
    partial = path.with_name(path.name + ".partial")
    named = (*scores.factors, *scores.item_factors, *scores.within_factors)
    plain = {level_column(name): name for name in named if name not in RESERVED_COLUMNS}
    plain |= {covariate_column(name): name for name in scores.covariates if name not in RESERVED_COLUMNS}
    scores.frame.rename(plain).with_columns(text.cast(pl.String)).write_parquet(partial)
    partial.replace(path)


def is_score_table(path: Path) -> bool:
    """Whether a file has the columns of a score table; a table of predictions has not.

    Raises:
        TableError: The file cannot be read.
    """
    required = {column.name for column in SCORE_COLUMNS if not column.nullable and column.absent is None}
    return required <= column_names(path)


def _filled(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the columns whose absence has a meaning."""
    lacking = [column for column in SCORE_COLUMNS if column.absent is not None and column.name not in frame.columns]
    return frame.with_columns(pl.lit(column.absent).alias(column.name) for column in lacking)


def _factor_columns(frame: pl.DataFrame, *, covariates: tuple[str, ...]) -> tuple[str, ...]:
    text = (pl.String, pl.Categorical, pl.Enum, pl.Null)
    return tuple(
        name
        for name, kind in frame.schema.items()
        if name not in RESERVED_COLUMNS and name not in covariates and isinstance(kind, text)
    )


def _require_columns(frame: pl.DataFrame, named: dict[str, str]) -> None:
    required = [column.name for column in SCORE_COLUMNS if not column.nullable]
    missing = [name for name in required if name not in frame.columns]
    missing += [name for name, column in named.items() if not {name, column} & set(frame.columns)]
    if missing:
        raise TableError(
            f"the score table lacks the column {missing[0]!r} ({len(missing)} missing in all: {', '.join(missing)}); "
            f"the columns of a score table are listed by `evenhand analyse --help`; "
            f"for a plain table of predictions give --item, --profile and --correct."
        )
    reserved = [name for name, column in named.items() if name in RESERVED_COLUMNS and column not in frame.columns]
    if reserved:
        raise TableError(
            f"the column {reserved[0]!r} cannot be a factor or covariate, because the score table uses that name; "
            f"rename it."
        )


def _shape(frame: pl.DataFrame, *, factors: tuple[str, ...], covariates: tuple[str, ...]) -> pl.DataFrame:
    columns = [_cast(frame, name=column.name, type=column.type) for column in SCORE_COLUMNS]
    columns += [_cast(frame, name=level_column(name), type="str") for name in factors]
    columns += [_cast(frame, name=covariate_column(name), type="float") for name in covariates]
    return pl.DataFrame(columns)


def _cast(frame: pl.DataFrame, *, name: str, type: ColumnType) -> pl.Series:
    target = _TYPES[type]
    if name not in frame.columns:
        return pl.Series(name, [None], dtype=target).new_from_index(0, frame.height)
    series = frame[name]
    if series.dtype == target:
        return series
    if type == "str" and name != "cell_key" and isinstance(series.dtype, _CODED):
        return series.cast(pl.Categorical)
    if type == "bool" and series.dtype == pl.String:
        lowered = series.str.to_lowercase()
        cast = lowered.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    else:
        cast = series.cast(target, strict=False)
    lost = cast.is_null() & series.is_not_null()
    if lost.any():
        value = series.filter(lost)[0]
        raise TableError(
            f"the column {name!r} of the score table holds {value!r} in row {_row(lost)}; allowed is {type} only; "
            f"correct the value or write an empty field."
        )
    return cast


def _row(mask: pl.Series) -> int:
    """1-based number of the first row of a mask."""
    return (mask.arg_max() or 0) + 1


def _check_values(frame: pl.DataFrame, *, covariates: tuple[str, ...]) -> None:
    for column in SCORE_COLUMNS:
        if not column.nullable and (mask := frame[column.name].is_null()).any():
            raise TableError(
                f"the column {column.name!r} of the score table is empty in row {_row(mask)} ({column.meaning}); "
                f"every trial needs one."
            )
    for name, allowed in _CLOSED.items():
        values = frame[name].unique().cast(pl.String)
        if not set(values.to_list()) <= set(allowed):
            mask = ~frame[name].cast(pl.String).is_in(list(allowed))
            value = frame[name].filter(mask)[0]
            raise TableError(
                f"the column {name!r} of the score table holds {value!r} in row {_row(mask)}; "
                f"allowed are {', '.join(allowed)}."
            )
    for column in SCORE_COLUMNS:
        if column.type == "float":
            _check_float(frame[column.name], shown=column.name, unit=column.name in _UNIT_INTERVAL)
    for name in covariates:
        _check_float(frame[covariate_column(name)], shown=name, unit=False)
    if (frame["replicate"] < 0).any():
        raise TableError(f"the column 'replicate' holds {frame['replicate'].min()!r}; replicates count from 0.")


def _check_float(series: pl.Series, *, shown: str, unit: bool) -> None:
    mask = (~series.is_finite()).fill_null(False)
    allowed = "finite numbers or an empty field"
    if unit:
        mask |= ~series.is_between(0.0, 1.0).fill_null(True)
        allowed = "numbers from 0 to 1 or an empty field"
    if mask.any():
        raise TableError(
            f"the column {shown!r} of the score table holds {series.filter(mask)[0]!r} in row {_row(mask)}; "
            f"allowed are {allowed}."
        )


def _check_outcomes(frame: pl.DataFrame) -> None:
    answered = frame["outcome"] == "answered"
    scored = frame["score"].is_not_null()
    unscored = answered & ~scored
    mask = unscored & frame["answer"].cast(pl.String).is_in(list(_SCORED)) if unscored.any() else unscored
    if mask.any():
        raise TableError(
            f"row {_row(mask)} of the score table is answered but has no score; give the score, "
            f"or the outcome that says why there is none."
        )
    mask = ~answered & scored
    if mask.any():
        outcome = frame["outcome"].filter(mask)[0]
        raise TableError(
            f"row {_row(mask)} of the score table is {outcome!r} but has a score; only answered trials have one."
        )


def _check_unique(frame: pl.DataFrame) -> None:
    if groups_of(_key(frame)).keys.size == frame.height:
        return
    mask = frame.select(CELL_KEY).is_duplicated()
    first = frame.select(CELL_KEY).filter(mask).row(0)
    named = ", ".join(f"{name} {value!r}" for name, value in zip(CELL_KEY, first, strict=True))
    raise TableError(
        f"the score table holds the same trial more than once ({named}); "
        f"give repeats their own number in the column 'replicate'."
    )


def _key(frame: pl.DataFrame) -> NDArray[np.int64]:
    """The CELL_KEY of every trial as one number, in the order of the columns' texts."""
    columns = []
    for name in CELL_KEY:
        if name == "replicate":
            groups = groups_of(frame[name].to_numpy())
            columns.append((groups.of_row, groups.keys.size))
        else:
            code, values = codes(frame[name])
            columns.append((code, len(values)))
    return joint_codes(*columns)
