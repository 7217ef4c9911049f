"""Connections to a server that speaks raw bytes: opened when needed, used again, and never mixed up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from yarl import URL

from evenhand.endpoints.openai.connection_pool import ConnectionPool

Say = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body])


class RawServer:
    """Answers every request by a function; remembers connections and requests."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.connections = 0
        self.requests: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or b"0")
                body = await reader.readexactly(length)
                self.requests.append(head + body)
                await self.say(body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended += 1
        finally:
            writer.close()


@asynccontextmanager
async def pool(say: Say, **headers: str) -> AsyncIterator[tuple[RawServer, ConnectionPool, URL]]:
    raw = RawServer(say)
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat?x=1")
    connections = ConnectionPool(url, headers=headers, tls=None)
    try:
        yield raw, connections, url
    finally:
        await connections.aclose()
        server.close()
        for writer in raw.writers:
            writer.close()
        await asyncio.sleep(0.02)


async def echo(body: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(b"<" + body + b">"))


async def test_what_is_sent_is_one_plain_request() -> None:
    async with pool(echo, Authorization="Bearer k") as (raw, connections, url):
        got = await connections.exchange(url, data=b"ab", limit_s=5)
        await connections.exchange(url, data=None, limit_s=5)
    assert got.status == 200 and got.body == b"<ab>"
    host = f"Host: 127.0.0.1:{url.port}\r\nAuthorization: Bearer k\r\n"
    assert raw.requests[0] == f"POST /v1/chat?x=1 HTTP/1.1\r\n{host}Content-Length: 2\r\n\r\nab".encode()
    assert raw.requests[1] == f"GET /v1/chat?x=1 HTTP/1.1\r\n{host}\r\n".encode()


async def test_a_connection_is_used_again_and_as_many_are_open_as_are_asked_at_a_time() -> None:
    async with pool(echo) as (raw, connections, url):
        for _ in range(5):
            await connections.exchange(url, data=b"a", limit_s=5)
        assert raw.connections == 1
        bodies = [str(number).encode() for number in range(40)]
        gate = asyncio.Semaphore(8)

        async def ask(body: bytes) -> bytes:
            async with gate:
                return (await connections.exchange(url, data=body, limit_s=5)).body

        assert await asyncio.gather(*map(ask, bodies)) == [b"<" + body + b">" for body in bodies]
        assert raw.connections <= 8


async def test_a_server_that_closes_after_every_answer_is_asked_over_new_connections() -> None:
    async def once(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(body, b"Connection: close"))
        writer.close()

    async with pool(once) as (raw, connections, url):
        for _ in range(3):
            assert (await connections.exchange(url, data=b"a", limit_s=5)).body == b"a"
        assert raw.connections == 3


@pytest.mark.parametrize("by", ["closing", "saying something"])
async def test_a_connection_that_the_server_spoils_meanwhile_is_not_used_again(by: str) -> None:
    async with pool(echo) as (raw, connections, url):
        await connections.exchange(url, data=b"a", limit_s=5)
        if by == "closing":
            raw.writers[0].close()
        else:
            raw.writers[0].write(answer(b"for somebody else"))
        await asyncio.sleep(0.05)
        assert (await connections.exchange(url, data=b"b", limit_s=5)).body == b"<b>"
        assert raw.connections == 2


async def test_an_answer_with_more_behind_it_is_read_and_what_is_behind_reaches_nobody() -> None:
    async def twice(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"<" + body + b">") + answer(b"smuggled"))

    async with pool(twice) as (raw, connections, url):
        for body in (b"a", b"b"):
            assert (await connections.exchange(url, data=body, limit_s=5)).body == b"<" + body + b">"
        assert raw.connections == 2


async def test_who_stops_waiting_closes_the_connection_so_that_nobody_gets_a_strangers_answer() -> None:
    late = asyncio.Event()

    async def slow(body: bytes, writer: asyncio.StreamWriter) -> None:
        if body == b"slow":
            await late.wait()
        await echo(body, writer)

    async with pool(slow) as (raw, connections, url):
        waiting = asyncio.create_task(connections.exchange(url, data=b"slow", limit_s=5))
        while not raw.requests:
            await asyncio.sleep(0.005)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        late.set()
        assert (await connections.exchange(url, data=b"b", limit_s=5)).body == b"<b>"
        assert raw.connections == 2


async def test_the_time_limit_holds_for_the_whole_exchange() -> None:
    async def drip(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"x" * 100)[:-100])
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.05)

    async with pool(drip) as (_, connections, url):
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError, match="within the time limit"):
            await connections.exchange(url, data=b"a", limit_s=0.2)
        assert asyncio.get_running_loop().time() - began < 2.0


async def test_a_connection_that_ends_in_mid_answer_is_an_error_of_the_connection() -> None:
    async def half(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"x" * 100)[:-50])
        writer.close()

    async with pool(half) as (_, connections, url):
        with pytest.raises(aiohttp.ClientError):
            await connections.exchange(url, data=b"a", limit_s=5)


async def test_everything_is_closed_at_the_end() -> None:
    async with pool(echo) as (raw, connections, url):
        await asyncio.gather(*(connections.exchange(url, data=b"a", limit_s=5) for _ in range(4)))
        opened = raw.connections
        await connections.aclose()
        for _ in range(100):
            if raw.ended == opened:
                break
            await asyncio.sleep(0.01)
        assert raw.ended == opened >= 1


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\0b"])
def test_a_header_cannot_hold_the_end_of_a_line(value: str) -> None:
    async def made() -> None:
        ConnectionPool(URL("http://127.0.0.1:1"), headers={"X-Own": value}, tls=None)

    with pytest.raises(ValueError, match="end of a line"):
        asyncio.run(made())


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://[::1]:80/v1", b"Host: [::1]\r\n"),
        ("https://[::1]:8443/v1", b"Host: [::1]:8443\r\n"),
        ("https://münchen.example/v1", b"Host: xn--mnchen-3ya.example\r\n"),
    ],
)
def test_the_host_is_named_as_the_protocol_wants(url: str, host: bytes) -> None:
    async def made() -> bytes:
        connections = ConnectionPool(URL(url), headers={}, tls=None)
        return connections._request(URL(url), None)

    assert host in asyncio.run(made())
