"""An assistant whose memory a model looks at first, fact by fact."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from evenhand.endpoints.base import Endpoint, Locality
from evenhand.memory.remember import MemorySources, remember
from evenhand.mitigate.asked.decisions import Decisions, left_of
from evenhand.mitigate.policy import AskedPolicy
from evenhand.records.language import Language
from evenhand.records.message import Message, Recall, Reply, Request
from evenhand.records.profile import Fact, placed

__all__ = ["AskedEndpoint"]


class AskedEndpoint:
    """Wraps an endpoint: a request that names a policy is sent with the memory that a model leaves of it.

    Args:
        assistant: The assistant.
        policies: The policies by name.
        models: Policy -> the model that decides, one endpoint each.
        sources: Language -> what memory is rendered from.
        decisions: Shared by the assistants of a run.
        name: The assistant's name in the plan.
    """

    def __init__(
        self,
        assistant: Endpoint,
        policies: Mapping[str, AskedPolicy],
        *,
        models: Mapping[str, Endpoint],
        sources: Mapping[Language, MemorySources],
        decisions: Decisions,
        name: str = "",
    ) -> None:
        self._assistant = assistant
        self._policies = policies
        self._models = models
        self._sources = sources
        self._decisions = decisions
        self._name = name

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
            StoreError: A decision cannot be kept.
        """
        policy = self._policies.get(request.policy or "")
        if policy is None or request.recall is None:
            return await self._assistant.reply(request)
        recall, question = request.recall, request.messages[-1]
        facts, decisions = placed(recall.arm.facts), []
        seconds: dict[str, float] = {}
        for fact in facts:
            decision, seconds[fact.text] = await self._decisions.of(
                fact,
                question.content,
                policy=policy,
                model=self._models[policy.name],
                request=request,
                assistant=self._name,
            )
            decisions.append(decision)
        left = left_of(facts, decisions)
        sent = replace(request, messages=(*self._shown(recall, left.facts), question), policy=None, recall=None)
        reply = await self._assistant.reply(sent)
        note = policy.left_out if left.unread else None
        return replace(
            reply,
            sent=sent.messages,
            latency_s=reply.latency_s + sum(seconds.values()),
            note="; ".join(part for part in (reply.note, note) if part) or None,
        )

    def _shown(self, recall: Recall, facts: tuple[Fact, ...]) -> tuple[Message, ...]:
        return remember(
            recall.arm,
            placement=recall.placement,
            reader=recall.reader,
            query=recall.query,
            sources=self._sources[recall.language],
            facts=facts,
        ).messages

    async def aclose(self) -> None:
        """Close the assistant and the models, when every decision is kept."""
        await self._decisions.settle()
        await self._assistant.aclose()
        for model in self._models.values():
            await model.aclose()
