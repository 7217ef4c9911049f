"""The server behind the gateway: where it is, what it is sent, and what is said when it does not answer."""

from __future__ import annotations

import os
from collections.abc import Mapping

import aiohttp
from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from evenhand.endpoints.openai.providers import normalised_url
from evenhand.endpoints.openai.proxy import proxy_for
from evenhand.endpoints.openai.trust import trusted
from evenhand.endpoints.redact import remember
from evenhand.errors import EndpointError

__all__ = ["Upstream", "UpstreamSpec", "end_to_end", "read_upstream"]

_CONNECT_S = 15.0
_KEEP_S = 4.0
"""Idle connections are given up sooner than the usual servers do (5 s), so that none is used as it closes."""
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "host",
        "expect",
    }
)
"""Headers of one connection (RFC 9110, 7.6.1), and those that each side writes for itself."""
_OWN = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
"""Headers that the client library would add by itself."""


class UpstreamSpec(Struct, frozen=True, kw_only=True):
    """Where the upstream is, and with which key it is asked. The key leaves this value in requests only."""

    base_url: URL
    """Its base URL, as in `http://127.0.0.1:8000/v1`."""
    key: str | None = None
    """The key; None: the client's own headers are passed on."""
    patience_s: float = 600.0
    """How long it may say nothing."""

    def __repr__(self) -> str:
        return f"UpstreamSpec(base_url={str(self.base_url)!r})"


def read_upstream(
    url: str, *, key_env: str | None, patience_s: float, environment: Mapping[str, str] = os.environ
) -> UpstreamSpec:
    """The upstream that a user names.

    Args:
        url: Its base URL.
        key_env: The environment variable that holds its key; None: no key of the gateway's own.
        patience_s: How long it may say nothing.
        environment: Where variables are looked up.

    Raises:
        EndpointError: The URL cannot be read or holds a key, or the variable holds none.
    """
    base_url = normalised_url(url)
    if key_env is None:
        return UpstreamSpec(base_url=base_url, patience_s=patience_s)
    key = environment.get(key_env, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise EndpointError(
            f"The environment variable {key_env!r} of --api-key-env holds no key for {base_url.host}; set it first."
        )
    remember(key)
    return UpstreamSpec(base_url=base_url, key=key, patience_s=patience_s)


class Upstream:
    """Connections to the upstream. They read nothing from their surroundings but the proxy and the certificates.

    Args:
        spec: Where it is.

    Raises:
        EndpointError: The proxy or the file of certificates cannot be read.
    """

    def __init__(self, spec: UpstreamSpec) -> None:
        proxy = proxy_for(spec.base_url)
        secure = "https" in {spec.base_url.scheme, proxy.url.scheme if proxy is not None else ""}
        self._proxy = proxy.url if proxy is not None else None
        self._base = str(spec.base_url.with_query(None)).rstrip("/")
        self._query = spec.base_url.raw_query_string
        self._key = spec.key
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=spec.patience_s)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ttl_dns_cache=300, keepalive_timeout=_KEEP_S, ssl=trusted() if secure else True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=_OWN,
            timeout=self._timeout,
        )
        self._urls: dict[str, URL] = {}

    @property
    def host(self) -> str:
        """Its host and port, for messages."""
        return self.url("/").authority

    def url(self, target: str) -> URL:
        """The upstream's address of a path with its query; the path begins after the base URL."""
        known = self._urls.get(target)
        if known is None:
            path, mark, query = target.partition("?")
            both = "&".join(part for part in (self._query, query) if part)
            known = URL(f"{self._base}{path}" + (f"?{both}" if both or mark else ""), encoded=True)
            if len(self._urls) < 64:
                self._urls[target] = known
        return known

    async def send(
        self, method: str, target: str, *, headers: CIMultiDict[str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        """Send a request; the answer's body is not read yet. No redirect is followed.

        Raises:
            aiohttp.ClientError: The upstream cannot be reached, or speaks no HTTP.
            TimeoutError: It did not answer in time.
        """
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        return await self._session.request(
            method, self.url(target), data=body, headers=headers, allow_redirects=False, proxy=self._proxy
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()


def end_to_end(headers: CIMultiDictProxy[str], *, without: tuple[str, ...] = ()) -> CIMultiDict[str]:
    """The headers that are passed on: all but those of one connection.

    Args:
        headers: As they came.
        without: Further names that stay here, in small letters.
    """
    named = {name.strip().lower() for value in headers.getall("Connection", ()) for name in value.split(",")}
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if (lower := name.lower()) not in _HOP_BY_HOP and lower not in named and lower not in without
    )
