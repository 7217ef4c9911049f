"""A plain table of predictions -> score table.

Two forms are understood. With columns named, any table with an item, a profile and a correctness column. With
nothing named, the reference row format: one row a question, with `question_id`, `gold_label`, the factor columns
`gender`, `age`, `religion`, `ethnicity`, and a column with the prediction. A row without levels on any factor is the
no-memory arm. A prediction that names no option is missing, never wrong.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.predicted_label import labels_of, normalised
from evenhand.analysis.table import Scores, scores_from_frame
from evenhand.analysis.table_file import read_table_file
from evenhand.errors import TableError
from evenhand.records.item import ITEM_KINDS
from evenhand.records.score import RESERVED_COLUMNS
from evenhand.records.settings import AnalysisSettings

__all__ = ["REFERENCE_FACTORS", "PredictionColumns", "read_predictions"]

REFERENCE_FACTORS: tuple[str, ...] = ("gender", "age", "religion", "ethnicity")
"""Factor columns of the reference row format."""
_REFERENCE_LEVELS = {"gender": "male", "age": "34-65", "religion": "christian", "ethnicity": "white"}
"""Reference cell of the published study, compared without regard to case."""
_ITEM = ("question_id", "item_id", "item")
_GOLD = ("gold_label", "gold", "label")
_PREDICTION = ("prediction", "pred_label", "predicted_label", "pred", "parsed_label", "response", "output", "answer")
_MODEL = ("model", "model_name")
_NOTHING = ("", "nan", "none", "null", "na", "n/a")
_NO_MEMORY = (*_NOTHING, "no_memory", "no memory", "baseline")
_TRUE = ("1", "1.0", "true", "yes", "t", "y")
_FALSE = ("0", "0.0", "false", "no", "f", "n")


class PredictionColumns(Struct, frozen=True, kw_only=True):
    """Which column of a table of predictions is what. None: looked for under the names of the reference format."""

    item: str | None = None
    profile: str | None = None
    """Column naming the profile; None: the combination of factor levels."""
    correct: str | None = None
    """Column with 1/0 or true/false; None: the prediction compared with the gold label."""
    prediction: str | None = None
    gold: str | None = None
    matched_set: str | None = None
    """Column naming the matched set; None: the combination of the factors other than the contrast."""
    model: str | None = None
    replicate: str | None = None
    """Column with 0-based repeats; None: rows of one item and profile are numbered as they come."""
    factors: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()


def read_predictions(
    path: Path,
    *,
    columns: PredictionColumns | None = None,
    settings: AnalysisSettings | None = None,
) -> Scores:
    """The score table that a file of predictions amounts to.

    Raises:
        TableError: The file cannot be read, a column is missing, or a value cannot be what its column says.
    """
    raw = read_table_file(path)
    text = raw.with_columns(pl.all().cast(pl.String).str.strip_chars())
    named = _resolve(text, columns or PredictionColumns())
    chosen = settings or AnalysisSettings()
    frame = _with_arms(text, named, contrast=chosen.contrast)
    frame = pl.concat([frame, _outcomes(text, named)], how="horizontal")
    frame = _with_replicates(frame, text, named)
    covariates = [_numeric(text, name) for name in named.covariates]
    references = {**_references(frame, named.factors), **chosen.references}
    return scores_from_frame(
        pl.concat([frame, pl.DataFrame(covariates)], how="horizontal") if covariates else frame,
        settings=replace(chosen, references=references),
        factors=named.factors,
        covariates=named.covariates,
    )


def _resolve(frame: pl.DataFrame, columns: PredictionColumns) -> PredictionColumns:
    """Fill the names that were not given and refuse those that are not there."""
    given = [
        name
        for name in (
            columns.item,
            columns.profile,
            columns.correct,
            columns.prediction,
            columns.gold,
            columns.matched_set,
            columns.model,
            columns.replicate,
            *columns.factors,
            *columns.covariates,
        )
        if name is not None
    ]
    for name in given:
        if name not in frame.columns:
            raise TableError(f"the table has no column {name!r}; it has {_listed(frame)}; name one of these.")
    factors = columns.factors or tuple(name for name in REFERENCE_FACTORS if name in frame.columns)
    reserved = [name for name in (*factors, *columns.covariates) if name in RESERVED_COLUMNS]
    if reserved:
        raise TableError(f"the factor or covariate {reserved[0]!r} has a name the score table uses; rename the column.")
    if not factors and columns.profile is None:
        raise TableError(
            f"the table has no factor columns ({', '.join(REFERENCE_FACTORS)}) and no profile column is named; "
            f"it has {_listed(frame)}; give --profile or --factors."
        )
    return _resolve_answers(frame, replace(columns, factors=factors))


def _resolve_answers(frame: pl.DataFrame, columns: PredictionColumns) -> PredictionColumns:
    item = columns.item or _find(frame, _ITEM, option="--item")
    model = columns.model or next((name for name in _MODEL if name in frame.columns), None)
    if columns.correct is not None:
        return replace(columns, item=item, model=model)
    gold = columns.gold or _find(frame, _GOLD, option="--correct")
    prediction = columns.prediction or _find(frame, _PREDICTION, option="--correct")
    return replace(columns, item=item, model=model, gold=gold, prediction=prediction)


def _find(frame: pl.DataFrame, names: tuple[str, ...], *, option: str) -> str:
    for name in names:
        if name in frame.columns:
            return name
    raise TableError(
        f"the table has none of the columns {', '.join(map(repr, names))}; it has {_listed(frame)}; "
        f"name the column with {option}."
    )


def _listed(frame: pl.DataFrame) -> str:
    shown = frame.columns[:12]
    return ", ".join(map(repr, shown)) + (f" and {frame.width - 12} more" if frame.width > 12 else "")


def _level(name: str) -> pl.Expr:
    """A factor's level, null where the row has none."""
    return pl.when(pl.col(name).str.to_lowercase().is_in(_NOTHING)).then(None).otherwise(pl.col(name)).alias(name)


