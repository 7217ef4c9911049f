"""How a server is reached: certificates, proxies, open files. Real TLS, real proxies, real limits."""

from __future__ import annotations

import os
import resource
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from evenhand.endpoints.redact import hide
from evenhand.errors import EndpointError, LocalError
from tests.faults.asking import KEY, asking, make, request
from tests.faults.certificates import self_signed
from tests.faults.fault_server import FaultServer, answers
from tests.faults.proxy_server import ProxyServer

HOST = "models.example.test"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return self_signed(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1", f"DNS:{HOST}")


async def test_a_certificate_that_nobody_vouches_for_ends_the_run_and_names_the_variable(
    tls: tuple[Path, ssl.SSLContext],
) -> None:
    async with FaultServer(answers(), tls=tls[1]) as server:
        endpoint = make(server.url)
        with pytest.raises(EndpointError, match=r"certificate of https://.* is not trusted.*SSL_CERT_FILE \(it is not"):
            await endpoint.reply(request())
        await endpoint.aclose()
    assert server.bodies == []


async def test_the_file_of_certificates_is_honoured(
    tls: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    async with FaultServer(answers(), tls=tls[1]) as server:
        endpoint = make(server.url, key=True)
        assert (await endpoint.reply(request())).text == "B"
        await endpoint.aclose()
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_a_certificate_for_another_host_is_not_trusted_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, context = self_signed(tmp_path, "DNS:other.example.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with FaultServer(answers(), tls=context) as server:
        endpoint = make(server.url)
        with pytest.raises(EndpointError, match=r"SSL_CERT_FILE \(it names '"):
            await endpoint.reply(request())
        await endpoint.aclose()


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_of_certificates_that_is_none_is_named(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "corporate.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    endpoint = make("https://127.0.0.1:9/v1")
    with pytest.raises(EndpointError, match=r"SSL_CERT_FILE names '.*corporate\.pem', which (is not a file|holds no)"):
        await endpoint.reply(request())


async def test_a_server_without_tls_behind_https_is_told_apart() -> None:
    async with FaultServer(answers()) as server:
        endpoint = make(server.url.replace("http:", "https:"))
        with pytest.raises(EndpointError, match="perhaps it speaks http, not https"):
            await endpoint.reply(request())
        await endpoint.aclose()


async def test_a_proxy_carries_a_plain_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FaultServer(answers()) as server, ProxyServer(server.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        endpoint = make(f"http://{HOST}/v1")
        assert (await endpoint.reply(request())).text == "B"
        await endpoint.aclose()
    assert proxy.heads[0].startswith(f"POST http://{HOST}/v1/chat/completions HTTP/1.1")


async def test_a_proxy_with_a_password_carries_tls_and_never_sees_the_key(
    tls: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    async with FaultServer(answers(), tls=tls[1]) as server, ProxyServer(server.port) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//someone:canary-of-the-proxy@"))
        endpoint = make(f"https://{HOST}/v1", key=True)
        assert (await endpoint.reply(request())).text == "B"
        await endpoint.aclose()
    assert proxy.heads[0].startswith(f"CONNECT {HOST}:443 HTTP/1.1")
    assert "Proxy-Authorization: Basic" in proxy.heads[0]
    assert KEY not in "".join(proxy.heads)
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "Proxy-Authorization" not in server.headers[0]
    assert "canary" not in hide("https://someone:canary-of-the-proxy@127.0.0.1")


async def test_this_machine_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with asking(answers()) as (_, endpoint):
        assert (await endpoint.reply(request())).text == "B"


async def test_a_proxy_that_refuses_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ProxyServer(9, status=407) as proxy:
        for scheme in ("http", "https"):
            monkeypatch.setenv(f"{scheme}_proxy", proxy.url.replace("//", "//someone:canary-of-the-proxy@"))
            endpoint = make(f"{scheme}://{HOST}/v1")
            with pytest.raises(EndpointError, match=rf"proxy http://127.*\(from {scheme}_proxy\) refuses") as caught:
                await endpoint.reply(request())
            assert "canary" not in str(caught.value)
            await endpoint.aclose()


async def test_a_proxy_that_is_not_there_is_named_and_the_server_is_not_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "127.0.0.1:9")
    endpoint = make(f"http://{HOST}/v1")
    with pytest.raises(EndpointError, match=r"proxy http://127\.0\.0\.1:9 \(from ALL_PROXY\) does not answer"):
        await endpoint.reply(request())
    await endpoint.aclose()


def test_a_proxy_of_a_kind_that_cannot_be_used_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://user:canary@127.0.0.1:1080")
    with pytest.raises(EndpointError, match=r"proxy in ALL_PROXY is of the kind 'socks5'.*NO_PROXY") as caught:
        make(f"http://{HOST}/v1")
    assert "canary" not in str(caught.value)


@contextmanager
def no_file_handles_left() -> Iterator[None]:
    """Nothing more can be opened."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    filling: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        with suppress(OSError):
            while True:
                filling.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for one in filling:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_too_many_open_files_are_this_machines_trouble() -> None:
    async with asking(answers(), concurrency=3) as (server, endpoint):
        with no_file_handles_left(), pytest.raises(LocalError, match=r"this process may not open more files"):
            await endpoint.reply(request())
        assert server.bodies == []
        assert (await endpoint.reply(request())).text == "B"  # and it passes
