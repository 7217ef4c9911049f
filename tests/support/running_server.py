"""A server in a process of its own that the tests ask."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from msgspec import Struct

__all__ = ["RunningServer", "await_answer", "free_port"]

_START_S = 180.0


class RunningServer(Struct, frozen=True):
    """A server that answers."""

    base_url: str
    model: str
    """The model as the server knows it."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers with status 200.

    Raises:
        RuntimeError: It ended by itself, or did not start in time; with the end of its log.
    """
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2.0) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"the server did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
