"""What a model decided of facts: each is asked about once, or once for each question."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenhand.endpoints.base import Endpoint
from evenhand.mitigate.policy import AskedPolicy, Unread
from evenhand.records.message import Message, Reply, Request
from evenhand.records.profile import Fact

__all__ = ["Decision", "Decisions", "Left", "left_of"]

Decision = Fact | None | Unread
"""What is shown of a fact; None: nothing; Unread: the model's answer could not be read, so nothing either."""
_Key = tuple[str, str, str]


class Decisions:
    """Decisions that were made, whoever the assistant is.

    Args:
        most: How many are kept, those that were needed last; None: all.
    """

    def __init__(self, *, most: int | None = None) -> None:
        self._most = most
        self._made: OrderedDict[_Key, Decision] = OrderedDict()
        self._asking: dict[_Key, asyncio.Lock] = {}

    async def of(
        self, fact: Fact, question: str, *, policy: AskedPolicy, model: Endpoint, request: Request
    ) -> tuple[Decision, float]:
        """What is shown of a fact, and the seconds that asking took; 0 where it had been decided.

        Args:
            fact: The fact.
            question: What the user asks.
            policy: The policy.
            model: The model that decides.
            request: On whose behalf.

        Raises:
            AskError: The model gave no answer; nothing is decided then.
        """
        key = (policy.name, fact.text, question if policy.by_question else "")
        if key in self._made:
            return self._known(key), 0.0
        try:
            async with self._asking.setdefault(key, asyncio.Lock()):
                if key in self._made:
                    return self._known(key), 0.0
                prompt = Message(role="user", content=policy.prompt(fact, question))
                reply = await model.reply(_asked(request, prompt, policy))
                self._keep(key, _decided(policy, fact, reply))
                return self._known(key), reply.latency_s
        finally:
            self._asking.pop(key, None)

    def _known(self, key: _Key) -> Decision:
        self._made.move_to_end(key)
        return self._made[key]

    def _keep(self, key: _Key, decision: Decision) -> None:
        self._made[key] = decision
        while self._most is not None and len(self._made) > self._most:
            self._made.popitem(last=False)


def _asked(request: Request, prompt: Message, policy: AskedPolicy) -> Request:
    return replace(
        request, messages=(prompt,), settings=policy.model.settings, letters=(), policy=None, recall=None, others=()
    )


def _decided(policy: AskedPolicy, fact: Fact, reply: Reply) -> Decision:
    """The decision in a whole answer; one that was refused or cut off decides nothing."""
    if reply.finish != "stop" or reply.refusal:
        return Unread()
    return policy.decided(fact, reply.text)


class Left(Struct, frozen=True, kw_only=True):
    """What the decisions leave of a memory."""

    facts: tuple[Fact, ...]
    """In the order of memory, each at its place; facts that are written alike are shown once."""
    unread: int
    """Facts that were left out because an answer could not be read."""


def left_of(facts: Sequence[Fact], decisions: Sequence[Decision]) -> Left:
    """What is shown of facts, given the decision on each."""
    shown: dict[str, Fact] = {}
    unread = 0
    for fact, decision in zip(facts, decisions, strict=True):
        if isinstance(decision, Unread):
            unread += 1
        elif decision is not None:
            shown.setdefault(decision.text, fact if decision.text == fact.text else _in_place_of(fact, decision))
    return Left(facts=tuple(shown.values()), unread=unread)


def _in_place_of(fact: Fact, decision: Fact) -> Fact:
    """What was decided, at the place and with the date of the fact."""
    return replace(fact, text=decision.text, dimension=decision.dimension, said=decision.said, factor=decision.factor)
