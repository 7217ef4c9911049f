"""How a table of a stranger was read: what was taken for what, and what was left out."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.measure import Scale

__all__ = [
    "AsRead",
    "ColumnRead",
    "ColumnRole",
    "CovariateRead",
    "FactorKind",
    "FactorRead",
    "LeftOut",
    "LogRead",
    "LogTool",
    "RepeatsRead",
    "UnreadAnswers",
]

ColumnRole = Literal[
    "item",
    "profile",
    "correct",
    "prediction",
    "gold",
    "matched set",
    "model",
    "replicate",
    "kind",
    "factor",
    "covariate",
]
LogTool = Literal["Inspect", "lm-evaluation-harness", "promptfoo", "DeepEval", "OpenAI evals"]
"""Tools whose logs are read."""
FactorKind = Literal["between users", "of the item", "within users"]


class ColumnRead(Struct, frozen=True, kw_only=True):
    """One column that was used."""

    column: str
    """Its name in the file."""
    role: ColumnRole
    """What it was read as."""
    option: str | None
    """The option that names it; None: taken because the column has a name of the reference format."""
    place: str | None = None
    """Where it is in the log of another tool; None for tables."""


class FactorRead(Struct, frozen=True, kw_only=True):
    """One factor and its levels."""

    factor: str
    """Its id."""
    kind: FactorKind
    """Whether users have the levels, items have them, or both have several."""
    levels: tuple[tuple[str, int], ...]
    """(level, rows), in alphabetical order."""
    reference: str
    """The level that the others are compared with."""
    alike: tuple[tuple[str, ...], ...] = ()
    """Levels that differ only in case or in spaces; they were kept apart."""
    words: tuple[str, ...] = ()
    """Levels that other programs write for an absent value; they were kept as levels."""


class CovariateRead(Struct, frozen=True, kw_only=True):
    """One covariate and what the mixed model makes of it, for one model of the table."""

    covariate: str
    """Its column."""
    model: str
    """The model whose answers it is adjusted for."""
    kind: str
    """Item kind."""
    rows_without: int
    """Rows without a number, which every adjusted comparison leaves out."""
    sd: float | None = None
    """Standard deviation over the cells."""
    coefficient: float | None = None
    """Per unit; None where no model was fitted."""
    se: float | None = None
    """Standard error of its effect."""
    scale: Scale | None = None
    """Scale of the coefficient."""


class UnreadAnswers(Struct, frozen=True, kw_only=True):
    """Answers that name none of the possible ones."""

    answer: str | None
    """One as it is written, shortened; None: the cell is empty."""
    rows: int
    """How often it occurs."""


class RepeatsRead(Struct, frozen=True, kw_only=True):
    """Rows of one item, user and model."""

    most: int
    """Largest number of them; 1: there are no repeats."""
    cells: int
    """Items of a user with more than one row."""
    told_apart_by: str | None = None
    """A column that nobody named and that differs between them."""
    name_with: str | None = None
    """The option to name it with."""


class LeftOut(Struct, frozen=True, kw_only=True):
    """Rows that a comparison leaves out because a cell is empty."""

    comparison: str
    """The factor compared."""
    rows: int
    """Rows that are left out."""
    users: int
    """Users that are left out with them."""
    empty: tuple[str, ...]
    """Columns that are empty in some of them."""


class LogRead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found in the log of another tool, before anything was taken for an item or a user."""

    tool: LogTool
    """The tool that wrote it."""
    version: str | None = None
    """Version of the tool; None where the log does not say."""
    models: tuple[str, ...] = ()
    """Models that answered, as the log names them."""
    rows: int
    """Answers in the log."""
    kept: tuple[tuple[str, str], ...] = ()
    """(column, value): only these rows were kept, as the user said."""
    failed: int = 0
    """Answers that the log says ended with an error; they are missing, never wrong."""
    notes: tuple[str, ...] = ()
    """What a reader must know of this log."""
    unused: tuple[str, ...] = ()
    """Fields that were not looked at."""
    by_plan: bool = False
    """Whether each answer named its cell of a plan, so that nothing had to be taken for anything."""
    unknown: int = 0
    """Answers that name no cell of the plan; they are left out."""
    repeated: int = 0
    """Further answers to a cell that the plan holds once; they are left out."""


class AsRead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole reading of a table."""

    file: str
    """Name of the file."""
    written: tuple[str, ...] = ()
    """Compression, encoding and separator, where they are not the usual ones."""
    rows: int
    """Rows of the file."""
    items: int
    """Different items."""
    users: int
    """Different users."""
    header_rows: int = 0
    """Further header rows of a survey export, left out."""
    columns: tuple[ColumnRead, ...]
    """What each column was read as."""
    nested: tuple[str, ...] = ()
    """Columns of lists or objects, not looked at."""
    factors: tuple[FactorRead, ...] = ()
    """What users or items differ in."""
    covariates: tuple[CovariateRead, ...] = ()
    """Numbers that the analysis adjusts for."""
    missing: tuple[str, ...] = ()
    """Words taken for an empty cell, as the user said."""
    no_memory_rows: int = 0
    """Rows of the no-memory arm."""
    no_memory_by: Literal["named", "empty factors"] | None = None
    """How the no-memory arm was recognised."""
    placebo_rows: int = 0
    """Rows of the placebo arm."""
    arm_words: tuple[str, ...] = ()
    """Users with a name like that of an arm without memory, taken as users because nobody said otherwise."""
    answers: tuple[str, ...] = ()
    """The possible answers."""
    empty_answers: int = 0
    """Answers without any text."""
    unread: tuple[UnreadAnswers, ...] = ()
    """Answers that name none of the possible ones, the most frequent first."""
    unread_rows: int = 0
    """Answers that name none of the possible ones, in all."""
    repeats: RepeatsRead
    """How repeats of one question were recognised."""
    left_out: tuple[LeftOut, ...] = ()
    """What was left out, with the reason."""
    withheld: str | None = None
    """Why no verdict of the table can be a difference or an equivalence; None: nothing is against it."""
    log: LogRead | None = None
    """The log of another tool that the table was made from; None for tables."""
