"""A real server with a real neural network behind it, for the tests that need the extras."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running_server import RunningServer

ROOT = Path(__file__).parents[2]
START_S = 180.0


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of scripts/make_tiny_llama.py."""
    pytest.importorskip("torch")
    directory = tmp_path_factory.mktemp("checkpoint") / "tiny-llama"
    script = ROOT / "scripts" / "make_tiny_llama.py"
    subprocess.run([sys.executable, str(script), str(directory)], check=True, capture_output=True, env=_environment())
    return directory


@pytest.fixture(scope="session")
def transformers_server(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`transformers serve` with the tiny checkpoint on a free port of this machine."""
    home = tmp_path_factory.mktemp("huggingface")
    (home / "hub").mkdir()  # without it the server answers 500 when it lists its models
    port = _free_port()
    command = [
        str(Path(sys.executable).with_name("transformers")),
        *("serve", tiny_llama.name, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"),
    ]
    log = (home / "server.log").open("wb")
    environment = _environment() | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(command, cwd=tiny_llama.parent, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _await_health(f"http://127.0.0.1:{port}/health", process, home / "server.log")
        yield RunningServer(f"http://127.0.0.1:{port}/v1", tiny_llama.name)
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_health(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended by itself:\n{log.read_text(encoding='utf-8')[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2.0) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"the server did not start within {START_S:.0f} s")
