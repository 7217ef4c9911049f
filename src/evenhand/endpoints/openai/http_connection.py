"""One connection to an HTTP server, asked one thing at a time."""

from __future__ import annotations

import asyncio
from typing import cast

import aiohttp

from evenhand.endpoints.openai.http_answer import AnswerReader, Received
from evenhand.endpoints.openai.http_body import TooLarge

__all__ = ["HttpConnection"]


class HttpConnection(asyncio.Protocol):
    """A connection that is asked one thing at a time. Made by `loop.create_connection`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Received] | None = None
        self._reader = AnswerReader()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._lost = False
        self.idle_since = 0.0
        """When the last answer was whole (event loop time)."""

    @property
    def usable(self) -> bool:
        """Whether a request may go out."""
        return not self._lost and self._waiter is None and self._transport is not None

    def ask(self, request: bytes, *, limit_s: float) -> asyncio.Future[Received]:
        """Send a request; the future is its answer, the body as it was sent.

        The future raises `aiohttp.ClientError` where the connection is lost or what comes is no HTTP, `TimeoutError`
        where the time is up, and `TooLarge`. Whoever stops waiting must `abort`: the answer would still come.

        Args:
            request: Head and body.
            limit_s: Seconds until the whole answer must be there.
        """
        assert self._transport is not None and self.usable
        self._reader = AnswerReader()
        self._waiter = waiter = self._loop.create_future()
        self._timer = self._loop.call_later(limit_s, self._late)
        self._transport.write(request)
        return waiter

    def close(self) -> asyncio.Future[None]:
        """Close the connection; the future is done when it is closed."""
        self._lost = True
        if self._transport is not None:
            self._transport.close()
        elif not self._gone.done():
            self._gone.set_result(None)
        return self._gone

    def abort(self) -> None:
        """Close the connection at once; what is under way is lost."""
        self._lost = True
        self._take_waiter()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to send on."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Read on. Bytes that nobody asked for close the connection."""
        if self._waiter is None:
            self.abort()
            return
        try:
            whole = self._reader.feed(data)
        except (TooLarge, aiohttp.ClientError) as error:
            self._fail(error)
            return
        if whole:
            self._done()

    def eof_received(self) -> bool:
        """The server closes: that ends a body that has no other end. The connection closes, too."""
        if self._waiter is not None and self._reader.closed():
            self._done()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """An answer that is not whole will not become so."""
        self._lost = True
        if self._waiter is not None and error is None and self._reader.closed():
            self._done()
        elif self._waiter is not None:
            self._fail(aiohttp.ClientOSError(*error.args) if error is not None else aiohttp.ServerDisconnectedError())
        if not self._gone.done():
            self._gone.set_result(None)

    def _done(self) -> None:
        """The answer is whole; bytes after it would be nobody's."""
        waiter = self._take_waiter()
        self.idle_since = self._loop.time()
        if not self._reader.reusable:
            self.close()
        if waiter is not None and not waiter.done():
            waiter.set_result(self._reader.answer())

    def _fail(self, error: Exception) -> None:
        waiter = self._take_waiter()
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def _late(self) -> None:
        self._fail(TimeoutError("no whole answer within the time limit"))

    def _take_waiter(self) -> asyncio.Future[Received] | None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            self._timer.cancel()
        return waiter
