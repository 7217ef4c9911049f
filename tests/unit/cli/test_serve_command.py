"""`evenhand serve` as a process: what it prints, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """(process, base URL, line about models)."""
    process = subprocess.Popen([*EVENHAND, "serve", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address, models = process.stdout.readline(), process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/v1$", address.strip())
        assert found is not None, address
        yield process, found[0], models.strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_address_and_the_models_are_printed_and_a_free_port_is_usable() -> None:
    with serving("specimen/level", "--port", "0") as (_, url, models):
        assert models == "Models: specimen/level, level"
        with urllib.request.urlopen(f"{url}/models", timeout=10) as answer:
            assert json.load(answer)["data"][0]["id"] == "specimen/level"


def test_a_taken_port_is_a_sentence() -> None:
    with serving("specimen/level", "--port", "0") as (_, url, _models):
        port = re.findall(r":(\d+)/", url)[0]
        ended = subprocess.run(
            [*EVENHAND, "serve", "specimen/level", "--port", port], capture_output=True, text=True, check=False
        )
    assert ended.returncode == 5
    assert (
        ended.stderr == f"evenhand: The port {port} is taken; name another with --port, or --port 0 for a free one.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_with_requests_under_way(number: signal.Signals) -> None:
    body = {"model": "level", "messages": [{"role": "user", "content": "ferry " * 900}], "n": 16, "temperature": 1}
    data = json.dumps(body).encode()
    with serving("specimen/level", "--port", "0") as (process, url, _):

        def ask() -> None:
            request = urllib.request.Request(f"{url}/chat/completions", data=data)
            with pytest.raises(OSError), urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
                raise OSError("it was quicker than the signal")

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert time.monotonic() - began < 5.0
        for thread in threads:
            thread.join()
