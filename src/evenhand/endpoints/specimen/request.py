"""A chat completions request as the specimen server reads it: every field is honoured, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.errors import EvenhandError, near_miss
from evenhand.records.message import Message, ModelSettings, Role

__all__ = ["ChatBody", "WireError", "messages_of", "read_chat_body", "settings_of"]

_USUAL_LIMIT = 16
_MOST_ANSWERS = 16
_MOST_STOPS = 4


class WireError(EvenhandError):
    """A request that cannot be served.

    Args:
        message: What is wrong.
        param: The field that is; None: the request as a whole.
        code: The code of the error object.
        status: The HTTP status.
    """

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


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


class _StreamOptions(Struct, frozen=True):
    include_usage: bool = False


class ChatBody(Struct, frozen=True):
    """The fields that change what is answered."""

    model: str
    messages: list[_WireMessage]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None

    @property
    def answers(self) -> int:
        """How many answers are asked for."""
        return 1 if self.n is None else self.n

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts at which an answer ends."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


_WITHOUT_EFFECT = frozenset(
    {"user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"}
)
"""Fields that concern a provider's bookkeeping and never an answer."""

_REFUSED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "tools": (lambda value: value == [], "A specimen calls no tools"),
    "tool_choice": (lambda value: value in ("none", "auto"), "A specimen calls no tools"),
    "functions": (lambda value: value == [], "A specimen calls no functions"),
    "function_call": (lambda value: value in ("none", "auto"), "A specimen calls no functions"),
    "parallel_tool_calls": (lambda value: isinstance(value, bool), "A specimen calls no tools"),
    "response_format": (lambda value: value == {"type": "text"}, "A specimen answers in plain text only"),
    "logit_bias": (lambda value: value == {}, "A specimen takes no bias on its tokens"),
    "presence_penalty": (lambda value: value == 0, "A specimen takes no penalty on its tokens"),
    "frequency_penalty": (lambda value: value == 0, "A specimen takes no penalty on its tokens"),
    "reasoning_effort": (lambda value: value == "none", "A specimen does not reason before it answers"),
    "modalities": (lambda value: value == ["text"], "A specimen answers in plain text only"),
    "audio": (lambda _: False, "A specimen answers in plain text only"),
    "prediction": (lambda _: False, "A specimen takes no predicted answer"),
    "web_search_options": (lambda _: False, "A specimen searches nothing"),
    "verbosity": (lambda value: value == "medium", "A specimen answers at one length"),
    "store": (lambda value: value is False, "A specimen stores nothing"),
}
"""Fields that are taken only where their value asks for nothing: (whether it does, why it is refused otherwise)."""


def read_chat_body(body: bytes) -> ChatBody:
    """The request in a body.

    Raises:
        WireError: It is no JSON object, or a field has a value that is not served.
    """
    try:
        fields: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"The body is not JSON ({error}).") from error
    if not isinstance(fields, dict):
        raise WireError(f"The body is {type(fields).__name__}, not a JSON object.")
    known = {*ChatBody.__struct_fields__, *_WITHOUT_EFFECT, *_REFUSED}
    for name, value in fields.items():
        if name not in known:
            raise WireError(
                f"The field {name[:60]!r} is not known{near_miss(name, known)}.",
                param=name[:60],
                code="unknown_parameter",
            )
        if name in _REFUSED and value is not None and not _REFUSED[name][0](value):
            shown = json.dumps(value)[:80]
            raise WireError(
                f"{_REFUSED[name][1]}: leave {name!r} out (it is {shown}).", param=name, code="unsupported_parameter"
            )
    try:
        found = msgspec.convert({name: fields[name] for name in fields if name in ChatBody.__struct_fields__}, ChatBody)
    except msgspec.ValidationError as error:
        raise WireError(f"{error}.", param=_field_of(str(error))) from error
    _check_ranges(found)
    return found


def _field_of(said: str) -> str | None:
    """The field that a sentence of the decoder is about: "... - at `$.messages[0].role`"."""
    place = said.rpartition("`$.")[2] if "`$." in said else said.partition("missing required field `")[2]
    return place.partition("`")[0] or None


def _check_ranges(body: ChatBody) -> None:
    """Raise a WireError for a value that is out of range."""
    _within("temperature", body.temperature, 0, 2)
    _within("top_logprobs", body.top_logprobs, 0, 20)
    _within("n", body.n, 1, _MOST_ANSWERS)
    _within("seed", body.seed, -(2**63), 2**63 - 1)
    if body.top_p is not None and not 0 < body.top_p <= 1:
        raise WireError(f"top_p={body.top_p!r} is out of range; use more than 0 and at most 1.", param="top_p")
    for name, limit in (("max_tokens", body.max_tokens), ("max_completion_tokens", body.max_completion_tokens)):
        if limit is not None and limit < 1:
            raise WireError(f"{name}={limit} is out of range; ask for at least 1.", param=name)
    if body.max_tokens is not None and body.max_completion_tokens is not None:
        raise WireError("Name max_tokens or max_completion_tokens, not both.", param="max_tokens")
    if body.top_logprobs is not None and not body.logprobs:
        raise WireError("top_logprobs needs logprobs to be true.", param="top_logprobs")
    if body.stream_options is not None and not body.stream:
        raise WireError("stream_options needs stream to be true.", param="stream_options")
    if len(body.stops) > _MOST_STOPS or "" in body.stops:
        raise WireError(f"stop takes at most {_MOST_STOPS} texts, and none that is empty.", param="stop")


def _within(name: str, value: float | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise WireError(f"{name}={value!r} is out of range; use {low} to {high}.", param=name)


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
        raise WireError("The list 'messages' is empty; send at least one message.", param="messages")
    return tuple(_message(message) for message in body.messages)


def _message(wire: _WireMessage) -> Message:
    if wire.role not in _ROLES:
        raise WireError(f"The role {wire.role!r} is unknown; use one of {', '.join(_ROLES)}.", param="messages")
    content = wire.content or ""
    if isinstance(content, list):
        other = [part.type for part in content if part.type != "text"]
        if other:
            raise WireError(f"A specimen reads text only, not a part of type {other[0]!r}.", param="messages")
        content = "".join(part.text for part in content)
    calls = wire.tool_calls or []
    if len(calls) > 1:
        raise WireError("A specimen reads one tool call a message, not several.", param="messages")
    call = calls[0] if calls else None
    return Message(
        role=_ROLES[wire.role],
        content=content,
        tool_name=call.function.name if call else None,
        tool_call_id=call.id if call else wire.tool_call_id,
        tool_arguments=call.function.arguments if call else None,
    )


def settings_of(body: ChatBody) -> ModelSettings:
    """The sampling settings of a request. Without a temperature the answer is drawn at 1, as elsewhere."""
    limits = [limit for limit in (body.max_completion_tokens, body.max_tokens) if limit is not None]
    return ModelSettings(
        temperature=1.0 if body.temperature is None else body.temperature,
        top_p=body.top_p,
        max_tokens=limits[0] if limits else _USUAL_LIMIT,
        logprobs=bool(body.logprobs),
        top_logprobs=body.top_logprobs or 0,
    )
