"""The event loop that runs use: uvloop where it exists, the standard one elsewhere."""

from __future__ import annotations

import asyncio
import sys

if sys.platform != "win32":
    import uvloop

__all__ = ["new_event_loop"]


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A fresh event loop."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
