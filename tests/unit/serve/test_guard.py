from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from evenhand.endpoints.redact import forget, hide
from evenhand.errors import UsageError
from evenhand.serve.guard import Guard, read_token
from evenhand.serve.turned_away import TurnedAway

TOKEN = "a-token-of-the-tests-1"


def headers(**values: str) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(values))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_needs_no_token(host: str) -> None:
    assert read_token(host, variable="T", environment={}) is None
    assert read_token(host, variable="T", environment={"T": TOKEN}) == TOKEN


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_any_other_address_needs_one(host: str) -> None:
    with pytest.raises(UsageError, match="needs a token"):
        read_token(host, variable="T", environment={})
    assert read_token(host, variable="T", environment={"T": TOKEN}) == TOKEN


@pytest.mark.parametrize("token", ["short", "with a space in it", "é" * 20])
def test_a_token_that_is_short_or_cannot_be_sent_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="too short or holds"):
        read_token("0.0.0.0", variable="T", environment={"T": token})


def test_a_token_is_remembered_as_a_secret() -> None:
    read_token("0.0.0.0", variable="T", environment={"T": TOKEN})
    try:
        assert TOKEN not in hide(f"said {TOKEN}")
    finally:
        forget()


@pytest.mark.parametrize("host", ["127.0.0.1:8124", "localhost", "[::1]:8124", "LOCALHOST:1"])
def test_without_a_token_names_of_this_machine_come_in(host: str) -> None:
    assert turned_away(host) is None


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:8124", "", "[", "a:b"])
def test_without_a_token_no_other_name_comes_in(host: str) -> None:
    assert turned_away(host) == 403


def turned_away(host: str) -> int | None:
    """With which status a request for this host is turned away where there is no token; None: it comes in."""
    try:
        Guard(None).check(headers(Host=host))
    except TurnedAway as away:
        return away.status
    return None


def test_with_a_token_only_the_token_comes_in() -> None:
    guard = Guard(TOKEN)
    guard.check(headers(Host="evil.example", Authorization=f"bearer {TOKEN}"))
    for given in ("", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é"):
        with pytest.raises(TurnedAway) as away:
            guard.check(headers(Authorization=given))
        assert away.value.status == 401
