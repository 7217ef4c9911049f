"""How a chat protocol writes a request and reads an answer; everything else of asking is the same."""

from __future__ import annotations

from typing import Protocol

from evenhand.records.message import Reply, Request

__all__ = ["ChatForm", "ReadAnswer"]


class ReadAnswer(Protocol):
    """A body that is an answer."""

    def reply(self, request: Request) -> Reply:
        """The reply in it; attempts and latency are filled in by the caller.

        Raises:
            AskError: The server answered without an answer.
            Unreadable: The answer ended in a failure of the server.
        """
        ...


class ChatForm(Protocol):
    """One protocol, in the dialect that a server was found to accept."""

    @property
    def path(self) -> str:
        """Where requests go, below the base URL."""
        ...

    @property
    def version(self) -> int:
        """Grows with everything learnt; a request that was sent in an older version is worth sending again."""
        ...

    @property
    def note(self) -> str | None:
        """What a reader must know of settings that were not sent; None where all were."""
        ...

    def body(self, request: Request) -> bytes:
        """The JSON of the call."""
        ...

    def learn(self, refusal: str, *, version: int) -> bool:
        """Change the form after a refusal; whether it is worth sending the request again."""
        ...

    def read(self, body: bytes) -> ReadAnswer | bytes:
        """The answer in a body, or the body of the error that it is.

        Raises:
            Unreadable: It is neither.
        """
        ...
