"""One question to be asked."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.profile import Placement, Reader

__all__ = ["Cell", "Mitigation"]

Mitigation = Literal["none", "instruct", "gate", "redact", "two_pass", "consensus"]


class Cell(Struct, frozen=True, kw_only=True):
    """(model, arm, item, placement, reader, mitigation, replicate): one question to be asked."""

    key: str
    """Content hash (BLAKE2b-128, hex) of everything below and of the texts they stand for."""
    model: str
    arm: str
    item: str
    placement: Placement
    reader: Reader
    mitigation: Mitigation
    replicate: int
    """0-based. The `none` arm has more replicates than the others: `none_repeats` to every option order."""
    order_index: int
    """Which of the item's option orders is shown: replicate modulo the design's replicates. Arms of one item are
    compared within one order, so position bias cancels, and repeats of `none` differ by the model's noise alone."""
    order: tuple[int, ...]
    """Option order: position shown -> index into the item's options."""
