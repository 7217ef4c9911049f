"""Which server is sent which key, and what may not stand in an address."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from yarl import URL

from evenhand.endpoints.connections import check_connection
from evenhand.endpoints.context import Connection
from evenhand.endpoints.kinds import kind_of
from evenhand.endpoints.openai.providers import PROVIDERS, is_local, normalised_url
from evenhand.endpoints.openai.session import ChatSession
from evenhand.endpoints.openai.target import Target, read_target
from evenhand.endpoints.redact import forget, hide
from evenhand.errors import EndpointError
from evenhand.records.plan import ModelSpec

KEYS = {known.key_env: f"key-of-{name}-0123" for name, known in PROVIDERS.items() if known.key_env is not None}
KEYS |= {"MY_KEY": "key-of-my-own-0123", "TEAM": "canary-of-the-team"}


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    forget()


def target(provider: str = "openai", url: str | None = None, **connection: Any) -> Target:
    spec = ModelSpec(name=f"{provider}/x", base_url=url)
    return read_target(
        spec,
        provider=provider,
        model="x",
        connection=Connection(**connection),
        environment=KEYS,
    )


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_providers_key_goes_to_its_own_host_only(provider: str) -> None:
    known = PROVIDERS[provider]
    assert target(provider).key == (KEYS[known.key_env] if known.key_env else None)
    for url in (
        "https://gateway.example.com/v1",
        "http://192.168.1.4:8000/v1",
        "https://api.openai.com.evil.example/v1",
    ):
        assert target(provider, url).key is None


def test_a_key_does_not_travel_in_the_open() -> None:
    assert target("openai", "http://api.openai.com/v1").key is None


def test_a_key_that_is_named_goes_where_it_is_named_for_unless_it_is_another_providers() -> None:
    assert target("openai", "https://gateway.example.com/v1", api_key_env="MY_KEY").key == KEYS["MY_KEY"]
    assert target("openai", "https://gateway.example.com/v1", api_key_env="OPENAI_API_KEY").key is not None
    with pytest.raises(EndpointError, match=r"belongs to api\.openai\.com.*OPENROUTER_API_KEY") as caught:
        target("openrouter", api_key_env="OPENAI_API_KEY")
    assert "0123" not in str(caught.value)


def test_a_key_or_header_that_is_named_once_goes_to_one_server() -> None:
    two = [ModelSpec(name="openai/a"), ModelSpec(name="openrouter/b")]
    for connection in (Connection(api_key_env="MY_KEY"), Connection(headers={"X-Team": "TEAM"})):
        with pytest.raises(EndpointError, match=r"models are on 2 \(api\.openai\.com:443, openrouter\.ai:443\)"):
            check_connection(two, connection)


def test_one_server_may_have_several_models_and_other_kinds_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEYS["MY_KEY"])
    specs = [ModelSpec(name="openai/a"), ModelSpec(name="openai/b"), ModelSpec(name="simulated/null")]
    check_connection(specs, Connection(api_key_env="MY_KEY"))
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(EndpointError, match="'MY_KEY', which is not set"):
        check_connection(specs, Connection(api_key_env="MY_KEY"))


def test_headers_take_their_values_from_the_environment_and_are_secrets() -> None:
    found = target(url="http://gateway:8000/v1", headers={"X-Team": "TEAM"})
    assert found.headers == {"X-Team": "canary-of-the-team"}
    assert "canary" not in repr(found) + str(found) + hide("X-Team: canary-of-the-team")


def test_an_authorization_of_ones_own_takes_the_place_of_the_key() -> None:
    assert target("openai", headers={"Authorization": "TEAM"}).key is None


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("X-Team", "NOT_SET"),
        ("X-Team", "sk-abcdefghijklmnop1234"),
        ("X-Team", "a value with spaces"),
        ("X-Team", ""),
        ("X Team", "TEAM"),
        ("X-Team\r\nHost", "TEAM"),
        ("Host", "TEAM"),
        ("content-length", "TEAM"),
        ("", "TEAM"),
    ],
)
def test_a_header_that_cannot_be_meant_is_refused_without_showing_a_value(name: str, variable: str) -> None:
    with pytest.raises(EndpointError, match="--header") as caught:
        target(url="http://gateway:8000/v1", headers={name: variable})
    assert "abcdefghijkl" not in str(caught.value)
    assert "a value" not in str(caught.value).replace("since a value in a command", "")


@pytest.mark.parametrize("given", ["sk-abcdefghijklmnop1234", "0123abcdef0123abcdef0123", "canary0123456789abcdef012"])
def test_a_key_given_instead_of_its_variable_is_not_shown(given: str) -> None:
    with pytest.raises(EndpointError, match="which is not set") as caught:
        target(api_key_env=given)
    assert given not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:canary0123@host.example/v1",
        "https://canary0123@host.example/v1",
        "https://:canary0123@host.example/v1",
        "https://host.example/v1?api-key=canary0123",
        "https://host.example/v1?x=1&key=canary0123",
        "https://host.example/v1?access_token=canary0123",
        "https://host.example/v1?subscription-key=canary0123",
        "https://host.example/sk-canary0123456789/v1",
        "ftp://user:canary0123@host.example/v1",
        "https://user:canary0123@host.example:99999999/v1",
        "https://user:canary0123@",
    ],
)
def test_credentials_in_an_address_are_refused_with_the_right_way_and_not_shown(url: str) -> None:
    with pytest.raises(EndpointError) as caught:
        normalised_url(url)
    said = str(caught.value)
    assert "canary" not in said
    if url.startswith("https://") and ":99999999" not in url and not url.endswith("@"):
        assert "--api-key-env VARIABLE" in said
        assert "--header NAME=VARIABLE" in said


def test_a_version_in_an_address_is_no_credential() -> None:
    assert normalised_url("https://x.example/deployments/d?api-version=2").query["api-version"] == "2"


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "gpu01", "gpu01.lan", "GPU01.LAN.", "box.local", "a.b.internal", "x.localdomain", "nas.home.arpa",
        "10.1.2.3", "172.16.0.1", "192.168.1.4", "100.64.0.1", "100.127.255.254", "169.254.1.1", "127.1", "[::1]",
        "[fd00::1]", "[fe80::1]", "[::ffff:10.0.0.1]",
    ],
)  # fmt: skip
def test_these_servers_are_private(host: str) -> None:
    assert is_local(URL(f"http://{host}:8000/v1"))
    spec = ModelSpec(name="openai/x", base_url=f"http://{host}:8000/v1")
    assert not kind_of(spec).paid(spec)


@pytest.mark.parametrize(
    "host",
    ["api.openai.com", "x.lan.example", "100.128.0.1", "100.63.255.255", "8.8.8.8", "134744072", "[2606:4700::1]",
     "local.example.com", "localhost.example.com", "[::ffff:8.8.8.8]"],
)  # fmt: skip
def test_these_servers_are_not(host: str) -> None:
    assert not is_local(URL(f"http://{host}/v1"))


def test_a_key_goes_in_the_header_of_its_protocol_and_in_no_other() -> None:
    async def heads(provider: str) -> dict[str, str]:
        session = ChatSession(target(provider, "http://127.0.0.1:8000/v1", api_key_env="MY_KEY"), None, files=True)
        sent = {name.lower(): value for name, value in session._session.headers.items()}
        await session.aclose()
        return sent

    ours, theirs = asyncio.run(heads("openai")), asyncio.run(heads("anthropic"))
    assert ours["authorization"] == "Bearer key-of-my-own-0123"
    assert theirs["x-api-key"] == "key-of-my-own-0123"
    assert theirs["anthropic-version"] == "2023-06-01"
    assert "x-api-key" not in ours
    assert "authorization" not in theirs
