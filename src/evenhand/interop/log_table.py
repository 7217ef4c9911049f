"""From a log to the rows of a table of predictions, with what was taken for what, and from where."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.table.prediction_columns import REFERENCE_FACTORS, PredictionColumns
from evenhand.analysis.table.table_file import TableFile
from evenhand.analysis.table.table_guard import refuse_wide
from evenhand.errors import TableError
from evenhand.interop.log import FIXED, ToolLog
from evenhand.records.as_read import AsRead, ColumnRole, LogRead
from evenhand.tabular.text_table import TextTable

__all__ = ["LogTable", "log_table", "with_log"]

_ITEM = ("item", "item_id", "question_id", "question_uid")
_USER = ("user", "user_id", "profile", "profile_id", "persona", "persona_id")
_FIXED_PLACES = {
    "sample": "the sample's name",
    "repeat": "the epoch",
    "model": "the model that the log names",
    "answer": "the answer",
    "target": "the right answer",
}


class LogTable(Struct, frozen=True, kw_only=True):
    """A log as a table."""

    file: TableFile
    """Its rows; every column is text."""
    columns: PredictionColumns
    """Which column is what: named by the user, or taken by its name."""
    places: Mapping[str, str]
    """Column -> where it is in the log."""
    read: LogRead
    """What was found."""
    named: frozenset[tuple[ColumnRole, str]]
    """(role, column) of what the user named."""


def log_table(log: ToolLog, given: PredictionColumns, *, where: Sequence[tuple[str, str]] = ()) -> LogTable:
    """The table that a log amounts to.

    A field may be named in full (`metadata.user`) or by its last part where only one field has it.

    Args:
        log: The log.
        given: Columns that the user named.
        where: (column, value): only rows with this value are kept.

    Raises:
        TableError: A named field is not there, or something that an analysis needs is neither named nor found.
    """
    frame, places = _frame(log)
    frame, kept = _kept(frame, log, where=where)
    _refuse_several(frame, log)
    renamed = _renamed(given, frame, log)
    chosen = _chosen(frame, log, renamed)
    used = set(chosen.taken())
    text = TextTable(
        path=Path(log.name),
        format="JSON lines",
        compression="plain",
        encoding="utf-8",
        separator=None,
        columns=(),
        skipped=0,
    )
    return LogTable(
        file=TableFile(frame=frame, nested=log.nested, text=text),
        columns=chosen,
        places=places,
        named=frozenset((role, column) for role, _, column in renamed.named()),
        read=LogRead(
            tool=log.tool,
            version=log.version,
            models=tuple(dict.fromkeys(one.model for one in log.answers if one.model is not None)),
            rows=len(log.answers),
            kept=kept,
            failed=sum(one.error is not None for one in log.answers),
            notes=log.notes,
            unused=tuple(name for name in frame.columns if name not in used and name not in FIXED),
        ),
    )


def with_log(read: AsRead, table: LogTable) -> AsRead:
    """How a table was read, with the log that it came from."""
    columns = tuple(
        replace(
            one,
            place=table.places.get(one.column),
            option=one.option if (one.role, one.column) in table.named else None,
        )
        for one in read.columns
    )
    return replace(read, columns=columns, log=table.read)


def _frame(log: ToolLog) -> tuple[pl.DataFrame, dict[str, str]]:
    """Every answer as a row: the fixed columns, then scores, then fields by the shortest name that is their own."""
    scores = dict.fromkeys(name for answer in log.answers for name in answer.scores)
    fields = dict.fromkeys(name for answer in log.answers for name in answer.fields)
    refuse_wide(Path(log.name), len(scores) + len(fields) + len(FIXED))
    columns: dict[str, list[str | None]] = {
        "sample": [one.sample for one in log.answers],
        "repeat": [None if one.repeat is None else str(one.repeat) for one in log.answers],
        "model": [one.model for one in log.answers],
        "answer": [one.answer for one in log.answers],
        "target": [one.target for one in log.answers],
    }
    if not any(columns["model"]):
        del columns["model"]
    places = dict(_FIXED_PLACES)
    for name in scores:
        column = "score" if len(scores) == 1 else f"score.{name}"
        columns[column] = [one.scores.get(name) for one in log.answers]
        places[column] = f"the score {name!r}"
    last = [name.rpartition(".")[2] for name in fields]
    for name, short in zip(fields, last, strict=True):
        column = short if last.count(short) == 1 and short not in columns else name
        columns[column] = [one.fields.get(name) for one in log.answers]
        places[column] = f"the field {name!r}"
    series = [pl.Series(_sound(name), map(_sound, values), dtype=pl.String) for name, values in columns.items()]
    return pl.DataFrame(series), {_sound(name): place for name, place in places.items()}


def _sound(text: str | None) -> Any:
    """A text with question marks in place of what no file can hold, such as half of a character; None stays None."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _kept(
    frame: pl.DataFrame, log: ToolLog, *, where: Sequence[tuple[str, str]]
) -> tuple[pl.DataFrame, tuple[tuple[str, str], ...]]:
    kept = []
    for name, value in where:
        column = _column(frame, log, name, option="--where")
        found = frame.filter(pl.col(column) == value)
        if found.height == 0:
            raise TableError(
                f"--where {name}={value} keeps nothing: {column!r} of {log.name!r} holds {_some(frame[column])}."
            )
        frame = found
        kept.append((column, value))
    return frame, tuple(kept)


