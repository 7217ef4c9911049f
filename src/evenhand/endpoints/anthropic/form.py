"""Anthropic's messages: how a request is written in them, and an answer read."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.endpoints.openai.answer import ChatAnswer, ReadChat
from evenhand.endpoints.openai.http_body import Unreadable
from evenhand.endpoints.redact import cut
from evenhand.records.message import Message, ModelSettings, Request

__all__ = ["MessagesForm"]

_UNSENT = ("seed", "reasoning_effort")
"""Settings that the protocol has no field for."""
_REFUSABLE = ("temperature", "top_p")
_NO_FIELD = "the protocol has no field for"


class _MessageAnswer(Struct):
    """The parts of an answer that are read."""

    type: Any = None
    content: Any = None
    model: Any = None
    stop_reason: Any = None
    usage: Any = None


class MessagesForm:
    """One model in Anthropic's protocol. Log-probabilities, seeds and efforts have no field there and are not sent.

    Args:
        model: The model as the server knows it.
    """

    path = "messages"

    def __init__(self, model: str) -> None:
        self.version = 0
        """Grows with everything learnt."""
        self._model = model
        self._refused: set[str] = set()
        self._unsent: set[str] = set()

    @property
    def note(self) -> str | None:
        """What a reader must know of settings that were not sent; None where all were."""
        notes = []
        if self._refused:
            notes.append(f"the server refused {', '.join(sorted(self._refused))}: its own default was used instead")
        if self._unsent:
            notes.append(f"{_NO_FIELD} {', '.join(sorted(self._unsent))}: not sent")
        return "; ".join(notes) or None

    def body(self, request: Request) -> bytes:
        """The JSON of the call."""
        return msgspec.json.encode(self._fields(request))

    def learn(self, refusal: str, *, version: int) -> bool:
        """Leave a setting out that the server does not take; whether it is worth sending the request again."""
        if version < self.version:
            return True
        text = refusal.lower()
        for name in _REFUSABLE:
            if re.search(rf"\b{name}\b", text) and name not in self._refused:
                self._refused.add(name)
                self.version += 1
                return True
        return False

    def read(self, body: bytes) -> ReadChat | bytes:
        """The answer in a body, or the body of the error that it is.

        Raises:
            Unreadable: It is neither.
        """
        try:
            found = msgspec.json.decode(body, type=_MessageAnswer)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            begins = cut(body[:4000].decode("utf-8", "replace"), most=80)
            raise Unreadable(f"not an answer in messages ({error}); it begins {begins!r}") from error
        if found.type == "error":
            return body
        if not isinstance(found.content, list):
            raise Unreadable(f"no content in it: {cut(body[:4000].decode('utf-8', 'replace'), most=80)}")
        choice = {"message": {"content": found.content}, "finish_reason": found.stop_reason}
        answer = {"choices": [choice], "model": found.model, "usage": _usage(found.usage)}
        return ReadChat(msgspec.convert(answer, ChatAnswer))

    def _fields(self, request: Request) -> dict[str, object]:
        system = [turn.content for turn in request.messages if turn.role == "system"]
        turns = [turn for turn in request.messages if turn.role != "system"]
        fields: dict[str, object] = {"model": self._model, "max_tokens": request.settings.max_tokens}
        if system:
            fields["system"] = "\n\n".join(system)
        fields["messages"] = [_turn(turn) for turn in turns]
        tools = sorted({turn.tool_name for turn in turns if turn.tool_name is not None})
        if tools:
            fields["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in tools]
            fields["tool_choice"] = {"type": "none"}
        return fields | self._settings(request.settings)

    def _settings(self, settings: ModelSettings) -> dict[str, object]:
        self._unsent |= {name for name in _UNSENT if getattr(settings, name) is not None}
        wished = {name: getattr(settings, name) for name in _REFUSABLE}
        return {name: value for name, value in wished.items() if value is not None and name not in self._refused}


def _turn(turn: Message) -> dict[str, object]:
    """A turn, where a tool's call and its result are blocks of the content."""
    if turn.role == "assistant" and turn.tool_name is not None:
        call = {
            "type": "tool_use",
            "id": turn.tool_call_id,
            "name": turn.tool_name,
            "input": msgspec.json.decode(turn.tool_arguments or "{}"),
        }
        said = [{"type": "text", "text": turn.content}] if turn.content else []
        return {"role": "assistant", "content": [*said, call]}
    if turn.role == "tool":
        result = {"type": "tool_result", "tool_use_id": turn.tool_call_id, "content": turn.content}
        return {"role": "user", "content": [result]}
    return {"role": turn.role, "content": turn.content}


def _usage(usage: object) -> object:
    """The counts of tokens, with what was read from the provider's cache among the input."""
    if not isinstance(usage, dict):
        return usage
    parts = [usage.get(name) for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")]
    counted = [part for part in parts if isinstance(part, int)]
    return usage | {
        "input_tokens": sum(counted) if counted else None,
        "prompt_tokens_details": {"cached_tokens": usage.get("cache_read_input_tokens")},
    }
