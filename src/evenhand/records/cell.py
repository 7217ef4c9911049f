"""One question to be asked."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.condition import Condition

__all__ = ["Cell"]


class Cell(Struct, frozen=True, kw_only=True):
    """(model, arm, item, condition, replicate): one question to be asked."""

    cell_key: str
    """Content hash (BLAKE2b-128, hex) of everything below and of the texts they stand for."""
    model: str
    """Model as named in the plan."""
    arm: str
    """Arm id."""
    item: str
    """Item id."""
    condition: Condition
    """How the arm is shown."""
    replicate: int
    """0-based. The `none` arm has more replicates than the others: `none_repeats` to every option order."""
    order_index: int
    """Which of the item's option orders is shown: replicate modulo the design's replicates. Arms of one item are
    compared within one order, so position bias cancels, and repeats of `none` differ by the model's noise alone."""
    option_order: tuple[int, ...]
    """Option order: position shown -> index into the item's options."""
