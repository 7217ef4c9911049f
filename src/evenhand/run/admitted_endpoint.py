"""An endpoint whose replies can be kept: what no store can hold is no answer."""

from __future__ import annotations

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.records.message import Reply, Request
from evenhand.store.gate import Unfit, admitted

__all__ = ["AdmittedEndpoint"]


class AdmittedEndpoint:
    """Wraps an endpoint: its replies come as the store will read them back, without keys.

    Args:
        endpoint: The endpoint.
        secrets: Keys beside those that this process remembers.
    """

    def __init__(self, endpoint: Endpoint, *, secrets: tuple[str, ...] = ()) -> None:
        self._endpoint = endpoint
        self._secrets = secrets

    @property
    def concurrency(self) -> int:
        """As the endpoint's."""
        return self._endpoint.concurrency

    @property
    def locality(self) -> Locality:
        """As the endpoint's."""
        return self._endpoint.locality

    async def reply(self, request: Request) -> Reply:
        """The endpoint's reply.

        Raises:
            AskError: It gave none, or one that cannot be kept.
        """
        reply = admitted(await self._endpoint.reply(request), secrets=self._secrets)
        if isinstance(reply, Unfit):
            raise AskError(reply.reason, kind="request")
        return reply

    async def aclose(self) -> None:
        """Close the endpoint."""
        await self._endpoint.aclose()
