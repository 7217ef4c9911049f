"""From the body of an OpenAI chat answer to a reply, tolerant of what compatible servers make of the protocol."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from evenhand.endpoints.base import AskError
from evenhand.endpoints.finish import finish_of
from evenhand.endpoints.letter_logprobs import at_letter, tokens_of
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Reply, Request, TokenProbability, Usage

__all__ = ["ChatAnswer", "Unreadable", "error_text", "read_answer", "reply_from"]

_NO_LOGPROBS = "log-probabilities were asked for and not given by the server"
_NO_LETTER_TOKEN = "log-probabilities were given, but the token of the chosen letter could not be told in some answers"


class Unreadable(Exception):
    """The body is not a whole chat answer: cut off, not JSON, or something else altogether. Worth another attempt."""


class _Message(Struct):
    content: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: Any = None


class _Choice(Struct):
    message: _Message | None = None
    finish_reason: Any = None
    logprobs: Any = None


class ChatAnswer(Struct):
    """The parts of a chat answer that are read. Fields whose form differs between servers are left open."""

    choices: list[_Choice] | None = None
    usage: Any = None
    model: Any = None
    error: Any = None


_decoder = msgspec.json.Decoder(ChatAnswer)


def read_answer(body: bytes) -> ChatAnswer:
    """The answer in a body.

    Raises:
        Unreadable: It is none.
    """
    try:
        return _decoder.decode(body)
    except msgspec.MsgspecError as error:
        shown = body[:80].decode("utf-8", "replace").strip()
        raise Unreadable(f"not a chat answer ({error}); it begins {shown!r}") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"not a chat answer ({error})") from error


def reply_from(answer: ChatAnswer, request: Request) -> Reply:
    """The reply in a chat answer; attempts and latency are filled in by the caller.

    Raises:
        AskError: The server answered without an answer: no choices.
        Unreadable: The server broke the answer off.
    """
    if not answer.choices or answer.choices[0].message is None:
        raise AskError("The server answered with no choices.")
    choice = answer.choices[0]
    finish = finish_of(choice.finish_reason)
    if finish == "fault":
        raise Unreadable(f"the server broke the answer off ({str(choice.finish_reason)[:80]!r})")
    message = choice.message or _Message()
    content, thought = _text(message.content)
    text, tagged = split_reasoning(content)
    reasoning = next((part for part in map(_thoughts, (message.reasoning_content, message.reasoning)) if part), None)
    top, note = _top(choice.logprobs, request, answer=content) if request.settings.logprobs else (None, None)
    return Reply(
        text=text,
        finish=finish,
        reasoning=reasoning or thought or tagged,
        refusal=message.refusal if isinstance(message.refusal, str) and message.refusal else None,
        top=top,
        usage=_usage(answer.usage),
        model=answer.model if isinstance(answer.model, str) else None,
        note=note,
    )


def error_text(body: bytes) -> str:
    """What a server says went wrong, as short plain text."""
    try:
        found: object = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _short(body.decode("utf-8", "replace"))
    for name in ("error", "message", "detail", "msg"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return _short(found if isinstance(found, str) else msgspec.json.encode(found).decode())


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 400 else text[:400] + "..."


def _text(content: object) -> tuple[str, str | None]:
    """(text, thoughts) of a content that is text, a list of parts, or null."""
    if isinstance(content, str):
        return content, None
    if not isinstance(content, list):
        return "", None
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type") in {"thinking", "reasoning"}:
            thoughts.append(_thoughts(part.get("thinking") or part.get("text") or part.get("reasoning")) or "")
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
    return "".join(texts), "".join(thoughts) or None


def _thoughts(field: object) -> str | None:
    """Thoughts in a field that is text, or a list of parts."""
    if isinstance(field, str):
        return field or None
    if isinstance(field, list):
        return (
            "".join(part["text"] for part in field if isinstance(part, dict) and isinstance(part.get("text"), str))
            or None
        )
    return None


def _usage(usage: object) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    written = usage.get("completion_tokens_details")
    read = usage.get("prompt_tokens_details")
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        reasoning_tokens=_count(written.get("reasoning_tokens")) if isinstance(written, dict) else None,
        cached_tokens=_count(read.get("cached_tokens")) if isinstance(read, dict) else None,
    )


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value >= 0 else None


def _top(logprobs: object, request: Request, *, answer: str) -> tuple[tuple[TokenProbability, ...] | None, str | None]:
    """(candidates at the answer's letter, what to mention)."""
    tokens = tokens_of(logprobs)
    if not tokens:
        return None, _NO_LOGPROBS
    top = at_letter(tokens, request.letters, answer=answer)
    return top, None if top is not None else _NO_LETTER_TOKEN