def _refuse_several(frame: pl.DataFrame, log: ToolLog) -> None:
    for name in log.single:
        if name in frame.columns and frame[name].n_unique() > 1:
            raise TableError(
                f"{log.name!r} holds each answer several times, by {name!r} ({_some(frame[name])}); keep one of them "
                f"with --where {name}=VALUE."
            )


def _renamed(given: PredictionColumns, frame: pl.DataFrame, log: ToolLog) -> PredictionColumns:
    """What the user named, by the columns of the table."""
    single = {
        name: None if named is None else _column(frame, log, named, option=f"--{name.replace('_', '-')}")
        for name, named in (
            ("item", given.item),
            ("profile", given.profile),
            ("correct", given.correct),
            ("prediction", given.prediction),
            ("gold", given.gold),
            ("matched_set", given.matched_set),
            ("model", given.model),
            ("replicate", given.replicate),
        )
    }
    contrast = given.contrast
    if contrast is not None:
        contrast = replace(contrast, factor=_column(frame, log, contrast.factor, option="--contrast"))
    factors = tuple(_column(frame, log, name, option="--factors") for name in given.factors)
    covariates = tuple(_column(frame, log, name, option="--covariates") for name in given.covariates)
    return replace(given, **single, contrast=contrast, factors=factors, covariates=covariates)


