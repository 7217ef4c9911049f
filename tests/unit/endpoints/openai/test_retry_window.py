"""Every form in which a server says how long to wait."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from evenhand.endpoints.openai.retry_window import duration, reset_hint, retry_after, said_window
from tests.support.quickest import quickest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20", 20.0),
        ("0.5", 0.5),
        ("20s", 20.0),
        ("812ms", 0.812),
        ("1m30s", 90.0),
        ("6m0s", 360.0),
        ("1h2m3.5s", 3723.5),
        ("2 minutes", 120.0),
        ("1 minute, 5 seconds", 65.0),
        ("1 hour and 1 second", 3601.0),
        ("300 milliseconds", 0.3),
        ("1d", 86400.0),
        ("soon", None),
        ("", None),
        ("-3", None),
        ("5 apples", None),
    ],
)
def test_a_length_of_time_is_read(text: str, seconds: float | None) -> None:
    found = duration(text)
    assert found is None if seconds is None else found == pytest.approx(seconds)


def test_a_time_on_the_clock_is_read_in_seconds_milliseconds_and_as_a_date() -> None:
    soon = time.time() + 30
    texts = [f"{soon:.0f}", f"{soon * 1000:.0f}", (datetime.now(UTC) + timedelta(seconds=30)).isoformat()]
    for text in texts:
        found = duration(text)
        assert found is not None
        assert 27 < found <= 31
    assert duration("1000000000") == 0.0  # long past


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached. Please try again in 20s. Visit x.", 20.0),
        ("Please try again in 6m0s.", 360.0),
        ("Please retry in 21.5s.", 21.5),
        ("Try again after about 2 minutes", 120.0),
        ("retry after 20 seconds", 20.0),
        ("retry_after: 7", 7.0),
        ('"Retry-After": "9"', 9.0),
        ("You must wait 30 seconds before the next call", 30.0),
        ("the limit resets in 3 hours", 10800.0),
        ("try again in 812ms", 0.812),
        ("try again later", None),
        ("wait for 5 messages", None),
        ("max_tokens must be at most 20", None),
        ("", None),
    ],
)
def test_the_words_of_an_error_may_name_a_time(message: str, seconds: float | None) -> None:
    found = said_window(message)
    assert found is None if seconds is None else found == pytest.approx(seconds)


def test_retry_after_may_have_a_unit() -> None:
    assert retry_after({"retry-after": "1m30s"}) == 90.0


@pytest.mark.parametrize(
    ("headers", "status", "seconds"),
    [
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 429, 1.0),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "0"}, 429, 360.0),
        ({"X-RateLimit-Reset": "7", "X-RateLimit-Remaining": "0"}, 400, 7.0),
        ({"X-RateLimit-Reset": "7", "X-RateLimit-Remaining": "3"}, 400, None),
        ({"X-RateLimit-Reset": "7"}, 400, None),
        ({"X-RateLimit-Reset": "7"}, 403, 7.0),
        ({"ratelimit-reset": "7", "ratelimit-remaining": "0"}, 403, 7.0),
        ({"anthropic-ratelimit-requests-reset": "7", "anthropic-ratelimit-requests-remaining": "0"}, 429, 7.0),
        ({"x-ratelimit-reset-after": "7", "x-ratelimit-remaining": "0"}, 429, 7.0),
        ({"x-reset": "7"}, 429, None),
        ({}, 429, None),
    ],
)
def test_a_spent_allowance_means_waiting_until_it_is_filled(
    headers: dict[str, str], status: int, seconds: float | None
) -> None:
    assert reset_hint(headers, status=status) == seconds


@pytest.mark.parametrize(
    "text", ["1s " * 20000, "retry " * 10000, "wait" + " " * 64000 + "x", "1" * 64000, "1s, " * 16000]
)
def test_long_texts_are_read_in_a_moment(text: str) -> None:
    assert quickest(lambda: (said_window(text), duration(text))) < 1.0


@pytest.mark.parametrize("off", [timedelta(hours=3), timedelta(days=-400)], ids=["ahead", "behind"])
def test_a_date_is_read_against_the_clock_of_the_server_that_names_it(off: timedelta) -> None:
    """A machine whose clock is wrong by hours waits as long as the server asks, neither for ever nor not at all."""
    there = datetime.now(UTC) + off
    date = format_datetime(there, usegmt=True)
    until = format_datetime(there + timedelta(seconds=20), usegmt=True)
    assert retry_after({"Date": date, "Retry-After": until}) == 20.0
    reset = {"date": date, "x-ratelimit-reset": f"{(there + timedelta(seconds=40)).timestamp():.0f}"}
    found = reset_hint(reset, status=429)
    assert found is not None and 39 <= found <= 41
    assert retry_after({"Date": "yesterday", "Retry-After": "7"}) == 7.0
