"""A server in a process of its own that the tests ask."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

__all__ = ["RunningServer", "await_answer", "free_port", "llama_cpp_server"]

_START_S = 180.0
_ROOT = Path(__file__).parents[2]


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


@contextmanager
def llama_cpp_server(directory: Path, *options: str) -> Iterator[RunningServer]:
    """llama.cpp's server on a free port of this machine, by scripts/serve_small_model.py.

    Args:
        directory: Where its log goes.
        options: Options of the script; without any it serves the small model.
    """
    port, log = free_port(), directory / "server.log"
    command = [sys.executable, "-m", "scripts.serve_small_model", "--port", str(port), *options]
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=_ROOT, stdout=written, stderr=subprocess.STDOUT)
        try:
            await_answer(f"http://127.0.0.1:{port}/health", process, log)
            yield RunningServer(f"http://127.0.0.1:{port}/v1", "smollm2")
        finally:
            process.terminate()
            process.wait(timeout=30)
