"""An assistant whose memory a model looks at first, fact by fact."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec.structs import replace

from evenhand.endpoints.base import Endpoint, Locality
from evenhand.memory.remember import MemorySources, remember
from evenhand.mitigate.policy import AskedPolicy, Unread
from evenhand.records.language import Language
from evenhand.records.message import Message, Recall, Reply, Request
from evenhand.records.profile import Fact, placed

__all__ = ["AskedEndpoint", "Decisions"]


class Decisions:
    """What was decided of facts in a run: each is asked about once for a question, whoever the assistant is."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, str], Fact | Unread | None] = {}
        self._asking: dict[tuple[str, str, str], asyncio.Lock] = {}

    async def of(
        self, fact: Fact, question: str, *, policy: AskedPolicy, model: Endpoint, request: Request
    ) -> tuple[Fact | Unread | None, float]:
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
            return self._made[key], 0.0
        async with self._asking.setdefault(key, asyncio.Lock()):
            if key in self._made:
                return self._made[key], 0.0
            asked = replace(
                request,
                messages=(Message(role="user", content=policy.prompt(fact, question)),),
                settings=policy.model.settings,
                letters=(),
                policy=None,
                recall=None,
            )
            reply = await model.reply(asked)
            self._made[key] = _decided(policy, fact, reply)
        self._asking.pop(key, None)
        return self._made[key], reply.latency_s


def _decided(policy: AskedPolicy, fact: Fact, reply: Reply) -> Fact | Unread | None:
    """The decision in a whole answer; one that was refused or cut off decides nothing."""
    if reply.finish != "stop" or reply.refusal:
        return Unread()
    return policy.decided(fact, reply.text)


def _in_place_of(fact: Fact, decision: Fact) -> Fact:
    """What was decided, at the place and with the date of the fact."""
    return replace(fact, text=decision.text, dimension=decision.dimension, said=decision.said, factor=decision.factor)


class AskedEndpoint:
    """Wraps an endpoint: a request that names a policy is sent with the memory that a model leaves of it.

    Args:
        assistant: The assistant.
        policies: The policies by name.
        models: Policy -> the model that decides, one endpoint each.
        sources: Language -> what memory is rendered from.
        decisions: Shared by the assistants of a run.
    """

    def __init__(
        self,
        assistant: Endpoint,
        policies: Mapping[str, AskedPolicy],
        *,
        models: Mapping[str, Endpoint],
        sources: Mapping[Language, MemorySources],
        decisions: Decisions,
    ) -> None:
        self._assistant = assistant
        self._policies = policies
        self._models = models
        self._sources = sources
        self._decisions = decisions

    @property
    def concurrency(self) -> int:
        """The slowest decides."""
        return min(self._assistant.concurrency, *(model.concurrency for model in self._models.values()))

    @property
    def locality(self) -> Locality:
        """As the assistant's."""
        return self._assistant.locality

    async def reply(self, request: Request) -> Reply:
        """The assistant's reply to what is left of memory.

        Raises:
            AskError: The model or the assistant gave no answer.
        """
        policy = self._policies.get(request.policy or "")
        if policy is None or request.recall is None:
            return await self._assistant.reply(request)
        recall, question = request.recall, request.messages[-1]
        left: list[Fact] = []
        unread, seconds = 0, 0.0
        for fact in placed(recall.arm.facts):
            decision, took = await self._decisions.of(
                fact, question.content, policy=policy, model=self._models[policy.name], request=request
            )
            seconds += took
            if isinstance(decision, Unread):
                unread += 1
            elif decision is not None:
                left.append(fact if decision.text == fact.text else _in_place_of(fact, decision))
        sent = replace(request, messages=(*self._shown(recall, left), question), policy=None, recall=None)
        reply = await self._assistant.reply(sent)
        note = policy.left_out if unread else None
        return replace(
            reply,
            sent=sent.messages,
            latency_s=reply.latency_s + seconds,
            note="; ".join(part for part in (reply.note, note) if part) or None,
        )

    def _shown(self, recall: Recall, facts: list[Fact]) -> tuple[Message, ...]:
        once: dict[str, Fact] = {}
        for fact in facts:  # facts that are written alike are shown once
            once.setdefault(fact.text, fact)
        return remember(
            recall.arm,
            placement=recall.placement,
            reader=recall.reader,
            query=recall.query,
            sources=self._sources[recall.language],
            facts=tuple(once.values()),
        ).messages

    async def aclose(self) -> None:
        """Close the assistant and the models."""
        await self._assistant.aclose()
        for model in self._models.values():
            await model.aclose()
