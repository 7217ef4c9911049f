from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from evenhand.errors import EndpointError
from evenhand.serve.listen import listening


async def test_the_address_answers_while_the_block_runs() -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/v1/hello", hello)
    async with (
        listening(app, grace_s=0.1) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/hello") as answer,
    ):
        assert await answer.text() == "hello"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{url}/hello")


async def test_a_taken_port_and_a_foreign_address_are_sentences() -> None:
    async with listening(web.Application(), grace_s=0.1) as url:
        port = int(url.removesuffix("/v1").rpartition(":")[2])
        with pytest.raises(EndpointError, match=f"The port {port} is taken"):
            async with listening(web.Application(), port=port):
                raise AssertionError
    with pytest.raises(EndpointError, match="cannot be opened"):
        async with listening(web.Application(), host="203.0.113.7"):
            raise AssertionError
