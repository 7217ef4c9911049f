"""A cell with the request that puts it to an assistant."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.cell import Cell
from evenhand.records.message import Request

__all__ = ["Work"]


class Work(Struct, frozen=True, kw_only=True):
    """One cell, ready to be asked."""

    cell: Cell
    """The cell."""
    request: Request
    """The request that puts it to the assistant."""
    retrieved: tuple[int, ...] | None = None
    """Indices of the facts that the retrieved placement showed; None for the other placements."""
