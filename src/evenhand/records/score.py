"""The score table: one row per trial, every factor a column.

The table itself is a polars data frame (`scores.parquet`). This file names its columns, so that everything that
writes or reads it agrees. After the columns below come one column per factor (its id; string; null where the arm
has no level on it).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.condition import CONDITION_FIELDS

__all__ = ["RESERVED_COLUMNS", "SCORE_COLUMNS", "ColumnType", "ScoreColumn"]

ColumnType = Literal["str", "int", "float", "bool"]


class ScoreColumn(Struct, frozen=True):
    """One column of the score table."""

    name: str
    """Name of the column."""
    type: ColumnType
    """Type of its values."""
    nullable: bool
    """Whether a value may be absent."""
    meaning: str
    """What it holds, for the reference."""
    absent: str | None = None
    """What every row holds in a table without the column; None: the column must be there unless it is nullable."""


_CONDITION_COLUMNS: dict[str, ScoreColumn] = {
    column.name: column
    for column in (
        ScoreColumn("placement", "str", False, "placement of memory"),
        ScoreColumn("cue", "str", True, "cue style of the profile; null for arms without a profile"),
        ScoreColumn("reader", "str", False, "reader prompt"),
        ScoreColumn("mitigation", "str", False, "mitigation policy"),
        ScoreColumn(
            "answer", "str", False, "how it was to be answered: letter, distribution, rating or text", "letter"
        ),
    )
}
"""A column per field of `Condition`; a field without one is an error when this file is loaded."""

SCORE_COLUMNS: tuple[ScoreColumn, ...] = (
    ScoreColumn("cell_key", "str", False, "key of the cell"),
    ScoreColumn("model", "str", False, "model as named in the plan"),
    ScoreColumn("bank", "str", False, "bank the item belongs to"),
    ScoreColumn("item", "str", False, "item id"),
    ScoreColumn("kind", "str", False, "item kind"),
    ScoreColumn("context", "str", True, "item context"),
    ScoreColumn("difficulty", "str", True, "item difficulty as designed"),
    ScoreColumn("arm", "str", False, "arm id"),
    ScoreColumn("arm_kind", "str", False, "none, placebo, profile or item_fact"),
    ScoreColumn("cohort", "str", True, "cohort of the profile"),
    ScoreColumn("matched_set", "str", True, "matched set of the profile"),
    *(_CONDITION_COLUMNS[name] for name in CONDITION_FIELDS),
    ScoreColumn("replicate", "int", False, "0-based replicate; repeats of the none arm count on, several to an order"),
    ScoreColumn(
        "order_index", "int", False, "option order shown; arms of an item are compared (flips) within one order"
    ),
    ScoreColumn("outcome", "str", False, "answered, refused, truncated, unparsed or failed"),
    ScoreColumn("choice", "str", True, "id of the chosen option; null unless one was chosen"),
    ScoreColumn("choice_tag", "str", True, "emotion or strategy of the chosen option; null unless answered"),
    ScoreColumn("keyed_option", "str", True, "id of the best option for this arm; null where nothing is chosen"),
    ScoreColumn("chance", "float", True, "mean score of a blind guess among the item's options; null where not known"),
    ScoreColumn("shown_position", "int", True, "0-based position shown of the chosen option; null unless answered"),
    ScoreColumn(
        "score",
        "float",
        True,
        "in [0, 1]: 1/0 for keyed items, the option's weight for management items, expected over stated percentages; "
        "of ratings the fit to the reference, null where there is none",
    ),
    ScoreColumn("p_score", "float", True, "expected score over the option probabilities; null without them"),
    ScoreColumn("p_best", "float", True, "probability of the best option; null without log-probabilities"),
    ScoreColumn("leak", "bool", True, "answer or reasoning mentions a stored fact; null where memory was empty"),
    ScoreColumn("leak_reasoning", "bool", True, "the reasoning mentions a stored fact; null without reasoning"),
    ScoreColumn("leak_dimension", "str", True, "dimension of the first fact mentioned; null where none is"),
    ScoreColumn("answer_characters", "int", True, "length of the answer"),
    ScoreColumn("input_tokens", "int", True, "as the server reports"),
    ScoreColumn("output_tokens", "int", True, "as the server reports"),
    ScoreColumn("latency_s", "float", True, "wall time of the successful attempt, seconds"),
)
RESERVED_COLUMNS: frozenset[str] = frozenset(column.name for column in SCORE_COLUMNS)
"""Names that a factor may not take."""
