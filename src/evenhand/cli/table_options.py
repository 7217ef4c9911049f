"""Options that say which column of a table is what, for every command that reads one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast
from evenhand.analysis.table.predictions import predictions_of, read_predictions
from evenhand.analysis.table.scores import Scores, is_score_table, read_scores
from evenhand.errors import UsageError
from evenhand.interop.log import ToolLog
from evenhand.interop.log_table import log_table, with_log
from evenhand.records.settings import AnalysisSettings

__all__ = ["columns_of", "read_log_table", "read_table", "rows_kept"]

_SINGLE = ("item", "profile", "correct", "prediction", "gold", "model", "matched_set", "replicate", "none_arm")
_LISTS = ("factors", "covariates", "placebo_arms", "missing", "answers")


def columns_of(given: Mapping[str, str | None]) -> PredictionColumns | None:
    """The columns that options name; None where no option was given.

    Args:
        given: Option, without dashes -> its text; lists are separated by commas. An option that was not given is None.

    Raises:
        UsageError: A contrast is not written FACTOR=A,B, or a list is empty.
    """
    if all(value is None for value in given.values()):
        return None
    single = {name: given.get(name) for name in _SINGLE}
    lists = {name: _entries(name, given.get(name)) for name in _LISTS}
    return PredictionColumns(
        item=single["item"],
        profile=single["profile"],
        correct=single["correct"],
        prediction=single["prediction"],
        gold=single["gold"],
        model=single["model"],
        matched_set=single["matched_set"],
        replicate=single["replicate"],
        none_arm=single["none_arm"],
        factors=lists["factors"],
        covariates=lists["covariates"],
        placebo_arms=lists["placebo_arms"],
        missing=lists["missing"],
        answers=lists["answers"],
        contrast=_contrast(given.get("contrast")),
    )


def read_table(path: Path, *, columns: PredictionColumns | None, settings: AnalysisSettings) -> Scores:
    """A score table, or a plain table of predictions, as the columns of the file say.

    Raises:
        TableError: The file is neither.
    """
    if columns is None and is_score_table(path):
        return read_scores(path, settings=settings)
    return read_predictions(path, columns=columns, settings=settings)


def read_log_table(
    log: ToolLog, *, columns: PredictionColumns | None, where: Sequence[str], settings: AnalysisSettings
) -> Scores:
    """The score table of another tool's log.

    Raises:
        UsageError: An entry of `where` is not written FIELD=VALUE.
        TableError: A field is not there, or what an analysis needs is neither named nor found.
    """
    table = log_table(log, columns or PredictionColumns(), where=rows_kept(where))
    scores = predictions_of(table.file, columns=table.columns, settings=settings)
    return replace(scores, as_read=None if scores.as_read is None else with_log(scores.as_read, table))


def rows_kept(where: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(field, value) of every FIELD=VALUE.

    Raises:
        UsageError: One is written otherwise.
    """
    found = []
    for text in where:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--where is {text!r}; write FIELD=VALUE, as in --where filter=none")
        found.append((name.strip(), value.strip()))
    return tuple(found)


def _entries(name: str, text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    entries = tuple(dict.fromkeys(entry.strip() for entry in text.split(",") if entry.strip()))
    if not entries:
        raise UsageError(f"--{name.replace('_', '-')} names nothing; give names with commas between, or leave it out")
    return entries


def _contrast(text: str | None) -> TableContrast | None:
    if text is None:
        return None
    factor, equals, levels = text.rpartition("=")
    first, comma, second = levels.partition(",")
    parts = (factor.strip(), first.strip(), second.strip())
    if not (equals and comma and all(parts)) or "," in second or parts[1] == parts[2]:
        raise UsageError(f"--contrast is {text!r}; write FACTOR=A,B with two levels, as in --contrast memory=rich,poor")
    return TableContrast(factor=parts[0], first=parts[1], second=parts[2])
