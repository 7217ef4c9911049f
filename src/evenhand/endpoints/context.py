"""What endpoints are handed when they are made, beside the model's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.item import RatingOrder
from evenhand.records.message import Reply, Request
from evenhand.records.profile import ArmKind

__all__ = ["CellContext", "CellLookup", "Connection", "EndpointContext", "Recorded", "RecordedOpener"]


class CellContext(Struct, frozen=True, kw_only=True):
    """What a cell asks and of whom: a real assistant never sees it, a simulated one answers from it."""

    model: str
    arm: str
    arm_kind: ArmKind
    matched_set: str | None = None
    levels: dict[str, str] = {}
    """Factor id -> level id of the arm's profile."""
    item: str
    options: tuple[str, ...]
    """Option ids in shown order."""
    keyed_option: str
    """Id of the best option for this arm."""
    texts: tuple[str, ...] = ()
    """Words of the options in shown order."""
    valences: tuple[str | None, ...] = ()
    """Valence of the emotions that the options name, in shown order; empty unless they are rated."""
    rating_order: RatingOrder | None = None
    """What the situation fixes of the ratings; None unless they are rated."""
    reference: dict[str, float] | None = None
    """Option id -> reference rating, where there is one."""
    replicate: int = 0
    order_index: int = 0
    condition: Condition = Condition()


CellLookup = Callable[[str], CellContext]
"""From the key of a cell to its context."""


class Recorded(Protocol):
    """Answers of an earlier run."""

    def find(self, request: Request, *, replicate: int) -> Reply | None:
        """The recorded answer to the same conversation, or None."""
        ...

    def close(self) -> None:
        """Close the files."""
        ...


RecordedOpener = Callable[[Path, str | None], Recorded]
"""From a run directory and a model's name to its answers; None as the name stands for the only model there."""


class Connection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to reach a server: what does not decide the result, and is no part of the plan.

    Example:
        >>> import evenhand
        >>> evenhand.Connection(concurrency=8, api_key_env="MY_KEY").api_key_env
        'MY_KEY'
    """

    concurrency: int | None = None
    """Requests in flight at most; None leaves it to the endpoint."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; None: the provider's usual one."""
    headers: dict[str, str] = {}
    """Headers to send with every request: name -> name of the environment variable that holds the value."""
    patience_s: float = 600.0
    """How long one request may be put off by a busy server before its cell counts as failed."""


class EndpointContext(Struct, frozen=True, kw_only=True):
    """What endpoints are handed when they are made."""

    cells: CellLookup | None = None
    """Needed by simulated respondents."""
    levels: frozenset[str] | None = None
    """Ids of all levels in the plan, so that a misspelt effect is refused; None skips that check."""
    recorded: RecordedOpener | None = None
    """Needed by `replay/`."""
    connection: Connection = Connection()
