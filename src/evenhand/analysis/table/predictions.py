"""A plain table of predictions -> score table, with a record of how it was read.

Two forms are understood. With columns named, any table with an item, a user and a correctness column. With nothing
named, the reference row format: one row per question, with `question_id`, `gold_label`, the factor columns `gender`,
`age`, `religion`, `ethnicity`, and a column with the prediction; there a row without a level on any factor is the
no-memory arm. Only an empty cell is missing. Rows are put into an order of their own, so that no number depends on
theirs.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.table.factor_kinds import factor_kind, factor_read
from evenhand.analysis.table.predicted_label import LabelReader
from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast, columns_read, resolved
from evenhand.analysis.table.prediction_scores import ScoredRows, covariate_values, scored
from evenhand.analysis.table.repeats import named_replicates, repeats_read, replicates
from evenhand.analysis.table.scores import Scores, covariate_column, level_column, scores_from_frame
from evenhand.analysis.table.table_file import TableFile, table_file
from evenhand.analysis.table.user_arms import Arms, arms_of
from evenhand.errors import TableError
from evenhand.records.as_read import AsRead, ColumnRead, CovariateRead, FactorKind, FactorRead, LeftOut
from evenhand.records.item import ITEM_KINDS
from evenhand.records.settings import AnalysisSettings
from evenhand.seeds import stream

__all__ = ["predictions_of", "read_predictions"]

_SURVEY = '{"ImportId"'
"""Begins the entries of the last header row of a survey export."""


class _Table(Struct, frozen=True, kw_only=True):
    """A file with its columns told apart."""

    file: TableFile
    given: PredictionColumns
    used: PredictionColumns
    text: pl.DataFrame
    """Used columns as text, null where empty."""
    header_rows: int
    """Further header rows, left out of `text`."""
    kinds: dict[str, FactorKind]

    def of_kind(self, kind: FactorKind) -> tuple[str, ...]:
        """Factors of a kind."""
        return tuple(name for name in self.used.factors if self.kinds[name] == kind)


class _Ready(Struct, frozen=True, kw_only=True):
    """Everything that a score table is made of."""

    frame: pl.DataFrame
    settings: AnalysisSettings
    factors: tuple[str, ...]
    item_factors: tuple[str, ...]
    within_factors: tuple[str, ...]
    covariates: tuple[str, ...]
    as_read: AsRead


def read_predictions(
    path: Path,
    *,
    columns: PredictionColumns | None = None,
    settings: AnalysisSettings | None = None,
    reader: LabelReader | None = None,
) -> Scores:
    """The score table that a file of predictions amounts to.

    Args:
        path: The file.
        columns: What the user named.
        settings: What the analysis is told beforehand.
        reader: Reads predictions that are longer than a label.

    Raises:
        TableError: The file cannot be read, a column is missing, or a value cannot be what its column says.
    """
    return predictions_of(table_file(path), columns=columns, settings=settings, reader=reader)


def predictions_of(
    file: TableFile,
    *,
    columns: PredictionColumns | None = None,
    settings: AnalysisSettings | None = None,
    reader: LabelReader | None = None,
) -> Scores:
    """The same of rows that were read already.

    Args:
        file: The rows.
        columns: What the user named.
        settings: What the analysis is told beforehand.
        reader: Reads predictions that are longer than a label.

    Raises:
        TableError: A column is missing, or a value cannot be what its column says.
    """
    # The rows as text are let go before the score table is checked, since a large table fits into memory only once.
    ready = _ready(file, columns or PredictionColumns(), settings=settings or AnalysisSettings(), reader=reader)
    del file
    return scores_from_frame(
        ready.frame,
        settings=ready.settings,
        factors=ready.factors,
        item_factors=ready.item_factors,
        within_factors=ready.within_factors,
        covariates=ready.covariates,
        as_read=ready.as_read,
    )


def _ready(
    file: TableFile, columns: PredictionColumns, *, settings: AnalysisSettings, reader: LabelReader | None
) -> _Ready:
    table = _table(file, columns)
    chosen, contrast = _settings(table, settings)
    arms = arms_of(table.text, table.used, between=table.of_kind("between users"), contrast=contrast)
    rows = scored(table.text, table.used, reader=reader)
    frame = pl.concat([_fixed(table), arms.frame, rows.frame, _levels(table), _numbers(table)], how="horizontal")
    read = tuple(
        factor_read(_known(table, arms, name), kind=table.kinds[name], reference=chosen.references.get(name))
        for name in table.used.factors
    )
    return _Ready(
        frame=_ordered(frame, table, settings=chosen),
        settings=replace(chosen, references={**{one.factor: one.reference for one in read}, **chosen.references}),
        factors=_between_arms(table, contrast),
        item_factors=table.of_kind("of the item"),
        within_factors=tuple(
            name for name in table.of_kind("within users") if contrast is None or name != contrast.factor
        ),
        covariates=table.used.covariates,
        as_read=_as_read(table, arms=arms, rows=rows, frame=frame, factors=read, contrast=contrast),
    )


def _table(file: TableFile, given: PredictionColumns) -> _Table:
    used = resolved(file, given)
    if contrasted := used.contrast:
        used = replace(used, factors=tuple(dict.fromkeys((*used.factors, contrasted.factor))))
    taken = file.frame.select(used.taken())
    header_rows = _survey_rows(file.frame)
    text = taken.slice(header_rows).with_columns(pl.all().cast(pl.String).str.strip_chars())
    _refuse_absent_words(text, used.missing)
    empty = pl.all().is_null() | pl.all().is_in(["", *used.missing])
    text = text.with_columns(pl.when(empty).then(None).otherwise(pl.all()).name.keep())
    if text.height == 0:
        raise TableError(f"the table {str(file.text.path)!r} has header rows only; it needs at least one row.")
    _require_full(text, used.item or "", role="item")
    if used.model is not None:
        _require_full(text, used.model, role="model")
    kinds = {
        name: factor_kind(
            text[name], item=text[used.item or ""], profile=None if used.profile is None else text[used.profile]
        )
        for name in used.factors
    }
    for name in given.factors:
        levels = text[name].drop_nulls().unique().sort().to_list()
        if len(levels) < 2:
            shown = f"only the level {levels[0]!r}" if levels else "no level"
            raise TableError(f"the factor {name!r} has {shown}, so there is nothing to compare; leave it out.")
    return _Table(file=file, given=given, used=used, text=text, header_rows=header_rows, kinds=kinds)


def _settings(table: _Table, settings: AnalysisSettings) -> tuple[AnalysisSettings, TableContrast | None]:
    """The settings with the contrast of this table; without one no factor is a contrast."""
    contrast = table.used.contrast
    if contrast is None and settings.contrast in table.used.factors:
        found = set(table.text[settings.contrast].drop_nulls().unique().to_list())
        if found == {settings.advantaged, settings.disadvantaged}:
            contrast = TableContrast(factor=settings.contrast, first=settings.advantaged, second=settings.disadvantaged)
    if contrast is None:
        return replace(settings, contrast=""), None
    levels = table.text[contrast.factor].drop_nulls().unique().sort().to_list()
    for level in (contrast.first, contrast.second):
        if level not in levels:
            raise TableError(
                f"the contrast names the level {level!r}, but the column {contrast.factor!r} holds "
                f"{', '.join(map(repr, levels[:8]))}; name two of these."
            )
    if table.kinds[contrast.factor] == "of the item":
        raise TableError(
            f"the contrast {contrast.factor!r} is a property of the item, so that no item has both levels and nothing "
            f"can be paired; name it with --factors instead of --contrast."
        )
    return (
        replace(settings, contrast=contrast.factor, advantaged=contrast.first, disadvantaged=contrast.second),
        contrast,
    )


def _between_arms(table: _Table, contrast: TableContrast | None) -> tuple[str, ...]:
    """Factors of which every arm has one level; a contrast within users makes two arms of a user."""
    between = table.of_kind("between users")
    if contrast is None or contrast.factor in between:
        return between
    return (*between, contrast.factor)


def _fixed(table: _Table) -> pl.DataFrame:
    text, used = table.text, table.used
    constant = {"bank": "predictions", "placement": "system", "reader": "none", "mitigation": "none"}
    model = pl.repeat("model", text.height, eager=True) if used.model is None else text[used.model]
    kind = _kind_column(table)
    kinds = pl.repeat("understanding", text.height, eager=True) if kind is None else kind
    return pl.DataFrame({"item": text[used.item or ""], "model": model, "kind": kinds}).with_columns(
        *(pl.lit(value).alias(name) for name, value in constant.items()), pl.lit(0).alias("order_index")
    )


def _kind_column(table: _Table) -> pl.Series | None:
    """Kinds of items, where the table has a column of that name that holds nothing else."""
    if "kind" not in table.file.frame.columns or "kind" in table.used.taken():
        return None
    kinds = table.file.frame["kind"].slice(table.header_rows).cast(pl.String)
    return kinds if kinds.is_in(list(ITEM_KINDS)).all() else None


def _levels(table: _Table) -> pl.DataFrame:
    return table.text.select(pl.col(name).alias(level_column(name)) for name in table.used.factors)


def _numbers(table: _Table) -> pl.DataFrame:
    return pl.DataFrame(
        [covariate_values(table.text[name]).alias(covariate_column(name)) for name in table.used.covariates]
    )


def _known(table: _Table, arms: Arms, name: str) -> pl.Series:
    """Levels of the rows with a user; the no-memory arm has none to count."""
    return table.text[name].filter(arms.frame["arm_kind"] == "profile")


def _ordered(frame: pl.DataFrame, table: _Table, *, settings: AnalysisSettings) -> pl.DataFrame:
    """Rows in an order that follows from what they hold, with numbers for repeats and cells.

    Text becomes codes in alphabetical order first, since it is sorted several times.
    """
    text = [name for name, kind in frame.schema.items() if kind == pl.String]
    frame = frame.with_columns(frame[name].cast(pl.Enum(frame[name].drop_nulls().unique().sort())) for name in text)
    named = table.used.replicate
    if named is not None:
        frame = frame.with_columns(named_replicates(table.text[named]))
    first = ["model", "item", "arm", *(["replicate"] if named is not None else [])]
    others = sorted(name for name in frame.columns if name not in first and frame[name].n_unique() > 1)
    frame = frame.sort([*first, *others], nulls_last=True)
    if named is None:
        frame = frame.with_columns(replicates(frame, rng=stream(settings.seed, "analysis", "repeats")))
    return frame.with_columns(pl.format("row-{}", pl.int_range(pl.len())).alias("cell_key"))


def _as_read(
    table: _Table,
    *,
    arms: Arms,
    rows: ScoredRows,
    frame: pl.DataFrame,
    factors: tuple[FactorRead, ...],
    contrast: TableContrast | None,
) -> AsRead:
    used, file = table.used, table.file
    others = file.frame.drop(used.taken(), strict=False).slice(table.header_rows)
    repeats = repeats_read(frame, others, named=used.profile is not None)
    if used.replicate is not None:
        repeats = replace(repeats, told_apart_by=None, name_with=None)
    profiles = frame.filter(pl.col("arm_kind") == "profile")
    kind = (ColumnRead(column="kind", role="kind", option=None),) if _kind_column(table) is not None else ()
    return AsRead(
        file=file.text.path.name,
        written=file.text.says(),
        rows=frame.height,
        items=frame["item"].n_unique(),
        users=profiles["arm"].n_unique(),
        header_rows=table.header_rows,
        columns=(*columns_read(table.given, used), *kind),
        nested=file.nested,
        factors=factors,
        covariates=_covariates(table, frame),
        missing=used.missing,
        no_memory_rows=int((frame["arm_kind"] == "none").sum()),
        no_memory_by=arms.no_memory_by,
        placebo_rows=int((frame["arm_kind"] == "placebo").sum()),
        arm_words=arms.words,
        answers=rows.possible,
        empty_answers=rows.empty,
        unread=rows.unread,
        unread_rows=rows.unread_rows,
        repeats=repeats,
        left_out=_left_out(table, profiles, contrast=contrast),
        withheld=_withheld(repeats.told_apart_by, option=repeats.name_with, cells=repeats.cells, most=repeats.most),
    )


def _covariates(table: _Table, frame: pl.DataFrame) -> tuple[CovariateRead, ...]:
    """One record per covariate, model and kind; the mixed model adds its coefficients later."""
    return tuple(
        CovariateRead(
            covariate=name,
            model=str(model),
            kind=str(kind),
            rows_without=part[covariate_column(name)].null_count(),
        )
        for name in table.used.covariates
        for (model, kind), part in sorted(frame.partition_by("model", "kind", as_dict=True).items())
    )


def _left_out(table: _Table, profiles: pl.DataFrame, *, contrast: TableContrast | None) -> tuple[LeftOut, ...]:
    """Rows of users that a comparison of a factor leaves out, because one of the columns it needs is empty."""
    found = []
    for name in table.used.factors:
        if contrast is not None and name == contrast.factor:
            needed = [name]
        else:
            alike = table.of_kind(table.kinds[name])
            needed = [other for other in alike if contrast is None or other != contrast.factor]
        columns = {**{other: level_column(other) for other in needed}}
        columns |= {other: covariate_column(other) for other in table.used.covariates}
        empty = tuple(other for other, column in columns.items() if profiles[column].null_count())
        if empty:
            lost = profiles.filter(pl.any_horizontal(pl.col(columns[other]).is_null() for other in empty))
            found.append(LeftOut(comparison=name, rows=lost.height, users=lost["arm"].n_unique(), empty=empty))
    return tuple(found)


def _withheld(column: str | None, *, option: str | None, cells: int, most: int) -> str | None:
    if column is None:
        return None
    return (
        f"{cells:,} combinations of item and levels have up to {most:,} rows, and the column {column!r}, which is not "
        f"named, tells them apart. If it names the users, every test takes answers of different people for repeats "
        f"of one; name it "
        f"with {option}. Until then no verdict is given."
    )


def _survey_rows(frame: pl.DataFrame) -> int:
    """Rows after the header that are no data: question texts and import ids of a survey export."""
    for place, row in enumerate(frame.head(2).rows()):
        texts = [value for value in row if isinstance(value, str)]
        marks = sum(text.lstrip().startswith(_SURVEY) for text in texts)
        if texts and marks >= len(texts) / 2:
            return place + 1
    return 0


def _refuse_absent_words(text: pl.DataFrame, missing: tuple[str, ...]) -> None:
    for word in missing:
        if not any((text[name] == word).any() for name in text.columns):
            raise TableError(
                f"--missing {word!r} occurs in none of the columns used; check its spelling, or leave it out."
            )


def _require_full(text: pl.DataFrame, column: str, *, role: str) -> None:
    mask = text[column].is_null()
    if mask.any():
        raise TableError(
            f"row {(mask.arg_max() or 0) + 1} has no {role} in the column {column!r}; every row needs one."
        )