def _with_arms(frame: pl.DataFrame, columns: PredictionColumns, *, contrast: str) -> pl.DataFrame:
    levels = frame.select(_level(name) for name in columns.factors)
    bare = (
        levels.select(pl.all_horizontal(pl.all().is_null()).alias("bare"))["bare"]
        if columns.factors
        else pl.repeat(True, frame.height, eager=True)
    )
    combined = pl.concat_str(pl.all().fill_null("-"), separator="/")
    if columns.profile is None:
        profile = levels.select(combined.alias("profile"))["profile"]
        none = bare
    else:
        profile = frame[columns.profile]
        none = profile.is_null() | profile.str.to_lowercase().is_in(_NO_MEMORY)
    others = [name for name in columns.factors if name != contrast]
    if columns.matched_set is not None:
        matched = frame[columns.matched_set]
    elif contrast in columns.factors and others:
        matched = levels.select(pl.concat_str(pl.col(*others).fill_null("-"), separator="/").alias("m"))["m"]
    else:
        matched = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    item = frame[columns.item or ""]
    if (mask := item.is_null() | item.str.to_lowercase().is_in(_NOTHING)).any():
        raise TableError(
            f"row {(mask.arg_max() or 0) + 1} has no item in the column {columns.item!r}; every row needs one."
        )
    placebo = ~none & profile.str.starts_with("placebo")
    arms = pl.DataFrame({"none": none, "placebo": placebo, "profile": profile, "matched": matched})
    shown = arms.select(
        arm=pl.when("none").then(pl.lit("none")).otherwise("profile"),
        arm_kind=pl.when("none")
        .then(pl.lit("none"))
        .when("placebo")
        .then(pl.lit("placebo"))
        .otherwise(pl.lit("profile")),
        cohort=pl.when(~pl.col("none") & ~pl.col("placebo")).then(pl.lit("predictions")),
        matched_set=pl.when(~pl.col("none") & ~pl.col("placebo")).then("matched"),
    )
    fixed = pl.DataFrame({"item": item, "model": _model(frame, columns), "kind": _kind(frame)})
    constant = {"bank": "predictions", "placement": "system", "reader": "none", "mitigation": "none"}
    return pl.concat([fixed, shown, levels], how="horizontal").with_columns(
        *(pl.lit(value).alias(name) for name, value in constant.items()),
        pl.lit(0).alias("order_index"),
        pl.when(pl.col("arm_kind") == "profile").then(pl.lit("stated")).alias("cue"),
    )


