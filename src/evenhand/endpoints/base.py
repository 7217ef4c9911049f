"""The one seam to the outside: an endpoint answers a request."""

from __future__ import annotations

from typing import Literal, Protocol

from evenhand.errors import EvenhandError
from evenhand.records.message import Reply, Request

__all__ = ["AskError", "AskErrorKind", "Endpoint", "Locality"]

Locality = Literal["any", "prefix"]
"""`prefix`: the endpoint is faster when requests that share their first messages come close together."""

AskErrorKind = Literal["fault", "request"]
"""`fault`: the server or the way to it failed, so another time may go well; `request`: the server understood and
declined the request itself, so the same request gets the same answer."""


class AskError(EvenhandError):
    """One request got no answer after all retries; the runner turns it into the outcome `failed`.

    Args:
        message: Class and text of the last error, without keys.
        attempts: How often the request was sent.
        kind: Whether asking again may help.
    """

    def __init__(self, message: str, *, attempts: int = 1, kind: AskErrorKind = "fault") -> None:
        super().__init__(message)
        self.attempts = attempts
        self.kind: AskErrorKind = kind


class Endpoint(Protocol):
    """An assistant that can be asked.

    Example:
        >>> import asyncio
        >>> from evenhand.records.message import Message, ModelSettings, Reply, Request
        >>> class Always:
        ...     concurrency = 1
        ...     locality = "any"
        ...     async def reply(self, request):
        ...         return Reply(text=request.letters[0], finish="stop")
        ...     async def aclose(self):
        ...         return None
        >>> asked = Request(
        ...     cell_key="0",
        ...     messages=(Message(role="user", content="A or B?"),),
        ...     settings=ModelSettings(),
        ...     letters=("A", "B"),
        ...     seed=1,
        ... )
        >>> asyncio.run(Always().reply(asked)).text
        'A'
    """

    @property
    def concurrency(self) -> int:
        """How many requests it wants in flight at most."""
        ...

    @property
    def locality(self) -> Locality:
        """How the runner should order the cells."""
        ...

    async def reply(self, request: Request) -> Reply:
        """The answer to one request.

        Raises:
            AskError: The request got no answer after all retries.
            EndpointError: The assistant cannot be asked at all (wrong key, unknown model); ends the run.
        """
        ...

    async def aclose(self) -> None:
        """Release connections and threads."""
        ...
