"""A loopback server that speaks the OpenAI chat protocol, well or badly, as it is told."""

from __future__ import annotations

import asyncio
import json
import ssl
import zlib
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

Play = Callable[["FaultServer", web.Request], Awaitable[web.StreamResponse]]


class FaultServer:
    """Plays one behaviour a request, in the order given, and then goes on with the last.

    Use as an asynchronous context manager; the address is `url`.
    """

    def __init__(self, *plays: Play, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.plays = deque(plays)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.models = ["tiny-1", "tiny-2"]
        self.models_moved_to: str | None = None
        self.url = ""
        self._release = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._list)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        host, self.port = self._runner.addresses[0][:2]
        self.url = f"{'http' if self._tls is None else 'https'}://{host}:{self.port}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release.set()
        await self._runner.cleanup()

    async def until_closed(self) -> None:
        """Wait as long as the server lives."""
        await self._release.wait()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.times.append(asyncio.get_running_loop().time())
        self.headers.append(dict(request.headers))
        self.bodies.append(json.loads(await request.read()))
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        try:
            play = self.plays.popleft() if len(self.plays) > 1 else self.plays[0]
            return await play(self, request)
        finally:
            self.in_flight -= 1

    async def _list(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        if self.models_moved_to is not None:
            raise web.HTTPTemporaryRedirect(self.models_moved_to)
        return web.json_response({"object": "list", "data": [{"id": name} for name in self.models]})


def completion(content: Any = "B", **changes: Any) -> dict[str, Any]:
    """A well-formed answer; `message`, `choice` and `top` hold what to change where."""
    message = {"role": "assistant", "content": content} | changes.get("message", {})
    choice = {"index": 0, "message": message, "finish_reason": "stop"} | changes.get("choice", {})
    usage = {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}
    whole: dict[str, Any] = {
        "id": "x",
        "object": "chat.completion",
        "model": "tiny-1",
        "choices": [choice],
        "usage": usage,
    }
    whole.update(changes.get("top", {}))
    return whole


def answers(content: Any = "B", **changes: Any) -> Play:
    """Answers as it should."""

    async def play(_: FaultServer, __: web.Request) -> web.StreamResponse:
        return web.json_response(completion(content, **changes))

    return play


def says(status: int, body: Any = "", *, headers: dict[str, str] | None = None) -> Play:
    """Answers with a status and a JSON or text body."""

    async def play(_: FaultServer, __: web.Request) -> web.StreamResponse:
        if isinstance(body, str):
            return web.Response(status=status, text=body, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    return play


def busy(seconds: str | None = None) -> Play:
    """429, with `Retry-After` in seconds or without."""
    headers = None if seconds is None else {"Retry-After": seconds}
    return says(429, {"error": {"message": "Rate limit reached", "type": "tokens"}}, headers=headers)


def busy_until_date(seconds: float) -> Play:
    """429 with `Retry-After` as an HTTP date so many seconds ahead."""

    async def play(_: FaultServer, __: web.Request) -> web.StreamResponse:
        when = format_datetime(datetime.now(tz=UTC) + timedelta(seconds=seconds), usegmt=True)
        return web.json_response({"error": "busy"}, status=429, headers={"Retry-After": when})

    return play


async def resets(server: FaultServer, request: web.Request) -> web.StreamResponse:
    """Begins an answer and resets the connection in the middle of it."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "400"})
    await response.prepare(request)
    await response.write(b'{"id": "x", "choices": [{"mess')
    assert request.transport is not None
    request.transport.abort()
    return response


async def hangs(server: FaultServer, request: web.Request) -> web.StreamResponse:
    """Takes the request and never answers."""
    await server.until_closed()
    return web.Response(status=503)


async def drips(server: FaultServer, request: web.Request) -> web.StreamResponse:
    """Answers a byte at a time, so slowly that it never ends."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "4000"})
    await response.prepare(request)
    for _ in range(200):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


def cut_off(content: str = "B") -> Play:
    """A whole HTTP answer whose JSON stops in the middle."""

    async def play(_: FaultServer, __: web.Request) -> web.StreamResponse:
        text = json.dumps(completion(content))
        return web.Response(text=text[: len(text) // 2], content_type="application/json")

    return play


async def web_page(server: FaultServer, request: web.Request) -> web.StreamResponse:
    """An HTML error page with status 200, as gateways send."""
    return web.Response(text="<!DOCTYPE html><html><body>Bad gateway</body></html>", content_type="text/html")


async def wrong_type(server: FaultServer, request: web.Request) -> web.StreamResponse:
    """A good answer that claims to be plain text."""
    return web.Response(text=json.dumps(completion()), content_type="text/plain")


def letter_tokens(*tokens: tuple[str, dict[str, float]]) -> dict[str, Any]:
    """The `logprobs` of a choice: tokens with their candidates."""
    return {
        "content": [
            {
                "token": token,
                "logprob": chances.get(token, -1.0),
                "bytes": list(token.encode()),
                "top_logprobs": [{"token": other, "logprob": value} for other, value in chances.items()],
            }
            for token, chances in tokens
        ]
    }


def raw(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Play:
    """Answers with these bytes, chunk by chunk and compressed by nobody but the caller."""

    async def play(_: FaultServer, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"} | (headers or {}))
        response.enable_chunked_encoding()
        await response.prepare(request)
        for start in range(0, len(body), 65536):
            await response.write(body[start : start + 65536])
        await response.write_eof()
        return response

    return play


def packed(body: bytes, *, wbits: int) -> bytes:
    """A body compressed by zlib: 31 for gzip, 15 for deflate with its header, -15 without."""
    packer = zlib.compressobj(9, wbits=wbits)
    return packer.compress(body) + packer.flush()


def bomb(megabytes: int, *, wbits: int) -> bytes:
    """A small body that decompresses to so many megabytes of a JSON text that never ends."""
    packer = zlib.compressobj(9, wbits=wbits)
    blank = b" " * 1024**2
    return b"".join([packer.compress(b'{"choices": ['), *(packer.compress(blank) for _ in range(megabytes))]) + (
        packer.flush()
    )


def echoes(name: str, *, status: int = 400, before: str = "") -> Play:
    """Answers with an error that repeats a header of the request, as careless gateways do."""

    async def play(_: FaultServer, request: web.Request) -> web.StreamResponse:
        text = f"{before}bad header {request.headers[name]} sent"
        return web.json_response({"error": {"message": text}}, status=status)

    return play
