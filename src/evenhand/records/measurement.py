"""The measurement table: one row per trial and number, for whatever an answer states or shows in numbers.

The table itself is a polars data frame (`measurements.parquet`), beside the score table. This file names its columns
and the quantities that can be in it. After the columns below come one column per factor, as in the score table.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from evenhand.records.condition import CONDITION_FIELDS
from evenhand.records.measure import QuantityName, Scale
from evenhand.records.score import SCORE_COLUMNS, ScoreColumn

__all__ = ["MEASUREMENT_COLUMNS", "MEMORY_STAGES", "QUANTITIES", "Measured"]


class Measured(Struct, frozen=True, kw_only=True):
    """One quantity that trials are measured on."""

    scale: Scale
    """What kind of number it is; decides how it is compared and shown."""
    least: float | None
    """Smallest value it can have; None where there is none."""
    most: float | None
    """Largest value it can have; None where there is none."""
    margin: float | None
    """Shifts smaller than this count as none, where the plan does not say otherwise; None: the plan's margin on the
    probability scale."""
    unit: str
    """What one is, in words, for a number of them."""


QUANTITIES: Mapping[QuantityName, Measured] = {
    "rating": Measured(scale="rating", least=0.0, most=10.0, margin=0.5, unit="points"),
    "valence_rating": Measured(scale="rating", least=0.0, most=10.0, margin=0.5, unit="points"),
    "keyed_rating": Measured(scale="rating", least=0.0, most=10.0, margin=0.5, unit="points"),
    "order_fit": Measured(scale="probability", least=0.0, most=1.0, margin=None, unit="points"),
    "reference_score": Measured(scale="probability", least=None, most=1.0, margin=None, unit="points"),
    "stated_share": Measured(scale="probability", least=0.0, most=1.0, margin=None, unit="points"),
    "words": Measured(scale="count", least=0.0, most=None, margin=10.0, unit="words"),
    "reading_grade": Measured(scale="grade", least=None, most=None, margin=0.5, unit="grades"),
    "act_share": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "act_shown": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "mention": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "wording": Measured(scale="squared", least=None, most=None, margin=None, unit=""),
    "judged": Measured(scale="rating", least=0.0, most=10.0, margin=0.5, unit="points"),
    "preferred": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "people": Measured(scale="rating", least=0.0, most=10.0, margin=0.5, unit="points"),
    "fact_kept": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "fact_distorted": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "fact_lost": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "fact_merged": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "text_invented": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "fact_found": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "read_score": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
    "unread_score": Measured(scale="rate", least=0.0, most=1.0, margin=0.05, unit="points"),
}
"""Quantities of the table. The margin of ratings is half a step of the scale: less cannot move a whole number."""

MEMORY_STAGES: tuple[QuantityName, ...] = (
    *("fact_kept", "fact_distorted", "fact_lost", "fact_merged", "text_invented", "fact_found"),
    *("read_score", "unread_score"),
)
"""Quantities of a product's own memory, in the order of its stages: what is stored, found, and read."""

_SHARED = (
    *("cell_key", "model", "bank", "item", "kind", "arm", "arm_kind", "cohort", "matched_set"),
    *(*CONDITION_FIELDS, "replicate", "order_index", "outcome", "keyed_option"),
)
_BY_NAME = {column.name: column for column in SCORE_COLUMNS}

MEASUREMENT_COLUMNS: tuple[ScoreColumn, ...] = (
    *(_BY_NAME[name] for name in _SHARED),
    ScoreColumn("pair", "str", True, "twin pair of the item; null where it has no twin"),
    ScoreColumn("option", "str", True, "id of the option that the number is about; null where it is about the answer"),
    ScoreColumn("quantity", "str", False, "what is measured"),
    ScoreColumn("tag", "str", True, "emotion, valence or strategy that is measured; null where there is none"),
    ScoreColumn("value", "float", True, "the number; null where the trial has no usable answer"),
)
