"""On PYTHONPATH: a Python program that looks up or connects to anything but loopback is refused, and it is noted."""

import os
import socket
from pathlib import Path
from typing import Any

_LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "", None)
_connect, _connect_ex, _lookup = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def _check(address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else None
    host = host.decode() if isinstance(host, bytes) else host
    if host not in _LOOPBACK:
        with Path(os.environ["LOOPBACK_ONLY_NOTES"]).open("a", encoding="utf-8") as notes:
            notes.write(f"{host}\n")
        raise ConnectionRefusedError(f"{host!r} is not on loopback")


def _connected(self: socket.socket, address: Any) -> None:
    _check(address)
    _connect(self, address)


def _connected_ex(self: socket.socket, address: Any) -> int:
    _check(address)
    return _connect_ex(self, address)


def _looked_up(host: Any, *rest: Any, **named: Any) -> Any:
    _check((host,))
    return _lookup(host, *rest, **named)


socket.socket.connect = _connected  # type: ignore[method-assign,assignment]
socket.socket.connect_ex = _connected_ex  # type: ignore[method-assign,assignment]
socket.getaddrinfo = _looked_up
