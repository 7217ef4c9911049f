"""From the body of an OpenAI chat answer to a reply, tolerant of what compatible servers make of the protocol."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.endpoints.base import AskError
from evenhand.endpoints.finish_reason import finish_of
from evenhand.endpoints.http_body import Unreadable
from evenhand.endpoints.lenient_json import parse
from evenhand.endpoints.letter_logprobs import Candidate, TokenLogprobs, at_letter
from evenhand.endpoints.reasoning import split_reasoning
from evenhand.endpoints.redact import cut
from evenhand.endpoints.server_error import is_error
from evenhand.records.message import Reply, Request, TokenProbability, Usage

__all__ = ["ChatAnswer", "carries_error", "choice_error", "read_answer", "reply_from"]

_NO_LOGPROBS = "log-probabilities were asked for and not given by the server"
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
    if answer is not None:
        return answer
    try:
        return msgspec.convert(parse(body), ChatAnswer)
    except (msgspec.MsgspecError, ValueError) as error:
        begins = cut(body[:4000].decode("utf-8", "replace"), most=80)
        raise Unreadable(f"not a chat answer ({error}); it begins {begins!r}") from error


def _strictly(body: bytes) -> ChatAnswer | None:
    """The answer in a body that is as it must be; None for any other."""
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


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
    if finish is None:
        raise Unreadable(f"the server gave up in the middle of the answer (finish_reason {choice.finish_reason!r})")
    content, thought = _text(message.content)
    text, tagged = split_reasoning(content)
    fields = (message.reasoning_content, message.reasoning, message.thinking, message.reasoning_details)
    reasoning = next((part for part in map(_thoughts, (*fields, message.thinking_blocks)) if part), None)
    top, note = _top(choice.logprobs, request) if request.settings.logprobs else (None, None)
    return Reply(
        text=text,
        finish=finish,
        reasoning=reasoning or thought or tagged,
        refusal=message.refusal if isinstance(message.refusal, str) and message.refusal else None,
        top=top,
        usage=_usage(answer.usage),
        model=answer.model[:200] if isinstance(answer.model, str) else None,
        note=note,
    )


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


def _top(logprobs: object, request: Request) -> tuple[tuple[TokenProbability, ...] | None, str | None]:
    """(candidates at the answer's letter, what to mention)."""
    tokens = _tokens(logprobs)
    if not tokens:
        return None, _NO_LOGPROBS
    top = at_letter(tokens, request.letters)
    if top is not None and not all(math.isfinite(one.logprob) for one in top):
        top = None
    return top, None if top is not None else _NO_LETTER_TOKEN


def _tokens(logprobs: object) -> tuple[TokenLogprobs, ...]:
    """The answer's tokens with their candidates; empty where there are none that can be read."""
    if not isinstance(logprobs, dict):
        return ()
    content = logprobs.get("content")
    rows = content if isinstance(content, list) else _completion_rows(logprobs)
    return tuple(_token(row) for row in rows)


def _token(row: object) -> TokenLogprobs:
    """One token; a candidate without a usable log-probability is left out, and the token's own is then NaN."""
    if not isinstance(row, dict) or not isinstance(row.get("token"), str):
        return TokenLogprobs("", math.nan)
    given = row.get("top_logprobs")
    found = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    chances = [(one.get("token"), _chance(one.get("logprob"))) for one in found]
    top = tuple(Candidate(token, chance) for token, chance in chances if isinstance(token, str) and chance is not None)
    own = _chance(row.get("logprob"))
    if own is None:
        own = next((one.logprob for one in top if one.token == row["token"]), math.nan)
    return TokenLogprobs(row["token"], own, top)


def _chance(value: object) -> float | None:
    """A log-probability; None for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value > _SLACK:
        return None
    return min(float(value), 0.0)


def _completion_rows(logprobs: dict[str, Any]) -> list[dict[str, object]]:
    """The form of the older completions protocol, parallel lists, as rows."""
    lists = [logprobs.get(name) for name in ("tokens", "token_logprobs", "top_logprobs")]
    tokens, chances, tops = (one if isinstance(one, list) else [] for one in lists)
    if not len(tokens) == len(chances) == len(tops):
        return []
    return [
        {
            "token": token,
            "logprob": chance,
            "top_logprobs": [{"token": other, "logprob": value} for other, value in top.items()]
            if isinstance(top, dict)
            else [],
        }
        for token, chance, top in zip(tokens, chances, tops, strict=True)
    ]
