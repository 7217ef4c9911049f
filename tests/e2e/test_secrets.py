"""A key, a header and a proxy password are in nothing that a run writes, even where the server repeats them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
DESIGN = ("--bank", "situations", "--pairs", "1", "--profiles", "0", "--placebo", "0", "--none-repeats", "1")
CANARIES = {"TEAM": "canary-of-a-header-0123", "MY_KEY": "canary-of-the-key-0123"}


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent in its headers; every third time it is an error that says so."""

    count = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Echo.count += 1
        said = f"B. I was sent {self.headers['X-Team']} and {self.headers['Authorization']}"
        message = {"role": "assistant", "content": said, "reasoning": said}
        body: dict[str, Any] = {"model": said, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        if Echo.count % 3 == 0:
            body = {"error": {"message": f"{'x ' * 180}{said} {Echo.count}", "type": "invalid_request_error"}}
        data = json.dumps(body).encode()
        self.send_response(200 if Echo.count % 3 else 400)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def echoing() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_no_secret_of_a_run_is_in_anything_that_it_writes(tmp_path: Path) -> None:
    with echoing() as url:
        command = [*EVENHAND, "audit", "openai/tiny", "--base-url", url, *DESIGN, "--out", str(tmp_path), "--yes"]
        options = ["--header", "X-Team=TEAM", "--api-key-env", "MY_KEY", "--max-calls", "60"]
        ended = subprocess.run(
            [*command, *options], capture_output=True, text=True, check=False, env=os.environ | CANARIES
        )
    assert Echo.count >= 30, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "canary" not in ended.stdout + ended.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"plan.json", "trials.sqlite"} <= {path.name for path in files}
    assert [path.name for path in files if b"canary-of" in path.read_bytes()] == []
