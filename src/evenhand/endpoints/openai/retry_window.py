"""How long a server asks to wait, in every form in which servers say it.

A time on the clock is read against the server's own clock, where its `Date` header tells it: that of this machine may
be wrong by hours.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["duration", "reset_hint", "retry_after", "said_window", "seconds_of"]

_UNITS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT = r"(?:milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![A-Za-z])"
_DURATION = re.compile(rf"(?:\d{{1,9}}(?:\.\d{{1,9}})?\s?{_UNIT}[\s,]{{0,2}}(?:and\s)?)+", re.IGNORECASE)
_STEP = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s?(ms|milli|[smhd])", re.IGNORECASE)
_SAID = re.compile(
    r"(?:try(?:ing)? again|retry(?:ing)?|retry[-_ ]after|wait|available again|resets?)\b[^.\d]{0,30}?(?=\d)",
    re.IGNORECASE,
)
_BARE = re.compile(r"retry[-_ ]?after[\"']?\s*[:=]?\s*[\"']?(\d{1,9}(?:\.\d{1,9})?)", re.IGNORECASE)
_LIMIT = re.compile(r"rate-?limit")
_AGREE_S = 5.0
"""Clocks that differ by less are taken to be the same."""
_EPOCH_S, _EPOCH_MS = 1e9, 1e11
"""From here on a bare number is a time on the clock, in seconds or in milliseconds."""


def seconds_of(text: str, *, now: float | None = None) -> float | None:
    """Seconds from now that a bare number means: a length of time, or a time on the clock. None: it is no number.

    Args:
        text: The number.
        now: Seconds since 1970 on the clock that the number goes by; None: this machine's.
    """
    try:
        value = float(text)
    except ValueError:
        return None
    if not 0.0 <= value < 1e15:
        return None
    if value < _EPOCH_S:
        return value
    moment = value / 1000.0 if value >= _EPOCH_MS else value
    return max(0.0, moment - (time.time() if now is None else now))


def duration(text: str, *, now: float | None = None) -> float | None:
    """Seconds that a text means: `20`, `20s`, `1m30s`, `812 ms`, `2 minutes`, an HTTP date or an ISO time.

    Args:
        text: The text.
        now: Seconds since 1970 on the clock that the text goes by; None: this machine's.

    Returns:
        None where it is none of these.
    """
    text = text.strip()
    number = seconds_of(text, now=now)
    if number is not None:
        return number
    if _DURATION.fullmatch(text):
        return _length(text)
    moment = _moment(text)
    return None if moment is None else max(0.0, moment - (time.time() if now is None else now))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110).

    Returns:
        None where it asks for nothing, or for something that cannot be read.
    """
    headers = _lower(headers)
    milliseconds = seconds_of(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000.0
    return duration(headers.get("retry-after", ""), now=_clock(headers))


def reset_hint(headers: Mapping[str, str], *, status: int) -> float | None:
    """Seconds until a spent allowance is filled again: `x-ratelimit-reset-*`, `ratelimit-reset` and their like.

    Servers send these with good answers and with other errors, too, so that they count only where the allowance
    beside them is spent; with 403 and 503 also where nothing tells what is left; with 429 always.
    """
    headers = _lower(headers)
    now = _clock(headers)
    waits: list[float] = []
    spent: list[float] = []
    for name, value in headers.items():
        seconds = duration(value, now=now) if "reset" in name and _LIMIT.search(name) else None
        if seconds is None:
            continue
        waits.append(seconds)
        left = headers.get(name.replace("reset-after", "remaining").replace("reset", "remaining"))
        if seconds_of(left or "") == 0.0 or (left is None and status in {403, 503}):
            spent.append(seconds)
    if spent:
        return max(spent)
    return min(waits, default=None) if status == 429 else None


def said_window(message: str) -> float | None:
    """Seconds that the words of an error ask to wait: "try again in 20s", "retry after 2 minutes"; None for none."""
    for found in _SAID.finditer(message):
        amount = _DURATION.match(message, found.end())
        if amount is not None:
            return _length(amount[0])
    bare = _BARE.search(message)
    return seconds_of(bare[1]) if bare is not None else None


def _length(text: str) -> float:
    return sum(float(amount) * _UNITS[unit.lower()] for amount, unit in _STEP.findall(text))


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _clock(headers: Mapping[str, str]) -> float | None:
    """What the server's clock said when it answered, in seconds since 1970.

    None where it does not tell, and where both clocks agree: the header has whole seconds, ours is finer.
    """
    there = _moment(headers.get("date", ""))
    return None if there is None or abs(there - time.time()) < _AGREE_S else there


def _moment(text: str) -> float | None:
    """A date in seconds since 1970; None where it is none."""
    try:
        when = datetime.fromisoformat(text) if re.match(r"\d{4}-", text) else parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return when.timestamp()
