"""The answers of a batch as an endpoint, so that they are scored and stored like answers that come one by one."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.endpoints.base import AskError, Locality
from evenhand.endpoints.batch import RowError, RowReply
from evenhand.records.message import Reply, Request

__all__ = ["CollectedAnswers"]

_AT_A_TIME = 16
"""Cells at a time: each may still be read by a second model, one by one."""


class CollectedAnswers:
    """Says what a batch said.

    Args:
        results: Cell key -> what became of its row.
    """

    def __init__(self, results: Mapping[str, RowReply | RowError]) -> None:
        self._results = results

    @property
    def concurrency(self) -> int:
        """Nothing is waited for but a second model."""
        return _AT_A_TIME

    @property
    def locality(self) -> Locality:
        """Any order will do."""
        return "any"

    async def reply(self, request: Request) -> Reply:
        """What came back for this cell.

        Raises:
            AskError: An error did.
        """
        result = self._results[request.cell_key]
        if isinstance(result, RowError):
            raise AskError(result.error, kind=result.kind)
        return result.reply

    async def aclose(self) -> None:
        """Nothing is held open."""
