"""A web application on a port of this machine: opened, announced and closed."""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from evenhand.errors import EndpointError

__all__ = ["listening", "serve_until_stopped", "until_stopped"]

_GRACE_S = 5.0
"""How long answers that are on their way have when the server ends."""
_BACKLOG = 512


@asynccontextmanager
async def listening(
    app: web.Application, *, host: str = "127.0.0.1", port: int = 0, path: str = "/v1", grace_s: float = _GRACE_S
) -> AsyncIterator[str]:
    """Serve an application while the block runs; gives the base URL (`http://127.0.0.1:PORT/v1`).

    Args:
        app: The application.
        host: The name or address to listen on.
        port: The port; 0 takes a free one.
        path: What the base URL ends in.
        grace_s: How long answers that are on their way have at the end.

    Raises:
        EndpointError: The address cannot be opened.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace_s, handler_cancellation=True)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        except OSError as error:
            raise EndpointError(_not_opened(host, port, error)) from error
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{runner.addresses[0][1]}{path}"
    finally:
        await runner.cleanup()


async def until_stopped(
    app: web.Application, *, host: str, port: int, ready: Callable[[str], None], path: str = "/v1"
) -> None:
    """Serve an application until Ctrl-C or SIGTERM.

    Args:
        app: The application.
        host: The name or address to listen on.
        port: The port; 0 takes a free one.
        ready: Told the base URL once requests are taken.
        path: What the base URL ends in.

    Raises:
        EndpointError: The address cannot be opened.
    """
    stop = asyncio.Event()
    async with listening(app, host=host, port=port, path=path) as url:
        if sys.platform != "win32":
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        ready(url)
        with suppress(asyncio.CancelledError):
            await stop.wait()


def _not_opened(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"The port {port} is taken; name another with --port, or --port 0 for a free one."
    if error.errno == errno.EACCES:
        return f"The port {port} is not open to this user; name one above 1023 with --port, or --port 0 for a free one."
    return f"{host!r}, port {port}, cannot be opened ({error.strerror or error}); name another with --host and --port."


def serve_until_stopped(
    app: web.Application, *, host: str, port: int, ready: Callable[[str], None], path: str = "/v1"
) -> None:
    """`until_stopped` in an event loop of its own: that of uvloop, where there is one.

    Raises:
        EndpointError: The address cannot be opened.
    """
    factory = None
    if sys.platform != "win32":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(until_stopped(app, host=host, port=port, ready=ready, path=path))
