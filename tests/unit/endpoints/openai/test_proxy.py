"""Which proxy the environment names for an address."""

from __future__ import annotations

import pytest
from yarl import URL

from evenhand.endpoints.openai.proxy import proxy_for
from evenhand.errors import EndpointError

REMOTE = "https://api.example.com/v1"


def found(url: str, **environment: str) -> str | None:
    proxy = proxy_for(URL(url), environment)
    return None if proxy is None else str(proxy.url)


def test_the_scheme_chooses_and_small_letters_come_first() -> None:
    both = {"HTTPS_PROXY": "http://b:1", "https_proxy": "http://a:1", "http_proxy": "http://c:1"}
    assert found(REMOTE, **both) == "http://a:1"
    assert found(REMOTE.replace("https", "http"), **both) == "http://c:1"
    assert found(REMOTE, ALL_PROXY="d:1") == "http://d:1"
    assert found(REMOTE, HTTPS_PROXY="  ") is None
    assert found(REMOTE) is None


def test_a_strangers_header_names_no_proxy() -> None:
    assert found("http://api.example.com", HTTP_PROXY="http://x:1", REQUEST_METHOD="GET") is None


@pytest.mark.parametrize(
    ("url", "exceptions", "proxied"),
    [
        (REMOTE, "example.com", False),
        (REMOTE, ".example.com", False),
        (REMOTE, "*.example.com", False),
        (REMOTE, "other.org, API.EXAMPLE.COM", False),
        (REMOTE, "*", False),
        (REMOTE, "api.example.com:443", False),
        (REMOTE, "api.example.com:8443", True),
        (REMOTE, "ample.com", True),
        (REMOTE, ",,", True),
        ("http://10.1.2.3/v1", "10.0.0.0/8", False),
        ("http://10.1.2.3/v1", "11.0.0.0/8", True),
        ("http://[fd00::1]/v1", "fd00::/8", False),
        ("http://127.0.0.1:8000/v1", "", False),
        ("http://localhost:8000/v1", "", False),
        ("http://[::1]:8000/v1", "", False),
    ],
)
def test_some_hosts_are_reached_without_one(url: str, exceptions: str, proxied: bool) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        proxy = found(url, ALL_PROXY="http://p:1", **{name: exceptions})
        assert (proxy is not None) is proxied


@pytest.mark.parametrize("text", ["socks5://u:canary00@h:1", "http://h:99999999", "http://"])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(EndpointError, match="ALL_PROXY") as caught:
        found(REMOTE, ALL_PROXY=text)
    assert "canary" not in str(caught.value)


def test_the_password_of_a_proxy_is_in_none_of_its_printed_forms() -> None:
    proxy = proxy_for(URL(REMOTE), {"ALL_PROXY": "http://someone:canary00@h:1"})
    assert proxy is not None
    assert "canary" not in repr(proxy) + str(proxy) + proxy.shown
    assert proxy.url.password == "canary00"
