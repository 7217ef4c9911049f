"""A server of the tests that answers."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["RunningServer"]


class RunningServer(Struct, frozen=True):
    """A server that answers."""

    base_url: str
    model: str
    """The model as the server knows it."""
