"""The measurement table as the analysis sees it: checked once at the door, then taken apart by quantity and tag.

Each part has the shape of a stratum of scores, so that whatever is estimated of scores can be estimated of any number.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import SHOWN, Stratum, condition_of, parts_by, with_units
from evenhand.analysis.table.table_file import read_table_file
from evenhand.errors import TableError
from evenhand.records.measure import Quantity, QuantityName
from evenhand.records.measurement import MEASUREMENT_COLUMNS, QUANTITIES, Measured
from evenhand.records.settings import AnalysisSettings

__all__ = [
    "MeasureStratum",
    "Measurements",
    "measure_strata",
    "measurements_from_frame",
    "mitigated",
    "people_of",
    "read_measurements",
    "unmitigated",
    "whole_answers",
    "write_measurements",
]

_TYPES: dict[str, pl.DataType] = {"str": pl.String(), "int": pl.Int64(), "float": pl.Float64(), "bool": pl.Boolean()}
_PLAIN = ("cell_key", "pair", "option", "quantity", "tag")
"""Text columns that stay plain text; the others are categorical, as in a score table."""
_MOST_TAGS = 24
"""Tags that get findings of their own, those with most items first."""
_FEWEST_ITEMS = 5
_NO_SHIFT = ("wording", "people")
"""Quantities without shifts of their own: coordinates mean something only all together, and what people rated corrects
a judge."""


class Measurements(Struct, frozen=True, kw_only=True):
    """A checked measurement table."""

    frame: pl.DataFrame
    """MEASUREMENT_COLUMNS in their order, then a `level_column` a factor. May have no rows."""
    factors: tuple[str, ...]
    settings: AnalysisSettings


class MeasureStratum(Struct, frozen=True, kw_only=True):
    """One quantity (and tag) of one stratum."""

    stratum: Stratum
    """Its `value` is the number; its margin is that of the quantity."""
    quantity: Quantity
    measured: Measured


def measurements_from_frame(
    frame: pl.DataFrame, *, factors: tuple[str, ...], settings: AnalysisSettings
) -> Measurements:
    """Check a plain data frame.

    Raises:
        TableError: A column is missing or of another type, a quantity is unknown, or a value is off its scale.
    """
    lacking = [column.name for column in MEASUREMENT_COLUMNS if column.name not in frame.columns]
    if lacking:
        raise TableError(
            f"the measurement table lacks the column {lacking[0]!r} ({len(lacking)} missing in all: "
            f"{', '.join(lacking)}); write it again with `evenhand analyse RUN`."
        )
    columns = [_typed(frame[column.name], column.type) for column in MEASUREMENT_COLUMNS]
    unknown = [name for name in factors if name not in frame.columns]
    if unknown:
        raise TableError(f"the measurement table lacks the factor {unknown[0]!r}; write it again from its run.")
    columns += [_typed(frame[name], "str").alias(level_column(name)) for name in factors]
    shaped = pl.DataFrame(columns)
    _check_values(shaped)
    coded = [column.name for column in MEASUREMENT_COLUMNS if column.type == "str" and column.name not in _PLAIN]
    coded += [level_column(name) for name in factors]
    shaped = shaped.with_columns(pl.col(coded).cast(pl.Categorical))
    return Measurements(frame=shaped, factors=factors, settings=settings)


def unmitigated(measurements: Measurements) -> Measurements:
    """The table without the numbers stated under a policy."""
    return replace(measurements, frame=measurements.frame.filter(pl.col("mitigation") == "none"))


def mitigated(measurements: Measurements, *, policy: str) -> Measurements:
    """The numbers stated under a policy, and those stated without memory."""
    kept = (pl.col("mitigation") == policy) | (pl.col("arm_kind") == "none")
    return replace(measurements, frame=measurements.frame.filter(kept))


def read_measurements(path: Path, *, factors: tuple[str, ...], settings: AnalysisSettings) -> Measurements:
    """The measurement table in a Parquet, CSV or JSON lines file.

    Raises:
        TableError: The file cannot be read, or is no measurement table.
    """
    return measurements_from_frame(read_table_file(path), factors=factors, settings=settings)


def write_measurements(measurements: Measurements, *, path: Path) -> None:
    """Write the table as Parquet; what is at `path` is replaced whole."""
    partial = path.with_name(path.name + ".partial")
    named = {level_column(factor): factor for factor in measurements.factors}
    plain = pl.selectors.categorical().cast(pl.String)
    measurements.frame.rename(named).with_columns(plain).write_parquet(partial)
    partial.replace(path)


def _typed(series: pl.Series, type: str) -> pl.Series:
    cast = series.cast(_TYPES[type], strict=False)
    lost = cast.is_null() & series.is_not_null()
    if lost.any():
        raise TableError(
            f"the column {series.name!r} of the measurement table holds {series.filter(lost)[0]!r} in row "
            f"{(lost.arg_max() or 0) + 1}; allowed is {type} only; correct the value or leave it empty."
        )
    return cast


def _check_values(frame: pl.DataFrame) -> None:
    for column in MEASUREMENT_COLUMNS:
        if not column.nullable and frame[column.name].null_count():
            raise TableError(f"the column {column.name!r} of the measurement table has an empty field; fill it in.")
    for name in frame["quantity"].unique().sort().to_list():
        if name not in QUANTITIES:
            raise TableError(f"the measurement table holds the quantity {name!r}; allowed are {', '.join(QUANTITIES)}.")
        _check_range(frame.filter(pl.col("quantity") == name)["value"], name, QUANTITIES[name])


def _check_range(values: pl.Series, name: str, measured: Measured) -> None:
    least = -float("inf") if measured.least is None else measured.least
    most = float("inf") if measured.most is None else measured.most
    wrong = values.filter(~(values.is_finite() & values.is_between(least - 1e-9, most + 1e-9)))
    if wrong.len():
        raise TableError(
            f"the measurement table holds the {name} {wrong[0]!r}; allowed are finite numbers "
            f"from {least:g} to {most:g}."
        )


def measure_strata(measurements: Measurements) -> list[MeasureStratum]:
    """A part for every model, kind, condition, quantity and tag, in this order.

    Of the numbers of a trial that share a tag the sum is taken (two options of one strategy, say). A tag that fewer
    than five items have gets no part.
    """
    return [part for base in _bases(measurements) for part in _by_quantity(base)]


def people_of(measurements: Measurements, *, tag: str | None) -> pl.DataFrame:
    """What people rated on a criterion: columns `cell_key` and `people`, one row per answer; perhaps none."""
    rated = measurements.frame.filter((pl.col("quantity") == "people") & (pl.col("tag") == tag))
    return rated.select("cell_key", pl.col("value").alias("people")).drop_nulls()


def whole_answers(measurements: Measurements) -> list[tuple[Stratum, QuantityName]]:
    """Strata whose trials state a number for every option, all of them in one: rows of one quantity, an option each."""
    found: list[tuple[Stratum, QuantityName]] = []
    for base in _bases(measurements):
        stated = base.rows.filter(pl.col("option").is_not_null())
        for (quantity,), rows in parts_by(stated, ("quantity",)):
            name = cast(QuantityName, quantity)
            found.append((replace(base, rows=rows, settings=_margined(base.settings, name)), name))
    return found


def _bases(measurements: Measurements) -> list[Stratum]:
    """The strata of a table, with all its quantities; tags that are absent are empty."""
    frame = measurements.frame
    if frame.height == 0:
        return []
    contrast = measurements.settings.contrast
    frame = with_units(frame, factors=measurements.factors, contrast=contrast).with_columns(pl.col("tag").fill_null(""))
    found = []
    for (model, kind, _), own in parts_by(frame, ("model", "kind", "answer")):
        none, memory = own.filter(pl.col("arm_kind") == "none"), own.filter(pl.col("arm_kind") != "none")
        for shown, part in parts_by(memory, SHOWN):
            where = condition_of(shown)
            found.append(
                Stratum(
                    model=model,
                    kind=kind,
                    where=where,
                    main=where.mitigation == "none" and where.reader == "none",
                    rows=pl.concat([none, part]),
                    primary="score",
                    factors=measurements.factors,
                    covariates=(),
                    settings=measurements.settings,
                )
            )
    return found


def _margined(settings: AnalysisSettings, quantity: QuantityName) -> AnalysisSettings:
    """The settings with the margin of a quantity."""
    margin = settings.margins.get(quantity, QUANTITIES[quantity].margin)
    return settings if margin is None else replace(settings, margin=margin)


def _by_quantity(base: Stratum) -> list[MeasureStratum]:
    found = []
    tags = (
        base.rows.group_by("quantity", "tag")
        .agg(pl.col("item").n_unique().alias("items"))
        .filter(pl.col("items") >= _FEWEST_ITEMS)
        .sort("quantity", "items", "tag", descending=[False, True, False])
    )
    counted: dict[str, int] = {}
    for quantity, tag, _ in tags.iter_rows():
        counted[quantity] = counted.get(quantity, 0) + 1
        if counted[quantity] > _MOST_TAGS or quantity in _NO_SHIFT or (quantity == "stated_share" and not tag):
            continue
        name: QuantityName = quantity
        measured = QUANTITIES[name]
        rows = _summed(base.rows.filter((pl.col("quantity") == quantity) & (pl.col("tag") == tag)))
        found.append(
            MeasureStratum(
                stratum=replace(base, rows=rows, settings=_margined(base.settings, name)),
                quantity=Quantity(name=name, scale=measured.scale, tag=tag or None),
                measured=measured,
            )
        )
    return found


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per trial."""
    if not rows.select("cell_key").is_duplicated().any():
        return rows
    others = [name for name in rows.columns if name not in ("cell_key", "value", "option")]
    return rows.group_by("cell_key", maintain_order=True).agg(
        *(pl.col(name).first() for name in others),
        pl.when(pl.col("value").null_count() == 0).then(pl.col("value").sum()).alias("value"),
    )
