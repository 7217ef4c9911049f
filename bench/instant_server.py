"""A server that answers chat calls at once, or after a stated latency, with as little work as possible.

Run in a process of its own, so that only the client's time is measured: `python -m bench.instant_server LATENCY_S`.
Prints its port.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

import uvloop

_BODY = json.dumps(
    {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 1764000000,
        "model": "instant",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "B", "refusal": None}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 180, "completion_tokens": 1, "total_tokens": 181},
    }
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class Instant(asyncio.Protocol):
    """Reads a request up to its stated length and sends the one answer."""

    latency_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        self._transport = cast(asyncio.Transport, transport)
        self._got = b""

    def data_received(self, data: bytes) -> None:
        """Answer as soon as a request is whole."""
        self._got += data
        head = self._got.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._got[:head].lower().find(b"content-length:")
        length = int(self._got[at + 15 : head].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._got) - head - 4 < length:
            return
        self._got = b""
        if self.latency_s:
            asyncio.get_running_loop().call_later(self.latency_s, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


async def serve() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Instant, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    Instant.latency_s = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    uvloop.run(serve())
