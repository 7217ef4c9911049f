"""From a request to the body of an OpenAI chat call, in the dialect that the server accepts."""

from __future__ import annotations

import re

import msgspec

from evenhand.endpoints.openai.answer import ReadChat, read_chat
from evenhand.records.message import Message, ModelSettings, Request

__all__ = ["Dialect"]

_encoder = msgspec.json.Encoder()
_FEWER_LOGPROBS = re.compile(
    r"(?:between 0 and|at most|less than or equal to|<=|maximum(?: is| of)?|up to|max(?: is)?)\s*(\d+)"
)


class Dialect:
    """What a server was found to accept. Starts with the usual form; a refusal teaches it once for all requests.

    Args:
        model: The model as the server knows it.
        official: Whether it is OpenAI's own server, where `max_completion_tokens` is the form that all models take.
    """

    path = "chat/completions"

    def __init__(self, model: str, *, official: bool) -> None:
        self.version = 0
        """Grows with everything learnt; a request that was sent in an older version is worth sending again."""
        self._model = model
        self._limit = "max_completion_tokens" if official else "max_tokens"
        self._limit_changed = False
        self._refused: set[str] = set()
        self._most_logprobs = 20
        self._parameters: dict[ModelSettings, bytes] = {}

    @property
    def note(self) -> str | None:
        """What a reader must know of the settings that the server refused; None when it took them all."""
        if not self._refused:
            return None
        return f"the server refused {', '.join(sorted(self._refused))}: its own default was used instead"

    def body(self, request: Request) -> bytes:
        """The JSON of the call."""
        messages: tuple[Message, ...] | list[object] = request.messages
        if any(message.tool_name is not None for message in request.messages):
            messages = [_with_tools(message) for message in request.messages]
        tail = self._parameters.get(request.settings)
        if tail is None:
            tail = self._parameters[request.settings] = self._tail(request.settings)
        return b'{"messages":' + _encoder.encode(messages) + tail

    def read(self, body: bytes) -> ReadChat | bytes:
        """The answer in a body, or the body of the error that it is.

        Raises:
            Unreadable: It is neither.
        """
        return read_chat(body)

    def learn(self, refusal: str, *, version: int) -> bool:
        """Change the form after a refusal (any 4xx, or 501).

        Args:
            refusal: What the server said, without echoes of the question.
            version: The version in which the refused request was sent.

        Returns:
            Whether it is worth sending the request again.
        """
        if version < self.version:
            return True
        text = refusal.lower()
        learnt = self._learn_limit(text) or self._learn_logprobs(text) or self._learn_refused(text)
        if learnt:
            self.version += 1
            self._parameters.clear()
        return learnt

    def _learn_limit(self, text: str) -> bool:
        other = "max_tokens" if self._limit == "max_completion_tokens" else "max_completion_tokens"
        if self._limit_changed or self._limit not in text or not _unsupported(text):
            return False
        self._limit, self._limit_changed = other, True
        return True

    def _learn_logprobs(self, text: str) -> bool:
        if "logprobs" not in text or "log-probabilities" in self._refused:
            return False
        fewer = _FEWER_LOGPROBS.search(text)
        if fewer is not None and 0 < int(fewer[1]) < self._most_logprobs:
            self._most_logprobs = int(fewer[1])
        else:
            self._refused.add("log-probabilities")
        return True

    def _learn_refused(self, text: str) -> bool:
        for name in ("temperature", "top_p", "seed"):
            if name in text and name not in self._refused and (_unsupported(text) or "must be" in text):
                self._refused.add(name)
                return True
        return False

    def _tail(self, settings: ModelSettings) -> bytes:
        """Everything of the body after the messages."""
        fields: dict[str, object] = {"model": self._model, self._limit: settings.max_tokens}
        optional = {"temperature": settings.temperature, "top_p": settings.top_p, "seed": settings.seed}
        fields |= {name: value for name, value in optional.items() if value is not None and name not in self._refused}
        if settings.reasoning_effort is not None:
            fields["reasoning_effort"] = settings.reasoning_effort
        if settings.logprobs and "log-probabilities" not in self._refused:
            fields |= {"logprobs": True, "top_logprobs": min(settings.top_logprobs, self._most_logprobs)}
        return b"," + _encoder.encode(fields)[1:]


def _unsupported(text: str) -> bool:
    words = (
        "unsupported",
        "not support",
        "unrecognized",
        "unknown",
        "unexpected",
        "not permitted",
        "not allowed",
        "instead",
        "not implemented",
        "extra inputs",
        "extra_forbidden",
        "deprecated",
        "only the default",
    )
    return any(word in text for word in words)


def _with_tools(message: Message) -> object:
    """A turn in OpenAI's form, where a tool call has a shape of its own."""
    if message.role == "assistant" and message.tool_name is not None:
        function = {"name": message.tool_name, "arguments": message.tool_arguments or "{}"}
        call = {"id": message.tool_call_id, "type": "function", "function": function}
        return {"role": "assistant", "content": message.content or None, "tool_calls": [call]}
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    return {"role": message.role, "content": message.content}
