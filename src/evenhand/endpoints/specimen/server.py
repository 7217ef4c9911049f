"""A specimen behind the chat completions interface, on this machine only.

Any evaluation tool can so be pointed at a model whose bias is known.
"""

from __future__ import annotations

import asyncio
import errno
import json
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from aiohttp import web
from msgspec import structs

from evenhand.endpoints.base import AskError
from evenhand.endpoints.specimen.batch import Answer, Asked
from evenhand.endpoints.specimen.endpoint import SpecimenEndpoint
from evenhand.endpoints.specimen.request import ChatBody, WireError, messages_of, read_chat_body, settings_of
from evenhand.endpoints.specimen.wire import completion, error_object, stopped, stream_chunks
from evenhand.errors import EndpointError
from evenhand.records.message import Request

__all__ = ["make_app", "running", "serve"]

_ENDPOINT: web.AppKey[SpecimenEndpoint] = web.AppKey("endpoint", SpecimenEndpoint)
_LARGEST = 4 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_GRACE_S = 0.1
"""How long answers that are on their way have when the server ends."""
_SEEDS = 2**63

Ready = Callable[[str, Sequence[str]], None]
"""Told the base URL and the names of the models once requests are taken."""
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(name: str) -> web.Application:
    """The web application of one specimen.

    Raises:
        EndpointError: There is no such specimen.
    """
    app = web.Application(client_max_size=_LARGEST, middlewares=[_in_form])
    app[_ENDPOINT] = SpecimenEndpoint(name)
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/v1/models/{id:.+}", _one_model)
    app.router.add_get("/health", _health)
    app.router.add_post("/v1/chat/completions", _chat)
    app.on_cleanup.append(_close)
    return app


def serve(name: str, *, host: str = "127.0.0.1", port: int = 8123, ready: Ready | None = None) -> None:
    """Serve a specimen until Ctrl-C or SIGTERM; threads that still compute an answer then are not waited for.

    Args:
        name: The specimen.
        host: A name of this machine.
        port: The port; 0 takes a free one.
        ready: Told the address.

    Raises:
        EndpointError: There is no such specimen, `host` is not this machine alone, or the port is taken.
    """
    asyncio.run(_until_stopped(name, host=host, port=port, ready=ready))


@asynccontextmanager
async def running(
    name: str, *, host: str = "127.0.0.1", port: int = 0, patience_s: float | None = None
) -> AsyncIterator[str]:
    """Serve a specimen while the block runs; gives the base URL (`http://127.0.0.1:PORT/v1`).

    Args:
        name: The specimen.
        host: A name of this machine.
        port: The port; 0 takes a free one.
        patience_s: How long to wait at the end for what is being computed; None: until it is done.

    Raises:
        EndpointError: There is no such specimen, `host` is not this machine alone, or the port is taken.
    """
    own = _own(host)
    runner = web.AppRunner(make_app(name), access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, own, port).start()
        except OSError as error:
            raise EndpointError(_no_port(port, error)) from error
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{runner.addresses[0][1]}/v1"
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(runner.cleanup(), patience_s)


async def _until_stopped(name: str, *, host: str, port: int, ready: Ready | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with running(name, host=host, port=port, patience_s=2 * _GRACE_S) as url:
        if sys.platform != "win32":
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
        if ready is not None:
            bare = name.removeprefix("specimen/")
            ready(url, (f"specimen/{bare}", bare))
        await stop.wait()


def _own(host: str) -> str:
    if host not in _LOOPBACK:
        raise EndpointError(f"A specimen is served on this machine only, not on {host!r}; use one of {_LOOPBACK}.")
    return host


def _no_port(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"The port {port} is taken; name another with --port, or --port 0 for a free one."
    if error.errno == errno.EACCES:
        return f"The port {port} is not open to this user; name one above 1023 with --port, or --port 0 for a free one."
    return f"The port {port} cannot be opened ({error.strerror or error}); name another with --port."


async def _close(app: web.Application) -> None:
    await app[_ENDPOINT].aclose()


def _model(app: web.Application) -> str:
    return f"specimen/{app[_ENDPOINT].name}"


def _entry(app: web.Application) -> dict[str, object]:
    return {"id": _model(app), "object": "model", "created": 0, "owned_by": "evenhand"}


@web.middleware
async def _in_form(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Every refusal in OpenAI's form, those of the web framework included."""
    try:
        return await handler(request)
    except WireError as error:
        refused = error
    except AskError as error:
        refused = WireError(str(error), param="messages", code="context_length_exceeded")
    except web.HTTPRequestEntityTooLarge:
        refused = WireError(f"The body is larger than {_LARGEST // 1024**2} MB.", status=413)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        refused = WireError(f"{request.method} is not allowed for {request.path!r}; use {allowed}.", status=405)
    except web.HTTPNotFound:
        refused = WireError(
            f"There is nothing at {request.path!r}; this server has /v1/chat/completions and /v1/models.", status=404
        )
    return web.json_response(error_object(refused), status=refused.status)


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _models(request: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [_entry(request.app)]})


async def _one_model(request: web.Request) -> web.Response:
    _check_model(request.match_info["id"], request.app)
    return web.json_response(_entry(request.app))


async def _chat(request: web.Request) -> web.StreamResponse:
    body = read_chat_body(await request.read())
    endpoint = request.app[_ENDPOINT]
    asked = _asked(body, request.app)
    found = await asyncio.gather(*(endpoint.answer(one) for one in asked))
    answers = [stopped(answer, body.stops) for answer in found]
    size = len(asked[0].prefix) + len(asked[0].suffix)
    if body.stream:
        return await _streamed(request, body, answers, size)
    return web.json_response(completion(body, answers, model=_model(request.app), prompt=size))


def _asked(body: ChatBody, app: web.Application) -> list[Asked]:
    """One request for every answer, each with a seed of its own; without a seed in the body, a fresh one."""
    _check_model(body.model, app)
    seed = secrets.randbelow(_SEEDS) if body.seed is None else body.seed % 2**64
    request = Request(cell_key="", messages=messages_of(body), settings=settings_of(body), letters=(), seed=seed)
    first = app[_ENDPOINT].asked(request)
    return [structs.replace(first, seed=seed + number) for number in range(body.answers)]


def _check_model(name: str, app: web.Application) -> None:
    model = _model(app)
    if name.removeprefix("specimen/") != model.removeprefix("specimen/"):
        raise WireError(
            f"The model {name!r} does not exist; this server has {model!r}.",
            param="model",
            code="model_not_found",
            status=404,
        )


async def _streamed(request: web.Request, body: ChatBody, answers: Sequence[Answer], size: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for chunk in stream_chunks(body, answers, model=_model(request.app), prompt=size):
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response
