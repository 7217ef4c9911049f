"""Keeps tests on this machine: a socket that would leave it is refused, written down, and fails the test.

An audit hook sees what the `socket` module is asked, whoever asks: connections, datagrams and look-ups of names.
uvloop opens some connections below that module, so that its doors are watched too. Refusing alone would not do, since
telemetry swallows its errors; so every attempt is a line in a file, which the fixture in `tests/conftest.py` reads
after each test. Processes that a test starts are guarded by `loopback_only/sitecustomize.py` and write to the same
file. Libraries that open sockets in compiled code of their own are not seen, nor is a browser: it is told by its flags
to resolve no name (`tests/support/browser.py`).

Only the standard library is imported here: every Python process of a test loads this file.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import importlib.util
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["OffMachineError", "attempts", "guard", "is_here"]

_CLOUDS = frozenset({"169.254.169.254", "metadata.google.internal"})
"""Where Ray asks, whatever its settings, which cloud it is in. Refused like all else, and no fault of a test: the
address is that of the machine's own link, and nothing of the user is in the question."""
_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "")
_own = threading.local()


class OffMachineError(OSError):
    """A socket of a test would have left this machine."""


def is_here(host: object) -> bool:
    """Whether a host is this machine: a loopback address, no address at all, or a name or address of its own."""
    import ipaddress

    if host is None:
        return True
    text = (bytes(host).decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)).lower()
    try:
        address = ipaddress.ip_address(text.partition("%")[0].strip("[]"))
    except ValueError:
        return text.rstrip(".") in _NAMES or text.endswith(".localhost") or text == socket.gethostname().lower()
    return address.is_loopback or address.is_unspecified or str(address) == _own_address()


@functools.cache
def _own_address() -> str | None:
    """The address from which this machine would send; None where it has none. Nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def guard(record: Path) -> None:
    """Refuse sockets that leave this machine from now on in this process, and write each to `record`.

    A process that is guarded already, as one that a test runner has started, writes to the new record from now on.
    """
    guarded = hasattr(sys, "_evenhand_sockets")
    sys._evenhand_sockets = record  # type: ignore[attr-defined]
    if guarded:  # an audit hook cannot be taken out again
        return

    def refuse(what: str, *, fault: bool = True) -> None:
        import traceback

        where = [
            f"{one.filename}:{one.lineno}" for one in traceback.extract_stack()[:-2] if "importlib" not in one.filename
        ]
        line = f"{os.getpid()}\t{what}\t{' < '.join(reversed(where[-6:]))}\n"
        if fault:
            to: Path = sys._evenhand_sockets  # type: ignore[attr-defined]
            with to.open("a", encoding="utf-8") as file:
                file.write(line)
        raise OffMachineError(f"tests stay on this machine, and this would leave it: {what}")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not event.startswith("socket.") or getattr(_own, "looking", False):
            return
        _own.looking = True
        try:
            found = _leaves(event, arguments)
        finally:
            _own.looking = False
        if found is not None:
            refuse(found, fault=not any(cloud in found for cloud in _CLOUDS))

    sys.addaudithook(hook)
    sys.meta_path.insert(0, _Uvloop(refuse))


def attempts(record: Path, *, since: int = 0) -> list[str]:
    """What was tried, a line each, from a place in the file on."""
    with contextlib.suppress(FileNotFoundError):
        return record.read_bytes()[since:].decode("utf-8").splitlines()
    return []


def _leaves(event: str, arguments: Sequence[Any]) -> str | None:
    """What a call of the socket module would send elsewhere; None where it stays."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        return None if is_here(arguments[0]) else f"look-up of {arguments[0]!r}"
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        return None
    end, address = arguments[0], arguments[1]
    if end.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return None
    if event == "socket.connect" and end.type == socket.SOCK_DGRAM:
        return None  # sends nothing: how a program asks for its own address
    return None if is_here(address[0]) else f"{event.removeprefix('socket.')} to {address[0]!r}, port {address[1]}"


class _Uvloop(importlib.abc.MetaPathFinder):
    """Watches the doors of uvloop's loop when it is imported."""

    def __init__(self, refuse: Callable[[str], None]) -> None:
        self._refuse = refuse
        self._busy = False

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> Any:
        """Import uvloop by the other finders, and watch what they find."""
        if name != "uvloop" or self._busy:
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy = False
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def watched(module: ModuleType) -> None:
            load(module)
            _watch(module.Loop, self._refuse)

        spec.loader.exec_module = watched  # type: ignore[method-assign]
        return spec


def _watch(loop: Any, refuse: Callable[[str], None]) -> None:
    connect, look_up = loop.create_connection, loop.getaddrinfo

    def create_connection(self: Any, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        if not is_here(host):
            refuse(f"connection of uvloop to {host!r}, port {port}")
        return connect(self, factory, host, port, **options)

    def getaddrinfo(self: Any, host: Any, port: Any, **options: Any) -> Any:
        if not is_here(host):
            refuse(f"look-up of uvloop of {host!r}")
        return look_up(self, host, port, **options)

    loop.create_connection, loop.getaddrinfo = create_connection, getaddrinfo
