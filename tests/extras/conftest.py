"""A real server with a real neural network behind it, for the tests that need the extras."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running_server import RunningServer, await_answer, free_port

ROOT = Path(__file__).parents[2]


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
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("transformers")),
        *("serve", tiny_llama.name, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"),
    ]
    log = (home / "server.log").open("wb")
    environment = _environment() | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(command, cwd=tiny_llama.parent, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        await_answer(f"http://127.0.0.1:{port}/health", process, home / "server.log")
        yield RunningServer(f"http://127.0.0.1:{port}/v1", tiny_llama.name)
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
