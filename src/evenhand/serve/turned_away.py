"""What the gateway itself answers, in the form of OpenAI's errors."""

from __future__ import annotations

import msgspec

from evenhand.serve.counts import RequestEnd

__all__ = ["TurnedAway", "error_body"]


class TurnedAway(Exception):
    """The gateway does not pass a request on; its text is the sentence that the client gets.

    Args:
        text: The sentence; it holds nothing of a message.
        status: The HTTP status.
        kind: The error's type, as OpenAI's clients know it.
        code: A short code that programs can read.
        end: How the request is counted.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int,
        kind: str = "invalid_request_error",
        code: str | None = None,
        end: RequestEnd = "refused",
    ) -> None:
        super().__init__(text)
        self.status, self.kind, self.code = status, kind, code
        self.end: RequestEnd = end


def error_body(refused: TurnedAway) -> bytes:
    """The body of the answer."""
    fields = {"message": str(refused), "type": refused.kind, "param": None, "code": refused.code}
    return msgspec.json.encode({"error": fields})
