"""Who memory is about in every row of a table of predictions: a user, nobody, or a placebo."""

from __future__ import annotations

from typing import Literal

import polars as pl
from msgspec import Struct

from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast
from evenhand.errors import TableError

__all__ = ["Arms", "arms_of"]

_LIKE_AN_ARM = ("none", "no_memory", "no memory", "no-memory", "baseline", "null", "nan", "na", "n/a")


class Arms(Struct, frozen=True, kw_only=True):
    """The arm of every row."""

    frame: pl.DataFrame
    """Columns arm, arm_kind, cohort, matched_set, cue."""
    no_memory_by: Literal["named", "empty factors"] | None
    """How the no-memory arm was recognised; None where there is none."""
    words: tuple[str, ...]
    """Users called like an arm without memory or a placebo, which nobody named as one."""


def arms_of(
    text: pl.DataFrame, columns: PredictionColumns, *, between: tuple[str, ...], contrast: TableContrast | None
) -> Arms:
    """The arm of every row.

    Args:
        text: Used columns as text, null where empty.
        columns: What is what.
        between: Factors between users.
        contrast: The contrast within matched sets, if there is one.

    Raises:
        TableError: A row has no user, or an arm that was named does not occur.
    """
    if columns.profile is None:
        bare = text.select(pl.all_horizontal(pl.col(*between).is_null()).alias("bare"))["bare"] if between else None
        none = pl.repeat(False, text.height, eager=True) if bare is None else bare
        user, placebo = _joined(text, between), pl.repeat(False, text.height, eager=True)
        words: tuple[str, ...] = ()
        found: Literal["named", "empty factors"] | None = "empty factors" if none.any() else None
    else:
        user = text[columns.profile]
        none, placebo = _named_arms(user, columns)
        words = _words(user, columns)
        found = "named" if none.any() else None
    within = contrast if contrast is not None and contrast.factor not in between else None
    if within is not None:
        # A user with both levels is two arms, which differ in the contrast only.
        user = _joined(text.with_columns(user.alias("(user)")), ("(user)", within.factor))
    matched = _matched(text, columns, between=between, contrast=contrast, within=within is not None)
    profile = ~none & ~placebo
    frame = pl.DataFrame({"user": user, "none": none, "placebo": placebo, "profile": profile, "matched": matched})
    return Arms(
        frame=frame.select(
            arm=pl.when("none").then(pl.lit("none")).otherwise(pl.concat_str(pl.lit("user "), pl.col("user"))),
            arm_kind=pl.when("none")
            .then(pl.lit("none"))
            .when("placebo")
            .then(pl.lit("placebo"))
            .otherwise(pl.lit("profile")),
            cohort=pl.when("profile").then(pl.lit("predictions")),
            matched_set=pl.when("profile").then("matched"),
            cue=pl.when("profile").then(pl.lit("stated")),
        ),
        no_memory_by=found,
        words=words,
    )


def _named_arms(user: pl.Series, columns: PredictionColumns) -> tuple[pl.Series, pl.Series]:
    """Masks of the no-memory arm and of the placebo arms."""
    if columns.none_arm is None:
        none = pl.repeat(False, len(user), eager=True)
    else:
        none = user.is_null() if columns.none_arm == "" else (user == columns.none_arm).fill_null(False)
        _require_some(none, user, columns.none_arm, option="--none-arm")
    lost = user.is_null() & ~none
    if lost.any():
        raise TableError(
            f"row {(lost.arg_max() or 0) + 1} has no user in the column {user.name!r} ({int(lost.sum()):,} in all); "
            f'fill it in, or say with --none-arm "" that these rows are answers without memory.'
        )
    placebo = pl.repeat(False, len(user), eager=True)
    for name in columns.placebo_arms:
        mask = (user == name).fill_null(False)
        _require_some(mask, user, name, option="--placebo-arms")
        placebo = placebo | mask
    return none, placebo


def _require_some(mask: pl.Series, user: pl.Series, name: str, *, option: str) -> None:
    if not mask.any():
        shown = ", ".join(repr(entry) for entry in user.drop_nulls().unique().sort().head(6).to_list())
        raise TableError(f"{option} {name!r} does not occur in the column {user.name!r}, which holds {shown}.")


def _words(user: pl.Series, columns: PredictionColumns) -> tuple[str, ...]:
    named = {columns.none_arm, *columns.placebo_arms}
    entries = user.drop_nulls().unique().sort().to_list()
    return tuple(
        entry
        for entry in entries
        if entry not in named and (entry.casefold() in _LIKE_AN_ARM or entry.casefold().startswith("placebo"))
    )


def _matched(
    text: pl.DataFrame,
    columns: PredictionColumns,
    *,
    between: tuple[str, ...],
    contrast: TableContrast | None,
    within: bool,
) -> pl.Series:
    nobody = pl.repeat(None, text.height, dtype=pl.String, eager=True)
    if contrast is None:
        return nobody
    if columns.matched_set is not None:
        matched = text[columns.matched_set]
    elif within and columns.profile is not None:
        matched = text[columns.profile]
    else:
        others = tuple(name for name in between if name != contrast.factor)
        if not others:
            raise TableError(
                f"the contrast {contrast.factor!r} needs matched sets, within which its two levels are compared; name "
                f"their column with --matched-set, or compare users as a whole with --factors {contrast.factor}."
            )
        matched = _joined(text, others)
    kept = text[contrast.factor].is_in([contrast.first, contrast.second])
    return pl.DataFrame({"matched": matched, "kept": kept}).select(pl.when("kept").then("matched"))["matched"]


def _joined(text: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    """One name for every combination of levels; different combinations never have the same one."""
    if not names:
        return pl.repeat("everybody", text.height, eager=True)
    parts = [
        pl.col(name)
        .str.replace_all("\\", "\\\\", literal=True)
        .str.replace_all("/", "\\/", literal=True)
        .fill_null("\\-")
        for name in names
    ]
    return text.select(pl.concat_str(parts, separator="/").alias("joined"))["joined"]
