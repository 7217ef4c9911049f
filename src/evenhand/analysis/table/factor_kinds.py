"""What a factor of a table is a property of: the user, the item, or the single answer.

A factor is between users where every user has one level, of the item where every item has one, and within users where
neither holds. The kind is found from all rows, so that it does not depend on their order.
"""

from __future__ import annotations

import polars as pl

from evenhand.errors import TableError
from evenhand.records.as_read import FactorKind, FactorRead

__all__ = ["factor_kind", "factor_read"]

_WORDS = ("none", "nan", "null", "na", "n/a", "nil", "missing", "-", "?")
"""What other programs write for an absent value, in lower case."""
_REFERENCE_LEVELS = {"gender": "male", "age": "34-65", "religion": "christian", "ethnicity": "white"}
"""Reference cell of the published study, compared without regard to case."""


def factor_kind(levels: pl.Series, *, item: pl.Series, profile: pl.Series | None) -> FactorKind:
    """The kind of one factor.

    Args:
        levels: Level of every row; null where there is none.
        item: Item of every row.
        profile: User of every row; None where users are the combinations of levels.

    Raises:
        TableError: Every user and every item has one level, so that the factor cannot be told from either.
    """
    frame = pl.DataFrame({"level": levels, "item": item}).with_columns(
        pl.Series("user", profile if profile is not None else pl.repeat(None, len(levels), eager=True))
    )
    known = frame.filter(pl.col("level").is_not_null())
    if known["level"].n_unique() < 2:
        return "between users"
    of_item = _constant(known, by="item")
    if profile is None:
        return "of the item" if of_item else "between users"
    between = _constant(known, by="user")
    if between and of_item:
        raise TableError(
            f"the factor {levels.name!r} cannot be told from users and items: each user and each item has one level of "
            f"it, so that every level has users and items of its own; leave it out."
        )
    if between:
        return "between users"
    return "of the item" if of_item else "within users"


def factor_read(levels: pl.Series, *, kind: FactorKind, reference: str | None) -> FactorRead:
    """Levels with their counts, the reference, and what looks odd about their names."""
    counts = levels.drop_nulls().alias("level").value_counts(name="rows").sort("level")
    named = tuple((str(level), int(rows)) for level, rows in counts.iter_rows())
    folded: dict[str, list[str]] = {}
    for level, _ in named:
        folded.setdefault("".join(level.casefold().split()), []).append(level)
    return FactorRead(
        factor=levels.name,
        kind=kind,
        levels=named,
        reference=reference if reference is not None else _reference(levels.name, named),
        alike=tuple(tuple(group) for group in folded.values() if len(group) > 1),
        words=tuple(level for level, _ in named if level.casefold() in _WORDS),
    )


def _reference(name: str, levels: tuple[tuple[str, int], ...]) -> str:
    """Of levels in order of name: the published study's where it occurs, otherwise the first of the most frequent."""
    published = tuple(pair for pair in levels if pair[0].lower() == _REFERENCE_LEVELS.get(name.lower()))
    possible = published or levels
    return max(possible, key=lambda pair: pair[1])[0] if possible else ""


def _constant(frame: pl.DataFrame, *, by: str) -> bool:
    return frame.select(by, "level").n_unique() == frame[by].n_unique()