def _column(frame: pl.DataFrame, log: ToolLog, name: str, *, option: str) -> str:
    if name in frame.columns:
        return name
    short = name.rpartition(".")[2]
    ends = [column for column in frame.columns if column.endswith(f".{name}")]
    if len(ends) == 1:
        return ends[0]
    if len(ends) > 1:
        raise TableError(f"{option} {name!r} may be {_listed(ends)} of {log.name!r}; name one of them in full.")
    if short in frame.columns and any(name in answer.fields for answer in log.answers):
        return short  # a field that only one object has is a column by its last part
    if name in log.nested:
        raise TableError(f"the field {name!r} ({option}) of {log.name!r} holds lists, which are no single value.")
    near = difflib.get_close_matches(name, frame.columns, n=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    raise TableError(f"{option} names {name!r}, which {log.name!r} has not{meant}; it has {_listed(frame.columns)}.")


def _chosen(frame: pl.DataFrame, log: ToolLog, given: PredictionColumns) -> PredictionColumns:
    """What the user named, and the rest by its name.

    Raises:
        TableError: Nothing says who the users are, what is right, or which questions are the same.
    """
    own = [name for name in frame.columns if name not in FIXED]
    item = given.item or next((name for name in _ITEM if name in own), "sample")
    profile = given.profile or next((name for name in _USER if name in own and name not in given.factors), None)
    factors = given.factors or _reference(own)
    if profile is None and not factors and given.contrast is None:
        raise TableError(
            f"{log.name!r} does not say who the users are: it has none of the fields {_listed(_USER)} and none of "
            f"{_listed(REFERENCE_FACTORS)}; it has {_listed(own) or 'no fields at all'}. Name the user with --profile, "
            f"or what users differ in with --factors."
        )
    chosen = replace(given, item=item, profile=profile, model=given.model or _full(frame, "model"))
    _refuse_one_user_items(frame, log, chosen, factors)
    if given.replicate is None and profile is not None and frame["repeat"].drop_nulls().n_unique() > 1:
        chosen = replace(chosen, replicate="repeat")
    if given.correct is not None or given.prediction is not None or given.gold is not None:
        return _both(frame, chosen)
    return _right(frame, log, chosen)


def _both(frame: pl.DataFrame, chosen: PredictionColumns) -> PredictionColumns:
    """The answer and the right answer, where the user named one of them."""
    if chosen.correct is not None:
        return chosen
    return replace(
        chosen,
        prediction=chosen.prediction or _full(frame, "answer", some=True),
        gold=chosen.gold or _full(frame, "target", some=True),
    )


def _right(frame: pl.DataFrame, log: ToolLog, chosen: PredictionColumns) -> PredictionColumns:
    scores = [name for name in frame.columns if name == "score" or name.startswith("score.")]
    main = f"score.{log.main_score}"
    if len(scores) == 1 or main in scores:
        return replace(chosen, correct=scores[0] if len(scores) == 1 else main)
    if scores:
        raise TableError(
            f"{log.name!r} has several scores ({_listed(scores)}); say with --correct which one says what is right."
        )
    if frame["answer"].null_count() < frame.height and frame["target"].null_count() == 0:
        return replace(chosen, prediction="answer", gold="target")
    lacks = "answers" if frame["answer"].null_count() == frame.height else "a right answer for every sample"
    raise TableError(
        f"{log.name!r} has no score, and it has not {lacks}; name a field that says what is right with --correct, or "
        f"--prediction and --gold; it has {_listed(frame.columns)}."
    )


def _refuse_one_user_items(
    frame: pl.DataFrame, log: ToolLog, chosen: PredictionColumns, factors: Sequence[str]
) -> None:
    """Refuse items that one user has each: nothing could be compared."""
    who = [chosen.profile] if chosen.profile is not None else list(factors)
    if chosen.contrast is not None:
        who.append(chosen.contrast.factor)
    users = frame.group_by(chosen.item or "sample").agg(pl.struct(*dict.fromkeys(who)).n_unique().alias("users"))
    if frame.height > 1 and users["users"].max() == 1:
        raise TableError(
            f"no question of {log.name!r} was asked for two users: {chosen.item!r} is another one for each "
            f"({_some(frame[chosen.item or 'sample'])}); name the field that says which question it is with --item; "
            f"the log has {_listed([name for name in frame.columns if name not in who])}."
        )


def _reference(columns: Sequence[str]) -> tuple[str, ...]:
    lowered = {name.lower() for name in columns}
    return tuple(name for name in REFERENCE_FACTORS if name in lowered)


def _full(frame: pl.DataFrame, name: str, *, some: bool = False) -> str | None:
    """The column, where every row has a value in it; with `some`: where one has."""
    if name not in frame.columns:
        return None
    empty = frame[name].null_count()
    return name if (empty < frame.height if some else empty == 0) else None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - 12
    return ", ".join(repr(name) for name in names[:12]) + (f" and {more} more" if more > 0 else "")


def _some(series: pl.Series) -> str:
    values = series.drop_nulls().unique().sort().head(6).to_list()
    return ", ".join(repr(value) for value in values) or "nothing"
