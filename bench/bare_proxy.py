"""A proxy of aiohttp that passes chats on unread, as anyone would write it: `python -m bench.bare_proxy URL`."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import uvloop
from aiohttp import web
from yarl import URL


async def serve(upstream: str) -> None:
    """Serve until killed."""
    target = URL(f"{upstream}/chat/completions")
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def passed(request: web.Request) -> web.Response:
            headers = {"Content-Type": "application/json"}
            async with session.post(target, data=await request.read(), headers=headers) as answer:
                return web.Response(status=answer.status, body=await answer.read(), headers=headers)

        app = web.Application()
        app.router.add_post("/v1/chat/completions", passed)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
        print(f"Serving at http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
