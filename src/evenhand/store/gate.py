"""The one gate before a row is written: what passes it, the store reads back and the analysis can use.

A reply comes from a server, from Inspect, from an earlier run or from a function of the user's, and the records it
arrives in check nothing when they are made. A reply that does not pass is a failed cell with the reason; a candidate
of the log-probabilities that is no log-probability loses only itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec import Struct

from evenhand.endpoints.redact import HIDDEN, hide, known_secrets, redact
from evenhand.records.message import Reply, SecondCall, TokenProbability
from evenhand.records.trial import Failed

__all__ = [
    "MOST_ATTEMPTS",
    "MOST_CHARACTERS",
    "MOST_SECONDS",
    "MOST_TOKENS",
    "Unfit",
    "admitted",
    "failed",
]

MOST_TOKENS = 10**9
"""Tokens of one call; the largest contexts hold some millions."""
MOST_SECONDS = 10.0**7
MOST_ATTEMPTS = 10**6
MOST_CHARACTERS = 8 * 1024 * 1024
"""Of one text of a reply."""
_ERROR_CHARACTERS = 2000
"""What is kept of an error."""
_LOGPROB_SLACK = 0.01
"""How far above 0 rounding may push a log-probability."""
_LEAST_LOGPROB = -1e9
_LEFT_OUT = "log-probabilities that are no numbers were left out"
_DIGITS = 100
"""Bits up to which a whole number is written out."""

_AS_THEY_ARE = (bytes, bytearray, memoryview, date, datetime, time, timedelta, Decimal, UUID)
"""Types that would otherwise be turned into texts, which nobody wrote."""
_NOT_A_REPLY = (TypeError, ValueError, OverflowError, RecursionError, AttributeError, msgspec.MsgspecError)


class Unfit(Struct, frozen=True):
    """Why a reply cannot be kept."""

    reason: str


def admitted(reply: object, *, secrets: tuple[str, ...] = ()) -> Reply | Unfit:
    """The reply as the store will read it back, without the given secrets; or why it cannot be kept.

    Args:
        reply: What an endpoint returned.
        secrets: Keys beside those that this process remembers; an answer that echoes one is kept without it.
    """
    if not isinstance(reply, Reply):
        return Unfit(f"the endpoint returned {type(reply).__name__}, not a Reply")
    try:
        found = msgspec.convert(msgspec.to_builtins(reply, builtin_types=_AS_THEY_ARE), Reply)
    except _NOT_A_REPLY as error:
        return Unfit(f"the reply is none that can be kept ({error})")
    found = _with_sound_candidates(found)
    reason = next(_number_flaws(found), None) or next(_text_flaws(found), None)
    return Unfit(reason) if reason is not None else _without(found, secrets)


def failed(error: str, *, attempts: int = 1, secrets: tuple[str, ...] = ()) -> Failed:
    """The outcome of a cell without an answer: the error without keys, then cut, in characters any file can hold."""
    shown = redact(error, secrets).encode("utf-8", "backslashreplace").decode()
    if len(shown) > _ERROR_CHARACTERS:
        shown = shown[: _ERROR_CHARACTERS - 4] + " ..."
    return Failed(error=shown, attempts=min(max(int(attempts), 1), MOST_ATTEMPTS))


def _number_flaws(reply: Reply) -> Iterator[str]:
    """What is wrong with the numbers of a reply, each in words; NaN is in no range."""
    usages = [("", reply.usage), *((f"{call.model!r}: ", call.usage) for call in _calls(reply))]
    tokens = [
        (f"{whose}{name}", getattr(usage, name), MOST_TOKENS)
        for whose, usage in usages
        for name in ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")
    ]
    characters = [
        (name, getattr(call, name), MOST_TOKENS)
        for call in _calls(reply)
        for name in ("input_characters", "output_characters")
    ]
    for name, number, most in (*tokens, *characters, ("latency_s", reply.latency_s, MOST_SECONDS)):
        if number is not None and not 0 <= number <= most:
            yield f"{name} is {_written(number)}, not a number from 0 to {most:,.0f}"
    for attempts in (reply.attempts, *(call.attempts for call in _calls(reply))):
        if not 1 <= attempts <= MOST_ATTEMPTS:
            yield f"attempts is {_written(attempts)}, not a number from 1 to {MOST_ATTEMPTS:,}"


def _calls(reply: Reply) -> tuple[SecondCall, ...]:
    return (*reply.second, *reply.extra)


def _text_flaws(reply: Reply) -> Iterator[str]:
    """What is wrong with the texts of a reply, each in words."""
    texts: list[tuple[str, str | None]] = [(name, getattr(reply, name)) for name in _TEXTS]
    texts += [("the name of the second model", call.model) for call in _calls(reply)]
    texts += [("memories", text) for text in reply.memories or ()]
    for name, text in texts:
        if text is None:
            continue
        if len(text) > MOST_CHARACTERS:
            yield f"{name} has {len(text):,} characters, more than the {MOST_CHARACTERS:,} that are kept"
        elif not _encodable(text):
            yield f"{name} is not valid text: it holds half a character (a lone surrogate)"


_TEXTS = ("text", "reasoning", "refusal", "model", "extracted", "note")


def _with_sound_candidates(reply: Reply) -> Reply:
    """The reply without the candidates whose log-probability is none."""
    if reply.top is None:
        return reply
    kept = tuple(candidate for candidate in reply.top if _is_sound(candidate))
    if len(kept) == len(reply.top):
        return reply
    return msgspec.structs.replace(
        reply, top=kept or None, note="; ".join(part for part in (reply.note, _LEFT_OUT) if part)
    )


def _is_sound(candidate: TokenProbability) -> bool:
    return _LEAST_LOGPROB <= candidate.logprob <= _LOGPROB_SLACK and _encodable(candidate.token)


def _without(reply: Reply, secrets: tuple[str, ...]) -> Reply:
    """The reply without keys; word for word the same where it holds none."""
    if not secrets and not known_secrets():
        return reply
    found: dict[str, str | tuple[str, ...] | None] = {}
    for name in _TEXTS:
        text = getattr(reply, name)
        if text is not None and (clean := _clean(text, secrets)) != text:
            found[name] = clean
    if reply.memories is not None:
        shown = tuple(_clean(text, secrets) for text in reply.memories)
        if shown != reply.memories:
            found["memories"] = shown
    if reply.top is not None and any(_clean(one.token, secrets) != one.token for one in reply.top):
        found["top"] = None
    return msgspec.structs.replace(reply, **found) if found else reply


def _clean(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return hide(text)


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _written(number: float) -> str:
    """A number in a sentence; one of a thousand digits only as what it is."""
    if isinstance(number, int) and number.bit_length() > _DIGITS:
        return f"a whole number of {number.bit_length():,} bits"
    return repr(number)
