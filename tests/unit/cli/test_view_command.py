"""`evenhand view` as a process: what it prints, how it ends, and what it refuses to begin with."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.viewed_run import viewed_run

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")


@contextmanager
def view(*arguments: str, cache: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """(process, address)."""
    process = subprocess.Popen(
        [*EVENHAND, "view", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "EVENHAND_CACHE": str(cache)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        found = re.fullmatch(r"Serving at (http://127\.0\.0\.1:\d+)/\n", process.stdout.readline())
        assert found is not None
        yield process, found[1]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def page_at(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_folder_and_ends_quietly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    viewed_run(tmp_path / "runs" / "a")
    with view(str(tmp_path / "runs"), "--port", "0", cache=tmp_path / "cache") as (process, url):
        assert "simulated/null" in page_at(f"{url}/run/a")
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    with view(str(tmp_path), "--port", "0", "--no-browser", cache=tmp_path / "cache") as (_, url):
        port = int(url.rpartition(":")[2])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))
            except OSError:
                pytest.skip("this machine has no address but loopback")
            own = probe.getsockname()[0]
        with socket.socket() as outside:
            outside.settimeout(5)
            assert outside.connect_ex((own, port)) != 0


def test_one_run_directory_is_shown_by_itself(tmp_path: Path) -> None:
    viewed_run(tmp_path / "runs" / "a")
    with view(str(tmp_path / "runs" / "a"), "--port", "0", cache=tmp_path / "cache") as (_, url):
        assert '<a href="/run/a">a</a>' in page_at(url)


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EVENHAND, "view", *arguments], capture_output=True, text=True, timeout=60)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = ended(str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
    assert "make a run with `evenhand audit`" in done.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = ended(str(tmp_path), "--port", str(taken.getsockname()[1]))
    assert done.returncode == 5
    assert "is taken; name another with --port, or --port 0 for a free one." in done.stderr
