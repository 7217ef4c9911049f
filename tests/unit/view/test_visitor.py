from __future__ import annotations

from collections.abc import Callable

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from evenhand.view.visitor import RefusedVisit, Visitors


def headers(*given: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(given))


def refused(act: Callable[[], None]) -> bool:
    """Whether a request is turned away."""
    try:
        act()
    except RefusedVisit:
        return True
    return False


@pytest.mark.parametrize("host", ["127.0.0.1:8125", "localhost:1", "LOCALHOST", "[::1]:8125", "127.0.0.2"])
def test_a_loopback_name_may_ask(host: str) -> None:
    assert not refused(lambda: Visitors().check_host(headers(("Host", host))))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8125", "127.0.0.1.evil.example", "192.168.1.4:8125", "", "localhost.evil", "a b"],
)
def test_any_other_name_may_not(host: str) -> None:
    with pytest.raises(RefusedVisit, match="this machine only"):
        Visitors().check_host(headers(("Host", host)))


def test_a_request_with_no_host_or_two_may_not() -> None:
    for given in ((), (("Host", "127.0.0.1"), ("Host", "evil.example"))):
        with pytest.raises(RefusedVisit):
            Visitors().check_host(headers(*given))


OWN = ("Host", "127.0.0.1:8125")


def test_our_own_form_may_change() -> None:
    visitors = Visitors()
    for given in ((OWN, ("Origin", "http://127.0.0.1:8125")), (OWN,)):
        own = headers(*given)
        assert not refused(lambda own=own: visitors.check_change(own, visitors.token))  # type: ignore[misc]


@pytest.mark.parametrize(
    "sent",
    [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://127.0.0.1:9"),
        ("Origin", "https://127.0.0.1:8125"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ],
)
def test_a_form_of_another_page_may_not_even_with_the_token(sent: tuple[str, str]) -> None:
    visitors = Visitors()
    with pytest.raises(RefusedVisit, match="another page"):
        visitors.check_change(headers(OWN, sent), visitors.token)


@pytest.mark.parametrize("token", ["", "x", "\ud800"])
def test_without_the_token_nothing_changes(token: str) -> None:
    with pytest.raises(RefusedVisit, match="reload the page"):
        Visitors().check_change(headers(OWN), token)


def test_every_server_has_a_token_of_its_own() -> None:
    assert Visitors().token != Visitors().token
    assert len(Visitors().token) >= 40