def _model(frame: pl.DataFrame, columns: PredictionColumns) -> pl.Series:
    if columns.model is None:
        return pl.repeat("model", frame.height, eager=True)
    return frame[columns.model].fill_null("model")


def _kind(frame: pl.DataFrame) -> pl.Series:
    if "kind" in frame.columns and frame["kind"].is_in(list(ITEM_KINDS)).all():
        return frame["kind"]
    return pl.repeat("understanding", frame.height, eager=True)


def _outcomes(frame: pl.DataFrame, columns: PredictionColumns) -> pl.DataFrame:
    """Columns outcome, choice, keyed_option, score of every row."""
    if columns.correct is not None:
        score = _correctness(frame[columns.correct])
        choice = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
        key = pl.repeat("correct", frame.height, eager=True)
    else:
        labels = labels_of(frame[columns.gold or ""], column=columns.gold or "")
        key = normalised(frame[columns.gold or ""], labels=labels)
        choice = normalised(frame[columns.prediction or ""], labels=labels)
        score = (choice == key).cast(pl.Float64)
    return pl.DataFrame({"choice": choice, "keyed_option": key, "score": score}).with_columns(
        pl.when(pl.col("score").is_null()).then(pl.lit("unparsed")).otherwise(pl.lit("answered")).alias("outcome")
    )


def _correctness(series: pl.Series) -> pl.Series:
    lowered = series.str.to_lowercase()
    known = pl.Series([*_TRUE, *_FALSE, *_NOTHING])
    numeric = series.cast(pl.Float64, strict=False)
    within = numeric.is_between(0.0, 1.0).fill_null(False)
    odd = ~(lowered.is_in(known.to_list()) | within) & series.is_not_null()
    if odd.any():
        raise TableError(
            f"the column {series.name!r} holds {series.filter(odd)[0]!r} in row {(odd.arg_max() or 0) + 1}; "
            f"allowed are 1/0, true/false, a number from 0 to 1, or an empty field for a missing answer."
        )
    words = {**dict.fromkeys(_TRUE, 1.0), **dict.fromkeys(_FALSE, 0.0)}
    said = lowered.replace_strict(words, default=None, return_dtype=pl.Float64)
    return said.fill_null(numeric.fill_nan(None))


def _with_replicates(frame: pl.DataFrame, text: pl.DataFrame, columns: PredictionColumns) -> pl.DataFrame:
    if columns.replicate is not None:
        replicate = text[columns.replicate].cast(pl.Int64, strict=False)
        if (mask := replicate.is_null()).any():
            value = text[columns.replicate].filter(mask)[0]
            raise TableError(f"the column {columns.replicate!r} holds {value!r}; allowed are whole numbers from 0.")
        numbered = frame.with_columns(replicate)
    else:
        numbered = frame.with_columns((pl.int_range(pl.len()).over("model", "item", "arm")).alias("replicate"))
    return numbered.with_columns(pl.format("row-{}", pl.int_range(pl.len())).alias("cell_key"))


def _numeric(frame: pl.DataFrame, name: str) -> pl.Series:
    series = frame[name]
    blank = series.is_null() | series.str.to_lowercase().is_in(_NOTHING)
    numeric = series.cast(pl.Float64, strict=False)
    if (mask := numeric.is_null() & ~blank).any():
        raise TableError(
            f"the covariate {name!r} holds {series.filter(mask)[0]!r} in row {(mask.arg_max() or 0) + 1}; allowed are "
            f"numbers; give a text column as a factor instead."
        )
    return numeric.fill_nan(None)


def _references(frame: pl.DataFrame, factors: tuple[str, ...]) -> dict[str, str]:
    """Reference level of each factor: the published study's where it occurs, otherwise the most frequent."""
    found: dict[str, str] = {}
    for name in factors:
        counts = (
            frame[name]
            .drop_nulls()
            .value_counts(sort=True, name="rows")
            .sort(by=["rows", name], descending=[True, False])
        )
        levels: list[str] = counts[name].to_list()
        published = [level for level in levels if level.lower() == _REFERENCE_LEVELS.get(name)]
        if levels:
            found[name] = (published or levels)[0]
    return found
