"""The event loop that runs use: uvloop where it exists; a loop that runs already (a notebook's) is left alone."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

if sys.platform != "win32":
    import uvloop

__all__ = ["new_event_loop", "run_to_end"]

_Result = TypeVar("_Result")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A fresh event loop."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def run_to_end(main: Callable[[], Coroutine[object, object, _Result]], *, interrupt: Callable[[], None]) -> _Result:
    """Run a coroutine to its end, in a thread of its own where this thread runs an event loop already (Jupyter).

    Args:
        main: Makes the coroutine.
        interrupt: Safe to call from another thread; asks the coroutine to end soon. Called on Ctrl-C while the
            coroutine runs in its own thread; its result is then waited for and given up.

    Raises:
        KeyboardInterrupt: Ctrl-C came while the coroutine ran in a thread of its own.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run(main)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="evenhand-run") as pool:
        future = pool.submit(_run, main)
        with _ctrl_c_raises():
            try:
                return future.result()
            except KeyboardInterrupt:
                interrupt()
                future.result()
                raise


@contextmanager
def _ctrl_c_raises() -> Iterator[None]:
    """Let Ctrl-C raise in this thread while it waits: `asyncio.run` would only cancel a task that cannot get a turn."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _run(main: Callable[[], Coroutine[object, object, _Result]]) -> _Result:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main())
