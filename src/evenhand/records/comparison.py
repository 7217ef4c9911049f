"""Two runs of the same questions: what was found before, what after, and which items moved."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["BeforeAfter", "ItemMove", "RunComparison"]


class BeforeAfter(Struct, frozen=True, kw_only=True):
    """A contrast in both runs, on the cells that are answered in both."""

    before: float | None
    """In the first run; None where no cell is answered in both."""
    after: float | None
    """In the second run; None as above."""


class ItemMove(Struct, frozen=True, kw_only=True):
    """One item whose answers are not the same in both runs."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind."""
    item: str
    """Item id; `BANK/ID` where several banks were asked."""
    cells: int
    """Cells of the item that are answered in both runs."""
    moved: int
    """Of these, cells whose score differs."""
    before: float
    """Mean score of these cells in the first run."""
    after: float
    """The same in the second run."""


class RunComparison(Struct, frozen=True, kw_only=True):
    """What is compared, beside the findings about the changes."""

    first: str
    """Model of the first run; several are joined by commas."""
    second: str
    """Model of the second run."""
    cells: int
    """Cells asked in both runs."""
    answered: int
    """Of these, answered in both: what every number rests on."""
    moved: int
    """Of these, cells whose score differs."""
    changes: tuple[BeforeAfter, ...]
    """One for each of the findings, in their order."""
    items: tuple[ItemMove, ...] = ()
    """Items with at least one such cell, those that moved most first."""
