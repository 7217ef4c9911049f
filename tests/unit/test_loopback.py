"""The guard of the test suite: what would leave this machine is refused and written down, whoever asks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.loopback import attempts, is_here

ELSEWHERE = "203.0.113.1"
"""An address for documentation (RFC 5737): nobody has it."""
WAYS = {
    "a connection": f"socket.create_connection(('{ELSEWHERE}', 9), timeout=1)",
    "a look-up": "socket.getaddrinfo('telemetry.invalid', 443)",
    "a datagram": f"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('{ELSEWHERE}', 9))",
    "urllib": "urllib.request.urlopen('http://telemetry.invalid/', timeout=1)",
    "asyncio": f"asyncio.run(asyncio.open_connection('{ELSEWHERE}', 9))",
    "uvloop": f"uvloop.run(asyncio.open_connection('{ELSEWHERE}', 9))",
    "uvloop by name": "uvloop.run(asyncio.open_connection('telemetry.invalid', 9))",
    "aiohttp on uvloop": "uvloop.run(fetched('http://telemetry.invalid/'))",
    "aiohttp by address": f"uvloop.run(fetched('http://{ELSEWHERE}/'))",
    "a thread": "threading.Thread(target=socket.getaddrinfo, args=('telemetry.invalid', 443)).start()",
}
PROGRAM = """
import asyncio, socket, threading, urllib.request
import aiohttp, uvloop

async def fetched(url):
    async with aiohttp.ClientSession() as session:
        await session.get(url)

threading.excepthook = lambda _: None
try:
    {way}
except Exception:
    pass  # as telemetry does
"""


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_process_that_passes_over_the_refusal_is_found_out(way: str, tmp_path: Path) -> None:
    record = tmp_path / "attempts"
    subprocess.run(
        [sys.executable, "-c", PROGRAM.format(way=way)],
        env=os.environ | {"EVENHAND_TEST_SOCKETS": str(record)},
        check=True,
        timeout=30,
    )
    tried = attempts(record)
    assert tried
    assert all(ELSEWHERE in one or "telemetry.invalid" in one for one in tried)


def test_what_stays_here_is_neither_refused_nor_written_down(tmp_path: Path) -> None:
    program = (
        "import asyncio, socket, uvloop\n"
        "async def main():\n"
        "    server = await asyncio.start_server(lambda reader, writer: writer.close(), '127.0.0.1', 0)\n"
        "    port = server.sockets[0].getsockname()[1]\n"
        "    for host in ('127.0.0.1', 'localhost'):\n"
        "        reader, writer = await asyncio.open_connection(host, port)\n"
        "        await reader.read()\n"
        "        writer.close()\n"
        "    server.close()\n"
        "asyncio.run(main())\nuvloop.run(main())\n"
    )
    record = tmp_path / "attempts"
    subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"EVENHAND_TEST_SOCKETS": str(record)},
        check=True,
        timeout=30,
    )
    assert attempts(record) == []


def test_this_process_is_guarded_too(request: pytest.FixtureRequest) -> None:
    record = Path(os.environ["EVENHAND_TEST_SOCKETS"])
    size = record.stat().st_size if record.exists() else 0
    with pytest.raises(OSError, match="tests stay on this machine"):  # the class of the guard that was there first
        socket.create_connection((ELSEWHERE, 9), timeout=1)
    assert ELSEWHERE in attempts(record, since=size)[0]
    os.truncate(record, size)  # what this test means to try is no fault of it


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        (b"localhost", True),
        (None, True),
        ("", True),
        ("0.0.0.0", True),
        ("::ffff:8.8.8.8", False),
        ("8.8.8.8", False),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com", False),
    ],
)
def test_which_hosts_are_here(host: object, here: bool) -> None:
    assert is_here(host) is here
