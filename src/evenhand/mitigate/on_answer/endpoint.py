"""An assistant that is asked through policies on the answer."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from evenhand.endpoints.base import Endpoint, Locality
from evenhand.mitigate.policy import AnswerPolicy
from evenhand.records.message import Reply, Request

__all__ = ["PolicyEndpoint"]


class PolicyEndpoint:
    """Wraps an endpoint: a request that names a policy is answered by it, any other as it stands.

    Args:
        assistant: The assistant; it is asked one call after the other for one request.
        policies: The policies by name.
    """

    def __init__(self, assistant: Endpoint, policies: Mapping[str, AnswerPolicy]) -> None:
        self._assistant = assistant
        self._policies = policies

    @property
    def concurrency(self) -> int:
        """As the assistant's."""
        return self._assistant.concurrency

    @property
    def locality(self) -> Locality:
        """As the assistant's."""
        return self._assistant.locality

    async def reply(self, request: Request) -> Reply:
        """The assistant's reply, or what the request's policy makes of several.

        Raises:
            AskError: One of the calls got no answer; then there is none to the request.
        """
        policy = self._policies.get(request.policy or "")
        if policy is None:
            return await self._assistant.reply(request)
        others = tuple(replace(request, messages=messages, others=()) for messages in request.others)
        return await policy.on_answer(replace(request, others=()), others, self._assistant.reply)

    async def aclose(self) -> None:
        """Close the assistant."""
        await self._assistant.aclose()
