"""A specimen behind the chat completions interface, on this machine only.

Any evaluation tool can so be pointed at a model whose bias is known.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from evenhand.endpoints.base import AskError
from evenhand.endpoints.specimen import SpecimenEndpoint
from evenhand.endpoints.specimen_batch import Answer, Asked
from evenhand.endpoints.specimen_wire import ChatBody, WireError, completion, messages_of, settings_of, stream_chunks
from evenhand.errors import EndpointError
from evenhand.records.message import Request

__all__ = ["make_app", "running", "serve"]

_ENDPOINT: web.AppKey[SpecimenEndpoint] = web.AppKey("endpoint", SpecimenEndpoint)
_LARGEST = 4 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def make_app(name: str) -> web.Application:
    """The web application of one specimen.

    Raises:
        EndpointError: There is no such specimen.
    """
    app = web.Application(client_max_size=_LARGEST)
    app[_ENDPOINT] = SpecimenEndpoint(name)
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/health", _health)
    app.router.add_post("/v1/chat/completions", _chat)
    app.on_cleanup.append(_close)
    return app


def serve(name: str, *, host: str = "127.0.0.1", port: int = 8123) -> None:
    """Serve a specimen until interrupted.

    Raises:
        EndpointError: There is no such specimen, or `host` is not this machine alone.
    """
    web.run_app(make_app(name), host=_own(host), port=port, print=None, access_log=None)


@asynccontextmanager
async def running(name: str, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve a specimen while the block runs; gives the base URL (`http://127.0.0.1:PORT/v1`). Port 0: any free one."""
    runner = web.AppRunner(make_app(name), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, _own(host), port)
        await site.start()
        yield f"http://{host}:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def _own(host: str) -> str:
    if host not in _LOOPBACK:
        raise EndpointError(f"A specimen is served on this machine only, not on {host!r}; use one of {_LOOPBACK}.")
    return host


async def _close(app: web.Application) -> None:
    await app[_ENDPOINT].aclose()


def _model(app: web.Application) -> str:
    return f"specimen/{app[_ENDPOINT].name}"


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _models(request: web.Request) -> web.Response:
    entry = {"id": _model(request.app), "object": "model", "created": 0, "owned_by": "evenhand"}
    return web.json_response({"object": "list", "data": [entry]})


async def _chat(request: web.Request) -> web.StreamResponse:
    try:
        body = msgspec.json.decode(await request.read(), type=ChatBody)
        asked = _asked(body, request.app)
        answer = await request.app[_ENDPOINT].answer(asked)
    except (msgspec.DecodeError, WireError, AskError) as error:
        return _refused(str(error), status=404 if isinstance(error, WireError) and error.missing else 400)
    if body.stream:
        return await _streamed(request, body, asked, answer)
    return web.json_response(completion(body, answer, model=_model(request.app), prompt=_size(asked)))


def _asked(body: ChatBody, app: web.Application) -> Asked:
    model = _model(app)
    if body.model.removeprefix("specimen/") != model.removeprefix("specimen/"):
        raise WireError(f"The model {body.model!r} does not exist; this server has {model!r}.", missing=True)
    settings = settings_of(body)
    request = Request(cell_key="", messages=messages_of(body), settings=settings, letters=(), seed=settings.seed or 0)
    return app[_ENDPOINT].asked(request)


def _size(asked: Asked) -> int:
    return len(asked.prefix) + len(asked.suffix)


async def _streamed(request: web.Request, body: ChatBody, asked: Asked, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for chunk in stream_chunks(body, answer, model=_model(request.app), prompt=_size(asked)):
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


def _refused(message: str, *, status: int) -> web.Response:
    error: dict[str, Any] = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    if status == 404:
        error["code"] = "model_not_found"
    return web.json_response({"error": error}, status=status)
