"""The connections to a chat server: what is sent with every request, and through what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import aiohttp
from msgspec import Struct
from multidict import CIMultiDict

from evenhand.endpoints.openai.http_body import ACCEPTED, LARGEST, read_body
from evenhand.endpoints.openai.proxy import Proxy
from evenhand.endpoints.openai.target import Target
from evenhand.endpoints.openai.trust import trusted

__all__ = ["ChatSession", "Received"]

_CONNECT_S = 15.0


class Received(Struct, frozen=True):
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ChatSession:
    """Connections that read nothing from their surroundings but what is said here: no netrc, no cookies.

    Args:
        target: The server, the key and the headers.
        proxy: The proxy in between; None: nothing.

    Raises:
        EndpointError: The file of certificates cannot be read.
    """

    def __init__(self, target: Target, proxy: Proxy | None) -> None:
        headers = CIMultiDict({"Content-Type": "application/json", "Accept": "application/json"})
        headers.update({"Accept-Encoding": ACCEPTED, "User-Agent": "evenhand"})
        headers.update(target.protocol)
        if target.key is not None:
            headers[target.key_header] = f"Bearer {target.key}" if target.key_header == "Authorization" else target.key
        for name, value in target.headers.items():
            headers[name] = value
        secure = "https" in {target.base_url.scheme, proxy.url.scheme if proxy is not None else ""}
        self._proxy = proxy.url if proxy is not None else None
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ttl_dns_cache=300, keepalive_timeout=30.0, ssl=trusted() if secure else True
            ),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def exchange(
        self,
        url: aiohttp.typedefs.StrOrURL,
        *,
        data: bytes | None,
        limit_s: float,
        method: Literal["GET", "POST", "DELETE"] | None = None,
        content_type: str = "application/json",
        largest: int = LARGEST,
    ) -> Received:
        """Send something, and read the whole answer. Follows no redirect.

        Args:
            url: Where.
            data: What is sent; None: nothing.
            limit_s: Seconds that it may take.
            method: None: POST where something is sent, else GET.
            content_type: What is sent.
            largest: Bytes of an answer that are read at most.

        Raises:
            aiohttp.ClientError: The exchange did not come about.
            OSError: Neither, or the time was up.
            TooLarge: The answer is larger than one may be.
            Unreadable: The answer is damaged or in a compression that was not asked for.
        """
        timeout = self._timeouts.get(limit_s)
        if timeout is None:
            timeout = self._timeouts[limit_s] = aiohttp.ClientTimeout(total=limit_s, sock_connect=_CONNECT_S)
        response = await self._session.request(
            method or ("GET" if data is None else "POST"),
            url,
            data=data,
            headers=None if content_type == "application/json" else {"Content-Type": content_type},
            timeout=timeout,
            allow_redirects=False,
            proxy=self._proxy,
        )
        whole = False
        try:
            body = await read_body(response, largest=largest)
            whole = True
        finally:
            if whole:
                response.release()
            else:
                response.close()
        return Received(response.status, response.headers, body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()
