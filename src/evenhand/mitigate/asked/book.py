"""Where decisions on facts are kept, so that a run that goes on asks about no fact twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from evenhand.records.decision import FactDecision

__all__ = ["DecisionBook", "NoBook"]


class DecisionBook(Protocol):
    """Keeps decisions of one plan."""

    def known(self) -> Iterable[FactDecision]:
        """What was kept before, the oldest first, failures among it."""
        ...

    async def keep(self, decision: FactDecision) -> None:
        """Return when the decision is kept; nothing may rest on it before.

        Raises:
            StoreError: It cannot be kept.
        """
        ...

    async def settle(self) -> None:
        """Return when everything that came in is kept, also for those who stopped waiting."""
        ...


class NoBook:
    """Keeps nothing: decisions last as long as the process."""

    def known(self) -> Iterable[FactDecision]:
        """Nothing."""
        return ()

    async def keep(self, decision: FactDecision) -> None:
        """Keep nothing."""

    async def settle(self) -> None:
        """Wait for nothing."""
