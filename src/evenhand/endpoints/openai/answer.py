"""From the body of an OpenAI chat answer to a reply, tolerant of what compatible servers make of the protocol."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.endpoints.base import AskError
from evenhand.endpoints.letter_logprobs import at_letter, tokens_of
from evenhand.endpoints.openai.finish import finish_of
from evenhand.endpoints.openai.http_body import Unreadable
from evenhand.endpoints.openai.lenient_json import parse
from evenhand.endpoints.openai.server_error import error_text, is_error
from evenhand.endpoints.openai.shapes import reshaped
from evenhand.endpoints.redact import cut
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Reply, Request, TokenProbability, Usage

__all__ = [
    "NO_LOGPROBS",
    "ChatAnswer",
    "ReadChat",
    "carries_error",
    "choice_error",
    "read_answer",
    "read_chat",
    "reply_from",
]

NO_LOGPROBS = "log-probabilities were asked for and not given by the server"
_NO_LETTER_TOKEN = "log-probabilities were given, but the token of the chosen letter could not be told in some answers"


_MOST_TOKENS = 2**31
"""A larger count is no count of tokens."""
_SLACK = 1e-3
"""A log-probability may be so much above 0 by rounding."""


class _Message(Struct):
    content: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    thinking: Any = None
    reasoning_details: Any = None
    thinking_blocks: Any = None


class _Choice(Struct):
    message: _Message | None = None
    finish_reason: Any = None
    logprobs: Any = None
    index: Any = None
    error: Any = None


class ChatAnswer(Struct):
    """The parts of a chat answer that are read. Fields whose form differs between servers are left open."""

    choices: list[_Choice] | None = None
    usage: Any = None
    model: Any = None
    error: Any = None
    object: Any = None


_decoder = msgspec.json.Decoder(ChatAnswer)


def read_answer(body: bytes) -> ChatAnswer:
    """The answer in a body.

    Raises:
        Unreadable: It is none.
    """
    answer = _strictly(body)
    if answer is not None and _is_whole(answer):
        return answer
    try:
        return msgspec.convert(reshaped(parse(body)), ChatAnswer)
    except (msgspec.MsgspecError, ValueError) as error:
        begins = cut(body[:4000].decode("utf-8", "replace"), most=80)
        raise Unreadable(f"not a chat answer ({error}); it begins {begins!r}") from error


class ReadChat(Struct, frozen=True):
    """A body that is a chat answer."""

    answer: ChatAnswer

    def reply(self, request: Request) -> Reply:
        """The reply in it; see `reply_from`."""
        return reply_from(self.answer, request)


def read_chat(body: bytes) -> ReadChat | bytes:
    """The chat answer in a body, or the body of the error that it is.

    Raises:
        Unreadable: It is neither.
    """
    answer = read_answer(body)
    if carries_error(answer):
        return choice_error(answer) or body
    if answer.choices is None:
        raise Unreadable(f"no choices in it: {cut(error_text(body))}")
    return ReadChat(answer)


def _strictly(body: bytes) -> ChatAnswer | None:
    """The answer in a body that is as it must be; None for any other."""
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _is_whole(answer: ChatAnswer) -> bool:
    """Whether an answer has what is read of it, so that no other shape need be looked for."""
    return carries_error(answer) or all(choice.message is not None for choice in answer.choices or (_Choice(),))


def carries_error(answer: ChatAnswer) -> bool:
    """Whether a body is a server's error, or its first choice is, whatever the HTTP status says."""
    if is_error(answer.error) or answer.object == "error":
        return True
    choice = _first(answer)
    return choice is not None and is_error(choice.error)


def choice_error(answer: ChatAnswer) -> bytes | None:
    """The error of the first choice as JSON, where the body has none of its own."""
    choice = _first(answer)
    if is_error(answer.error) or choice is None or not is_error(choice.error):
        return None
    return msgspec.json.encode({"error": choice.error})


