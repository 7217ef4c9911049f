"""The chat completions format as the specimen server reads and writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from evenhand.endpoints.specimen_batch import Answer
from evenhand.errors import EvenhandError
from evenhand.records.message import Message, ModelSettings, Role, TokenProbability

__all__ = ["ChatBody", "WireError", "completion", "messages_of", "settings_of", "stream_chunks"]


class WireError(EvenhandError):
    """A request that cannot be served.

    Args:
        message: What is wrong.
        missing: Whether what was named does not exist.
    """

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class _Function(Struct, frozen=True):
    name: str
    arguments: str = ""


class _ToolCall(Struct, frozen=True):
    function: _Function
    id: str = ""


class _Part(Struct, frozen=True):
    type: str
    text: str = ""


class _WireMessage(Struct, frozen=True):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None


class ChatBody(Struct, frozen=True):
    """The fields of a request that are read; any others are ignored."""

    model: str
    messages: list[_WireMessage]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None


_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


def messages_of(body: ChatBody) -> tuple[Message, ...]:
    """The turns of a request.

    Raises:
        WireError: No turns, an unknown role, or a part that is not text.
    """
    if not body.messages:
        raise WireError("The list 'messages' is empty; send at least one message.")
    return tuple(_message(message) for message in body.messages)


def _message(wire: _WireMessage) -> Message:
    if wire.role not in _ROLES:
        raise WireError(f"The role {wire.role!r} is unknown; use one of {', '.join(_ROLES)}.")
    content = wire.content or ""
    if isinstance(content, list):
        other = [part.type for part in content if part.type != "text"]
        if other:
            raise WireError(f"A specimen reads text only, not a part of type {other[0]!r}.")
        content = "".join(part.text for part in content)
    call = wire.tool_calls[0] if wire.tool_calls else None
    return Message(
        role=_ROLES[wire.role],
        content=content,
        tool_name=call.function.name if call else None,
        tool_call_id=call.id if call else wire.tool_call_id,
        tool_arguments=call.function.arguments if call else None,
    )


def settings_of(body: ChatBody) -> ModelSettings:
    """The sampling settings of a request. Without a temperature the answer is drawn at 1, as elsewhere.

    Raises:
        WireError: A value is out of range.
    """
    limit = body.max_completion_tokens or body.max_tokens or 16
    temperature = 1.0 if body.temperature is None else body.temperature
    if limit < 1:
        raise WireError(f"The limit of {limit} tokens is too small; ask for at least 1.")
    if not 0 <= temperature <= 2:
        raise WireError(f"The temperature {temperature!r} is out of range; use 0 to 2.")
    if (body.n or 1) != 1:
        raise WireError(f"A specimen gives one answer a request, not {body.n!r}; send the request again.")
    top = body.top_logprobs or 0
    if not 0 <= top <= 20:
        raise WireError(f"top_logprobs={top!r} is out of range; use 0 to 20.")
    return ModelSettings(
        temperature=temperature,
        top_p=body.top_p,
        max_tokens=limit,
        seed=body.seed,
        logprobs=bool(body.logprobs),
        top_logprobs=top,
    )


def _head(body: ChatBody, answer: Answer, *, model: str, kind: str) -> dict[str, Any]:
    text = "\x00".join(repr(message) for message in body.messages) + answer.text
    digest = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    return {"id": f"chatcmpl-{digest}", "object": kind, "created": 0, "model": model}


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _token(piece: str, logprob: float, top: tuple[TokenProbability, ...]) -> dict[str, Any]:
    return _entry(piece, logprob) | {"top_logprobs": [_entry(other.token, other.logprob) for other in top]}


def _logprobs(body: ChatBody, answer: Answer) -> list[dict[str, Any]] | None:
    if not body.logprobs:
        return None
    kept = body.top_logprobs or 0
    return [
        _token(piece, logprob, top[:kept])
        for piece, logprob, top in zip(answer.pieces, answer.logprobs, answer.steps, strict=True)
    ]


def _usage(answer: Answer, *, prompt: int) -> dict[str, int]:
    made = len(answer.pieces) + (answer.finish == "stop")
    return {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}


def completion(body: ChatBody, answer: Answer, *, model: str, prompt: int) -> dict[str, Any]:
    """A whole answer."""
    logprobs = _logprobs(body, answer)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": answer.text, "refusal": None},
        "logprobs": None if logprobs is None else {"content": logprobs, "refusal": None},
        "finish_reason": answer.finish,
    }
    head = _head(body, answer, model=model, kind="chat.completion")
    return head | {"choices": [choice], "usage": _usage(answer, prompt=prompt)}


def stream_chunks(body: ChatBody, answer: Answer, *, model: str, prompt: int) -> Iterator[dict[str, Any]]:
    """The same answer token by token: the role, every token, the reason for stopping, and usage where asked for."""
    head = _head(body, answer, model=model, kind="chat.completion.chunk")

    def chunk(
        delta: dict[str, Any], *, finish: str | None = None, logprobs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return head | {"choices": [choice]}

    entries = _logprobs(body, answer)
    yield chunk({"role": "assistant", "content": ""})
    for index, piece in enumerate(answer.pieces):
        logprobs = None if entries is None else {"content": [entries[index]], "refusal": None}
        yield chunk({"content": piece}, logprobs=logprobs)
    yield chunk({}, finish=answer.finish)
    if (body.stream_options or {}).get("include_usage"):
        yield head | {"choices": [], "usage": _usage(answer, prompt=prompt)}
