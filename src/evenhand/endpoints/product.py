"""The seam to a product that keeps memory itself: it is told, asked, and told to forget, one user at a time."""

from __future__ import annotations

from typing import Protocol

from evenhand.endpoints.base import Endpoint
from evenhand.records.message import ProductUser

__all__ = ["ProductEndpoint"]


class ProductEndpoint(Endpoint, Protocol):
    """An assistant with its own memory. `reply` is asked on behalf of `request.user`."""

    @property
    def recalls(self) -> bool:
        """Whether it shows what it has stored and what it would use."""
        ...

    async def remember(self, user: ProductUser, *, limit_s: float) -> None:
        """Store what the user is to be remembered by.

        Args:
            user: The user, with facts or turns.
            limit_s: Seconds that it may take.

        Raises:
            AskError: It was not stored.
        """
        ...

    async def forget(self, user: str, *, limit_s: float) -> None:
        """Clear everything that is kept of a user; a user that is not known is no error.

        Raises:
            AskError: It was not cleared.
        """
        ...

    async def recall(self, user: str, query: str | None, *, limit_s: float) -> tuple[str, ...]:
        """What memory gives for a query, best first; with None: everything that is stored of the user.

        Raises:
            AskError: It cannot be shown.
        """
        ...
