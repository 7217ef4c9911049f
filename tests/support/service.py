"""A service with its own memory, on loopback: users, memories, chat. It can be told to misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.products import answer

__all__ = ["SERVICE_FILE", "Service", "service", "service_file"]

SERVICE_FILE = """
wait_s = 0.0

[headers]
Authorization = "Bearer $SERVICE_KEY"

[remember]
url = "{url}/users/{{user}}/memories"
body = {{ facts = "{{facts}}" }}

[tell]
url = "{url}/users/{{user}}/memories"
for_each = "turn"
body = {{ facts = ["{{role}}: {{content}}"] }}

[reply]
url = "{url}/chat"
body = {{ user = "{{user}}", messages = "{{messages}}", note = "asked by {{user}}" }}
text = "$.choices[0].text"
memories = "$.used[*].text"
output_tokens = "$.tokens"

[recall]
method = "GET"
url = "{url}/users/{{user}}/memories?query={{query}}"
texts = "$.memories[*].text"

[list]
method = "GET"
url = "{url}/users/{{user}}/memories"
texts = "$.memories[*].text"

[forget]
method = "DELETE"
url = "{url}/users/{{user}}"
"""


class Service:
    """What the service holds and was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.memory: dict[str, list[str]] = {}
        self.asked: list[tuple[str, str, Any, str | None]] = []
        """Method, path with query, body and the header Authorization of every request."""
        self.faults: list[tuple[int, bytes]] = []
        """Answers that are given first, status and body."""
        self.leaks = False
        self.lock = threading.Lock()

    def answered(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        place = urlsplit(path)
        parts = [unquote(part) for part in place.path.strip("/").split("/")]
        if parts == ["chat"]:
            held = self._held(body["user"])
            text = answer(body["messages"][-1]["content"], held)
            used = [{"text": text} for text in held[:2]]
            return 200, {"choices": [{"text": text}], "used": used, "tokens": len(text)}
        user = parts[1]
        if method == "DELETE":
            return (204, None) if self.memory.pop(user, None) is not None else (404, {"error": "no such user"})
        if method == "POST":
            self.memory.setdefault(user, []).extend(body["facts"])
            return 201, {"stored": len(body["facts"])}
        held = self._held(user)
        query = parse_qs(place.query).get("query")
        return 200, {"memories": [{"text": text} for text in (held if query is None else held[:1])]}

    def _held(self, user: str) -> list[str]:
        return [text for texts in self.memory.values() for text in texts] if self.leaks else self.memory.get(user, [])


@contextmanager
def service() -> Iterator[Service]:
    """Serve until the block ends."""
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            with state.lock:
                state.asked.append((self.command, self.path, body, self.headers.get("Authorization")))
                if state.faults:
                    status, data = state.faults.pop(0)
                else:
                    status, found = state.answered(self.command, self.path, body)
                    data = b"" if found is None else json.dumps(found).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "https://elsewhere.example/")
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if status != 204:
                self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _handle

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def service_file(folder: Path, url: str) -> Path:
    """The file that describes the service."""
    path = folder / "service.toml"
    path.write_text(SERVICE_FILE.format(url=url), encoding="utf-8")
    return path
