"""How long a server asks to wait, in every form in which servers say it."""

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
_EPOCH_S, _EPOCH_MS = 1e9, 1e11
"""From here on a bare number is a time on the clock, in seconds or in milliseconds."""


def seconds_of(text: str) -> float | None:
    """Seconds from now that a bare number means: a length of time, or a time on the clock. None: it is no number."""
    try:
        value = float(text)
    except ValueError:
        return None
    if not 0.0 <= value < 1e15:
        return None
    if value >= _EPOCH_MS:
        return max(0.0, value / 1000.0 - time.time())
    return max(0.0, value - time.time()) if value >= _EPOCH_S else value


def duration(text: str) -> float | None:
    """Seconds that a text means: `20`, `20s`, `1m30s`, `812 ms`, `2 minutes`, an HTTP date or an ISO time.

    Returns:
        None where it is none of these.
    """
    text = text.strip()
    number = seconds_of(text)
    if number is not None:
        return number
    if _DURATION.fullmatch(text):
        return _length(text)
    return _until(text)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110).

    Returns:
        None where it asks for nothing, or for something that cannot be read.
    """
    headers = _lower(headers)
    milliseconds = seconds_of(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000.0
    return duration(headers.get("retry-after", ""))


def reset_hint(headers: Mapping[str, str], *, status: int) -> float | None:
    """Seconds until a spent allowance is filled again: `x-ratelimit-reset-*`, `ratelimit-reset` and their like.

    Servers send these with good answers and with other errors, too, so that they count only where the allowance
    beside them is spent; with 403 and 503 also where nothing tells what is left; with 429 always.
    """
    headers = _lower(headers)
    waits: list[float] = []
    spent: list[float] = []
    for name, value in headers.items():
        seconds = duration(value) if "reset" in name and _LIMIT.search(name) else None
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


def _until(text: str) -> float | None:
    """Seconds until a date; None where it is none."""
    try:
        when = datetime.fromisoformat(text) if re.match(r"\d{4}-", text) else parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(tz=UTC)).total_seconds())