def _first(answer: ChatAnswer) -> _Choice | None:
    """The choice with index 0, in whatever order they come; without indices, the first."""
    if not answer.choices:
        return None
    places = [choice.index if isinstance(choice.index, int) else math.inf for choice in answer.choices]
    return answer.choices[places.index(min(places))]


def reply_from(answer: ChatAnswer, request: Request) -> Reply:
    """The reply in a chat answer; attempts and latency are filled in by the caller.

    Raises:
        AskError: The server answered without an answer: no choices.
        Unreadable: The answer ended in a failure of the server.
    """
    choice = _first(answer)
    if choice is None or choice.message is None:
        raise AskError("The server answered with no choices.")
    message = choice.message
    finish = finish_of(choice.finish_reason)
    if finish == "fault":
        raise Unreadable(
            f"the server gave up in the middle of the answer (finish_reason {str(choice.finish_reason)[:80]!r})"
        )
    content, thought = _text(message.content)
    text, tagged = split_reasoning(content)
    fields = (message.reasoning_content, message.reasoning, message.thinking, message.reasoning_details)
    reasoning = next((part for part in map(_thoughts, (*fields, message.thinking_blocks)) if part), None)
    top, note = _top(choice.logprobs, request, answer=content) if request.settings.logprobs else (None, None)
    return Reply(
        text=text,
        finish=finish,
        reasoning=reasoning or thought or tagged,
        refusal=_refusal(message),
        top=top,
        usage=_usage(answer.usage),
        model=answer.model[:200] if isinstance(answer.model, str) else None,
        note=note,
    )


def _refusal(message: _Message) -> str | None:
    """A refusal in its own field, or in a part of the content."""
    parts = message.content if isinstance(message.content, list) else [message.content]
    said = [part.get("refusal") for part in parts if isinstance(part, dict) and part.get("type") == "refusal"]
    return next((text for text in (message.refusal, *said) if isinstance(text, str) and text), None)


def _text(content: object) -> tuple[str, str | None]:
    """(text, thoughts) of a content that is text, a list of parts, or null."""
    if isinstance(content, str):
        return content, None
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return "", None
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type") in {
            "thinking",
            "thought",
            "reasoning",
            "reasoning_text",
            "redacted_thinking",
        }:
            thoughts.append(_thought(part))
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
    return "".join(texts), "".join(thoughts) or None


def _thoughts(field: object) -> str | None:
    """Thoughts in a field that is text, a part, or a list of parts."""
    if isinstance(field, str):
        return field or None
    if isinstance(field, dict):
        field = [field]
    if isinstance(field, list):
        return "".join(part if isinstance(part, str) else _thought(part) for part in field) or None
    return None


def _thought(part: object) -> str:
    """The text of one part of thoughts; empty for thoughts that a provider keeps to itself."""
    if not isinstance(part, dict):
        return ""
    for name in ("thinking", "text", "reasoning", "summary", "content"):
        text = _thoughts(part.get(name))
        if text:
            return text
    return ""


def _usage(usage: object) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    written = usage.get("completion_tokens_details")
    read = usage.get("prompt_tokens_details")
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens", usage.get("input_tokens"))),
        output_tokens=_count(usage.get("completion_tokens", usage.get("output_tokens"))),
        reasoning_tokens=_count(written.get("reasoning_tokens")) if isinstance(written, dict) else None,
        cached_tokens=_count(read.get("cached_tokens")) if isinstance(read, dict) else None,
    )


def _count(value: object) -> int | None:
    """A count of tokens; None for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST_TOKENS:
        return None
    return int(value)


def _top(logprobs: object, request: Request, *, answer: str) -> tuple[tuple[TokenProbability, ...] | None, str | None]:
    """(candidates at the answer's letter, what to mention)."""
    tokens = tokens_of(logprobs)
    if not tokens:
        return None, NO_LOGPROBS
    top = at_letter(tokens, request.letters, answer=answer)
    return top, None if top is not None else _NO_LETTER_TOKEN
