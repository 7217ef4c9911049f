"""A loopback HTTP proxy: it carries everything to one address, whatever host is asked for."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class ProxyServer:
    """Carries `CONNECT` tunnels and plain requests to a port of this machine, and remembers what it was asked.

    Args:
        port: Where everything is carried to.
        status: Another status than 200 refuses every tunnel.
    """

    def __init__(self, port: int, *, status: int = 200) -> None:
        self.heads: list[str] = []
        self.url = ""
        self.port = 0
        self._target = port
        self._status = status

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode())
        if self._status != 200:
            writer.write(f"HTTP/1.1 {self._status} No\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            return
        there_in, there_out = await asyncio.open_connection("127.0.0.1", self._target)
        if head.startswith(b"CONNECT"):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            method, url, rest = head.split(b" ", 2)
            there_out.write(method + b" /" + url.split(b"/", 3)[3] + b" " + rest)
        await asyncio.gather(_pipe(reader, there_out), _pipe(there_in, writer), return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
