"""The connections to a chat server: what is sent with every request, and through what."""

from __future__ import annotations

from typing import Literal

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from evenhand.endpoints.openai.connection_pool import ConnectionPool
from evenhand.endpoints.openai.http_answer import Received
from evenhand.endpoints.openai.http_body import ACCEPTED, LARGEST, decoded, read_body
from evenhand.endpoints.openai.proxy import Proxy
from evenhand.endpoints.openai.target import Target
from evenhand.endpoints.openai.trust import trusted

__all__ = ["ChatSession", "Received"]

_CONNECT_S = 15.0


class ChatSession:
    """Connections that read nothing from their surroundings but what is said here: no netrc, no cookies.

    A server is asked over connections of our own (`connection_pool`), which cost far less than those of aiohttp; where
    a proxy is in between, the address holds a user, or files are sent, aiohttp does it.

    Args:
        target: The server, the key and the headers.
        proxy: The proxy in between; None: nothing.
        files: Whether more is sent and read than chats: files of any size, deletions.

    Raises:
        EndpointError: The file of certificates cannot be read.
    """

    def __init__(self, target: Target, proxy: Proxy | None, *, files: bool = False) -> None:
        headers = CIMultiDict({"Content-Type": "application/json", "Accept": "application/json"})
        headers.update({"Accept-Encoding": ACCEPTED, "User-Agent": "evenhand"})
        headers.update(target.protocol)
        if target.key is not None:
            headers[target.key_header] = f"Bearer {target.key}" if target.key_header == "Authorization" else target.key
        for name, value in target.headers.items():
            headers[name] = value
        if proxy is None and target.base_url.user is None and not files:
            tls = trusted() if target.base_url.scheme == "https" else None
            self._pool: ConnectionPool | None = ConnectionPool(target.base_url, headers=headers, tls=tls)
            return
        self._pool = None
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
        url: URL,
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
        if self._pool is not None:
            assert method is None and largest == LARGEST, "a session that is not for files"
            got = await self._pool.exchange(url, data=data, limit_s=limit_s)
            coding = got.headers.get("Content-Encoding", "")
            return Received(got.status, got.headers, decoded(got.body, coding=coding)) if coding else got
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
        if self._pool is not None:
            await self._pool.aclose()
            return
        await self._session.close()
