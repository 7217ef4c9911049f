"""Which column of a table of predictions is what: named by the user, or by the reference row format."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.table.table_file import TableFile
from evenhand.errors import TableError
from evenhand.records.as_read import ColumnRead, ColumnRole

__all__ = ["REFERENCE_FACTORS", "PredictionColumns", "TableContrast", "columns_read", "resolved"]

REFERENCE_FACTORS: tuple[str, ...] = ("gender", "age", "religion", "ethnicity")
"""Factor columns of the reference row format."""
_ITEM = ("question_id", "item_id", "item")
_GOLD = ("gold_label", "gold", "label")
_PREDICTION = ("prediction", "pred_label", "predicted_label", "pred", "parsed_label", "response", "output", "answer")
_MODEL = ("model", "model_name")


class TableContrast(Struct, frozen=True, kw_only=True):
    """Two levels of a factor that are compared within matched sets."""

    factor: str
    first: str
    second: str


class PredictionColumns(Struct, frozen=True, kw_only=True):
    """Which column of a table of predictions is what. None: looked for under the names of the reference format."""

    item: str | None = None
    profile: str | None = None
    """Column naming the user; None: the combination of factor levels."""
    correct: str | None = None
    """Column with 1/0 or true/false; None: the prediction compared with the gold label."""
    prediction: str | None = None
    gold: str | None = None
    matched_set: str | None = None
    """Column naming the matched set; None: the combination of the factors other than the contrast."""
    model: str | None = None
    replicate: str | None = None
    """Column that tells repeats of an item and user apart; None: repeats are exchangeable."""
    factors: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Words that stand for an empty cell; without them only an empty cell is missing."""
    none_arm: str | None = None
    """Entry of the profile column that is the no-memory arm; empty text: an empty cell."""
    placebo_arms: tuple[str, ...] = ()
    """Entries of the profile column that are placebo arms."""
    answers: tuple[str, ...] = ()
    """All possible answers; empty: those that occur as gold labels."""
    contrast: TableContrast | None = None

    def named(self) -> Iterable[tuple[ColumnRole, str, str]]:
        """(role, option, column) of every column that is named."""
        single: tuple[tuple[ColumnRole, str, str | None], ...] = (
            ("item", "--item", self.item),
            ("profile", "--profile", self.profile),
            ("correct", "--correct", self.correct),
            ("prediction", "--prediction", self.prediction),
            ("gold", "--gold", self.gold),
            ("matched set", "--matched-set", self.matched_set),
            ("model", "--model", self.model),
            ("replicate", "--replicate", self.replicate),
        )
        yield from ((role, option, column) for role, option, column in single if column is not None)
        yield from (("factor", "--factors", column) for column in self.factors)
        yield from (("covariate", "--covariates", column) for column in self.covariates)

    def taken(self) -> tuple[str, ...]:
        """Every column that is used, once."""
        return tuple(dict.fromkeys(column for _, _, column in self.named()))


def resolved(file: TableFile, columns: PredictionColumns) -> PredictionColumns:
    """The columns with those filled in that the reference format names.

    Raises:
        TableError: A named column is not there, holds lists, or would not be used.
    """
    for _, option, column in columns.named():
        _require(file, column, option=option)
    _refuse_unused(columns)
    factors = columns.factors
    if columns.contrast is not None and columns.contrast.factor not in factors:
        _require(file, columns.contrast.factor, option="--contrast")
        factors = (*factors, columns.contrast.factor)
    found = factors or _reference_factors(file)
    if not found and columns.profile is None:
        raise TableError(
            f"the table has no factor columns ({', '.join(REFERENCE_FACTORS)}) and no profile column is named; "
            f"it has {_listed(file)}; give --profile or --factors."
        )
    found = tuple(name for name in found if columns.factors or name not in columns.taken())
    filled = replace(
        columns,
        factors=found,
        item=columns.item or _find(file, _ITEM, option="--item"),
        model=columns.model
        or next((name for name in _MODEL if name in file.frame.columns and name not in found), None),
    )
    if filled.correct is not None:
        return _distinct(filled)
    gold = filled.gold or _find(file, _GOLD, option="--correct")
    return _distinct(
        replace(filled, gold=gold, prediction=filled.prediction or _find(file, _PREDICTION, option="--correct"))
    )


def columns_read(given: PredictionColumns, used: PredictionColumns) -> tuple[ColumnRead, ...]:
    """Every used column with its role and the option that named it, if one did."""
    named = {(role, column): option for role, option, column in given.named()}
    if given.contrast is not None:
        named.setdefault(("factor", given.contrast.factor), "--contrast")
    return tuple(
        ColumnRead(column=column, role=role, option=named.get((role, column))) for role, _, column in used.named()
    )


def _require(file: TableFile, column: str, *, option: str) -> None:
    if column in file.nested:
        raise TableError(
            f"the column {column!r} ({option}) holds lists or objects, which are no single value; write the value "
            f"that is meant into a column of its own."
        )
    if column not in file.frame.columns:
        near = difflib.get_close_matches(column, file.frame.columns, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise TableError(f"the table has no column {column!r}; it has {_listed(file)}; name one of these{meant}")


def _refuse_unused(columns: PredictionColumns) -> None:
    if columns.correct is not None:
        for option, given in (("--gold", columns.gold), ("--prediction", columns.prediction)):
            if given is not None:
                raise TableError(
                    f"{option} {given!r} would not be used, because --correct {columns.correct!r} says what is right; "
                    f"give one or the other."
                )
        if columns.answers:
            raise TableError("--answers would not be used, because --correct says what is right; leave one out.")
    if columns.profile is None and (columns.none_arm is not None or columns.placebo_arms):
        raise TableError("--none-arm and --placebo-arms are entries of the profile column; name it with --profile.")
    if columns.matched_set is not None and columns.contrast is None:
        raise TableError(
            f"--matched-set {columns.matched_set!r} would not be used without two levels to compare within the sets; "
            f"name them with --contrast FACTOR=A,B."
        )
    others = [name for name in columns.factors if columns.contrast is None or name != columns.contrast.factor]
    if columns.contrast is not None and columns.matched_set is not None and others:
        raise TableError(
            f"the factor {others[0]!r} would not be used: --contrast compares within the sets of --matched-set; "
            f"leave it out, or make a second analysis without --contrast."
        )


def _distinct(columns: PredictionColumns) -> PredictionColumns:
    """Refuse a column in two roles; an item or a user may be a factor of nothing."""
    roles: dict[str, str] = {}
    for role, _, column in columns.named():
        if column in roles:
            raise TableError(f"the column {column!r} is taken as {roles[column]} and as {role}; it can be one of them.")
        roles[column] = role
    return columns


def _reference_factors(file: TableFile) -> tuple[str, ...]:
    """Columns named like the factors of the reference format, without regard to case."""
    lowered = {name.lower(): name for name in reversed(file.frame.columns)}
    return tuple(lowered[name] for name in REFERENCE_FACTORS if name in lowered)


def _find(file: TableFile, names: Sequence[str], *, option: str) -> str:
    for name in names:
        if name in file.frame.columns:
            return name
    raise TableError(
        f"the table has none of the columns {', '.join(map(repr, names))}; it has {_listed(file)}; "
        f"name the column with {option}."
    )


def _listed(file: TableFile) -> str:
    shown = file.frame.columns[:12]
    more = file.frame.width - 12
    return ", ".join(map(repr, shown)) + (f" and {more} more" if more > 0 else "")
