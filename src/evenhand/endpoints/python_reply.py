"""What code of the user's may return as an answer."""

from __future__ import annotations

import msgspec

from evenhand.endpoints.base import AskError
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Reply

__all__ = ["Answer", "read_answer"]

Answer = str | dict[str, object] | Reply
"""Text; or a dict with the fields of `Reply` (`text` is needed, `finish` defaults to `stop`); or a `Reply`."""


def read_answer(answer: object, *, name: str, seconds: float) -> Reply:
    """The reply in an answer.

    Args:
        answer: What was returned.
        name: The assistant, for errors.
        seconds: How long it took.

    Raises:
        AskError: It is no answer.
    """
    if isinstance(answer, Reply):
        return answer
    if isinstance(answer, str):
        text, reasoning = split_reasoning(answer)
        return Reply(text=text, finish="stop", reasoning=reasoning, latency_s=seconds)
    if isinstance(answer, dict):
        try:
            return msgspec.convert({"finish": "stop", "latency_s": seconds} | answer, Reply)
        except (msgspec.ValidationError, TypeError) as error:
            raise AskError(f"{name} returned a dict that is no reply: {error}.", kind="request") from error
    raise AskError(f"{name} returned {type(answer).__name__}, not text, a dict or a Reply.", kind="request")
