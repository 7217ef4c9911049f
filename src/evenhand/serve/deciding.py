"""The model of a policy, asked about the facts of live requests before they are passed on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.mitigate.asked.decisions import Decision, Decisions, Left, left_of
from evenhand.mitigate.policy import AskedPolicy
from evenhand.records.message import Request
from evenhand.records.profile import Fact

__all__ = ["MOST_KEPT", "Deciding"]

MOST_KEPT = 20_000
"""Decisions that are kept in working memory, those that were needed last."""
_PATIENCE_S = 30.0
"""How long a fact may wait for a busy model: a user waits for the answer."""


class Deciding:
    """Asks the model that a policy names. It uses the decisions of the grid, made from the same prompt.

    Args:
        policy: The policy.

    Raises:
        EndpointError: The model cannot be asked.
    """

    def __init__(self, policy: AskedPolicy) -> None:
        self._policy = policy
        connection = Connection(patience_s=_PATIENCE_S)
        self._model = open_endpoint(policy.model, context=EndpointContext(connection=connection))
        self._decisions = Decisions(most=MOST_KEPT)
        self._room = asyncio.Semaphore(self._model.concurrency)

    async def left(self, facts: Sequence[Fact], question: str) -> Left:
        """What the model leaves of a memory.

        Raises:
            AskError: It gave no answer about a fact.
        """
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._decided(fact, question)) for fact in facts]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return left_of(facts, [task.result() for task in asked])

    async def _decided(self, fact: Fact, question: str) -> Decision:
        request = Request(cell_key="gateway", messages=(), settings=self._policy.model.settings, letters=(), seed=0)
        async with self._room:
            decision, _ = await self._decisions.of(
                fact, question, policy=self._policy, model=self._model, request=request
            )
        return decision

    async def aclose(self) -> None:
        """Close the connections to the model."""
        await self._model.aclose()
