"""The connections to one server without a proxy: opened when they are needed, kept, and used again."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping

import aiohappyeyeballs
import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from evenhand.endpoints.openai.http_answer import Received
from evenhand.endpoints.openai.http_connection import HttpConnection

__all__ = ["ConnectionPool"]

_CONNECT_S = 15.0
_KEEP_S = 30.0
"""How long a connection that nobody uses is kept; servers close theirs after a minute or so."""
_LOOKED_UP_S = 300.0
_EYEBALLS_S = 0.25
"""Head start of one address before the next is tried beside it (RFC 8305)."""
_CLOSING_S = 1.0


class ConnectionPool:
    """Connections to one server; as many as are asked at a time.

    Args:
        server: Scheme, host and port.
        headers: Sent with every request.
        tls: Whom to trust; None: no TLS.

    Raises:
        ValueError: A header holds the end of a line.
    """

    def __init__(self, server: URL, *, headers: Mapping[str, str], tls: ssl.SSLContext | None) -> None:
        self._host, self._port = server.raw_host or "", server.port or (443 if tls is not None else 80)
        self._tls = tls
        self._headers = _written({"Host": _named(server)} | dict(headers))
        self._heads: dict[tuple[str, str], bytes] = {}
        self._idle: list[HttpConnection] = []
        self._all: set[HttpConnection] = set()
        self._addresses: list[aiohappyeyeballs.AddrInfoType] = []
        self._known_until = 0.0
        self._looking = asyncio.Lock()

    async def exchange(self, url: URL, *, data: bytes | None, limit_s: float) -> Received:
        """Send something (GET where there is nothing to send), and read the whole answer, still compressed.

        Raises:
            aiohttp.ClientError: The exchange did not come about.
            OSError: Neither, or the time was up.
            TooLarge: The answer is larger than one may be.
        """
        request = self._request(url, data)
        connection = self._kept()
        if connection is None:
            clock = asyncio.get_running_loop().time
            began = clock()
            connection = await self._opened(min(_CONNECT_S, limit_s))
            limit_s = max(0.001, limit_s - (clock() - began))
        try:
            received = await connection.ask(request, limit_s=limit_s)
        except BaseException:
            connection.abort()
            self._all.discard(connection)
            raise
        if connection.usable:
            self._idle.append(connection)
        return received

    async def aclose(self) -> None:
        """Close the connections, and wait until they are closed."""
        closing = [connection.close() for connection in self._all]
        self._idle.clear()
        self._heads.clear()
        if closing:
            await asyncio.wait(closing, timeout=_CLOSING_S)
        for connection in self._all:
            connection.abort()
        self._all.clear()

    def _request(self, url: URL, data: bytes | None) -> bytes:
        method = "GET" if data is None else "POST"
        path = url.raw_path_qs
        head = self._heads.get((method, path))
        if head is None:
            head = self._heads[method, path] = f"{method} {path} HTTP/1.1\r\n".encode("ascii") + self._headers
        return head + b"\r\n" if data is None else b"%bContent-Length: %d\r\n\r\n%b" % (head, len(data), data)

    def _kept(self) -> HttpConnection | None:
        """A connection that may be used again, the one used last first; those kept too long are closed."""
        oldest = asyncio.get_running_loop().time() - _KEEP_S
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and connection.idle_since > oldest:
                return connection
            connection.close()
            self._all.discard(connection)
        return None

    async def _opened(self, limit_s: float) -> HttpConnection:
        """A new connection.

        Raises:
            aiohttp.ClientConnectorError: There is none to be had; its kind says whether a certificate is to blame.
            TimeoutError: It took too long.
        """
        loop = asyncio.get_running_loop()
        key = ConnectionKey(self._host, self._port, self._tls is not None, self._tls or True, None, None, None)
        try:
            async with asyncio.timeout(limit_s):
                end = await aiohappyeyeballs.start_connection(
                    await self._looked_up(), happy_eyeballs_delay=_EYEBALLS_S, interleave=1, loop=loop
                )
                try:
                    _, connection = await loop.create_connection(
                        HttpConnection,
                        sock=end,
                        ssl=self._tls,
                        server_hostname=self._host.rstrip(".") if self._tls is not None else None,
                    )
                except BaseException:
                    end.close()
                    raise
        except TimeoutError as error:
            raise aiohttp.ServerTimeoutError(f"no connection to {self._host}:{self._port} in time") from error
        except ssl.CertificateError as error:
            raise aiohttp.ClientConnectorCertificateError(key, error) from error
        except ssl.SSLError as error:
            raise aiohttp.ClientConnectorSSLError(key, error) from error
        except OSError as error:
            raise aiohttp.ClientConnectorError(key, error) from error
        self._all.add(connection)
        return connection

    async def _looked_up(self) -> list[aiohappyeyeballs.AddrInfoType]:
        """The addresses of the host, looked up once in five minutes, whoever asks."""
        loop = asyncio.get_running_loop()
        async with self._looking:
            if loop.time() >= self._known_until:
                self._addresses = list(await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM))
                self._known_until = loop.time() + _LOOKED_UP_S
        return self._addresses


def _named(server: URL) -> str:
    """The host as the header names it: IPv6 in brackets, and no port where it is the usual one."""
    host = server.raw_host or ""
    shown = f"[{host}]" if ":" in host else host
    return shown if server.is_default_port() else f"{shown}:{server.port}"


def _written(headers: Mapping[str, str]) -> bytes:
    """Header lines.

    Raises:
        ValueError: One holds the end of a line.
    """
    for name, value in headers.items():
        if any(sign in name + value for sign in "\r\n\0"):
            raise ValueError(f"the header {name!r} holds the end of a line")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("utf-8")
